package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/crossorg/crossorg/internal/bridge"
	"github.com/crossorg/crossorg/internal/statebackend"
)

// openBackend serves the home's stacks to the engine. What a killed run had recorded is in their states then. The
// caller holds the home's lock, so no other run of ours is under way; the engine of a dead one may still be.
func (s *Session) openBackend(ctx context.Context) error {
	if err := s.home.awaitEngine(ctx, s.options.Progress); err != nil {
		return err
	}
	server, interrupted, err := statebackend.Open(s.home.StateDir())
	var damage *statebackend.DamageError
	if errors.As(err, &damage) {
		return fmt.Errorf("%w: put back a copy of %s that is whole, or begin anew with: crossorg local reset", err,
			s.home.Dir)
	}
	if err != nil {
		return err
	}
	for _, u := range interrupted {
		fmt.Fprintf(s.options.Progress, "an earlier run died in the %s of stack %s: what it recorded is in the state\n",
			u.Kind, u.Stack)
	}
	s.backend = server
	s.closers = append(s.closers, server.Close)
	return nil
}

// resume takes up the pending operations of a dead engine. Whether those took effect is unknown. So the state keeps or
// gets each of their resources with its id and an initialization error, and the next run writes the resource again.
func (s *Session) resume() error {
	path := s.home.checkpoint(s.project.Name, s.options.Stack)
	// Decoding a big state takes long, and few have pending operations.
	raw, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(raw, []byte(`"pending_operations"`)) {
		return err
	}
	var names, left []string
	err = s.backend.Edit(s.project.Name, s.options.Stack, func(deployment map[string]any) (bool, error) {
		c := &checkpoint{latest: deployment}
		names, left = c.resume(s.azure.DefaultCredentials().SubscriptionID)
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("read the state %s: %w", path, err)
	}
	if len(names) > 0 {
		fmt.Fprintf(s.options.Progress, "an earlier run was interrupted; this one takes up %s\n",
			strings.Join(names, ", "))
	}
	for _, urn := range left {
		fmt.Fprintf(s.options.Progress, "warning: an earlier run was interrupted while it made %s, and nobody here "+
			"can tell what that is on Azure: "+
			"see to it with: crossorg local pulumi -- refresh\n", resourceName(urn))
	}
	return nil
}

// checkpoint is the file with a stack's state.
func (h *Home) checkpoint(project, stack string) string {
	return statebackend.Checkpoint(h.StateDir(), project, stack)
}

// checkpoint is a state. Only the parts that resume changes are looked at.
type checkpoint struct {
	latest map[string]any
}

// resume turns pending operations into resources with initialization errors. It returns their names, and the URNs of
// creations that stay pending because their ids are unknown.
func (c *checkpoint) resume(subscription string) (names, left []string) {
	pending, _ := c.latest["pending_operations"].([]any)
	var kept []any
	for _, p := range pending {
		op, _ := p.(map[string]any)
		r, _ := op["resource"].(map[string]any)
		kind, _ := op["type"].(string)
		urn, _ := r["urn"].(string)
		if r["custom"] != true || strings.HasPrefix(string(resource.URN(urn).Type()), "pulumi:") {
			continue // components and providers exist in the engine alone
		}
		problem := []any{"the run that was " + kind + " it was interrupted"}
		old := c.live(urn)
		switch kind {
		case "creating":
			id, err := c.idOf(r, subscription)
			if err != nil {
				kept, left = append(kept, p), append(left, urn)
				continue
			}
			r["id"], r["initErrors"] = id, problem
			delete(r, "outputs")
			c.replace(old, r)
		case "updating", "deleting":
			if old == nil {
				continue // it is about to be deleted anyway
			}
			old["initErrors"] = problem
		default:
			continue // it was only read
		}
		names = append(names, resourceName(urn))
	}
	delete(c.latest, "pending_operations")
	if len(kept) > 0 {
		c.latest["pending_operations"] = kept
	}
	return names, left
}

func (c *checkpoint) resources() []any {
	list, _ := c.latest["resources"].([]any)
	return list
}

// live finds the resource of a URN, without resources that are about to be deleted.
func (c *checkpoint) live(urn string) map[string]any {
	for _, v := range c.resources() {
		if r, _ := v.(map[string]any); r["urn"] == urn && r["delete"] != true {
			return r
		}
	}
	return nil
}

// replace adds a resource behind everything that it may depend on. Like the engine, it removes the resource that was
// deleted in order to be replaced, and marks an older one of the same URN for deletion.
func (c *checkpoint) replace(old, r map[string]any) {
	var list []any
	for _, v := range c.resources() {
		if m, _ := v.(map[string]any); old != nil && m["urn"] == old["urn"] && m["delete"] != true {
			if m["pendingReplacement"] == true {
				continue
			}
			m["delete"] = true
		}
		list = append(list, v)
	}
	c.latest["resources"] = append(list, r)
}

// idOf is the id that a resource of the state has or would have.
func (c *checkpoint) idOf(r map[string]any, subscription string) (string, error) {
	// The reference to a provider is its URN and its id.
	reference, _ := r["provider"].(string)
	if i := strings.LastIndex(reference, "::"); i >= 0 {
		inputs, _ := c.live(reference[:i])["inputs"].(map[string]any)
		if own, ok := inputs["subscriptionId"].(string); ok && own != "" {
			subscription = own
		}
	}
	token, _ := r["type"].(string)
	inputs, _ := r["inputs"].(map[string]any)
	return bridge.ResourceID(token, inputs, subscription)
}
