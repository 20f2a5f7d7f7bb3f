package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/crossorg/crossorg/internal/bridge"
	"github.com/crossorg/crossorg/internal/process"
)

// resume takes up the lock and the pending operations of a dead engine. Whether those operations took effect is
// unknown. So the state keeps or gets each of their resources with its id and an initialization error, and the next run
// writes the resource again. The caller holds the home's lock, so no other run of ours is under way.
func (s *Session) resume(ctx context.Context) error {
	if err := s.breakLocks(ctx); err != nil {
		return fmt.Errorf("take the lock of an interrupted run away: %w", err)
	}
	path := s.home.checkpoint(s.project.Name, s.options.Stack)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // compressed, a setting that local runs never make
	}
	if err != nil {
		return err
	}
	if !bytes.Contains(raw, []byte(`"pending_operations"`)) {
		return nil
	}
	c, err := decodeCheckpoint(raw)
	if err != nil {
		return fmt.Errorf("read the state %s: %w", path, err)
	}
	names, left := c.resume(s.azure.DefaultCredentials().SubscriptionID)
	if len(names) > 0 {
		fmt.Fprintf(s.options.Progress, "an earlier run was interrupted; this one takes up %s\n",
			strings.Join(names, ", "))
	}
	for _, urn := range left {
		fmt.Fprintf(s.options.Progress, "warning: an earlier run was interrupted while it made %s, and nobody here "+
			"can tell what that is on Azure: "+
			"see to it with: crossorg local pulumi -- refresh\n", resourceName(urn))
	}
	if raw, err = c.encode(); err != nil {
		return err
	}
	return writeFile(path, raw)
}

// checkpoint is the file that the file backend keeps a stack's state in.
func (h *Home) checkpoint(project, stack string) string {
	return filepath.Join(h.StateDir(), ".pulumi", "stacks", project, stack+".json")
}

// checkpoint is a state. Only the parts that resume changes are decoded.
type checkpoint struct {
	document, latest map[string]any
}

func decodeCheckpoint(raw []byte) (*checkpoint, error) {
	c := &checkpoint{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // numbers stay as they are written
	if err := decoder.Decode(&c.document); err != nil {
		return nil, err
	}
	inner, _ := c.document["checkpoint"].(map[string]any)
	if c.latest, _ = inner["latest"].(map[string]any); c.latest == nil {
		return nil, errors.New("there are no resources in it")
	}
	return c, nil
}

func (c *checkpoint) encode() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "    ")
	err := encoder.Encode(c.document)
	return out.Bytes(), err
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

// lastBreath is how long an engine may take to end after its parent's death: interrupted, it finishes its running
// operations and saves its state.
const lastBreath = 2 * time.Minute

// breakLocks removes the file backend's locks of dead engines, and waits for an engine that still runs.
func (s *Session) breakLocks(ctx context.Context) error {
	pattern := filepath.Join(s.home.StateDir(), ".pulumi", "locks", "organization", s.project.Name,
		s.options.Stack, "*.json")
	locks, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	reported := false
	for _, lock := range locks {
		raw, err := os.ReadFile(lock)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		var by struct {
			Pid      int    `json:"pid"`
			Hostname string `json:"hostname"`
		}
		// A lock that cannot be read was being written when its engine died.
		if json.Unmarshal(raw, &by) == nil {
			if host, err := os.Hostname(); err != nil || host != by.Hostname {
				continue // the engine says what to do about it
			}
			for end := time.Now().Add(lastBreath); process.Alive(by.Pid) && time.Now().Before(end); {
				if !reported {
					fmt.Fprintf(s.options.Progress, "the engine of an earlier run (process %d) still works on the "+
						"stack: waiting for it to end\n", by.Pid)
					reported = true
				}
				select {
				case <-ctx.Done():
					return context.Cause(ctx)
				case <-time.After(100 * time.Millisecond):
				}
			}
			if process.Alive(by.Pid) {
				continue
			}
		}
		fmt.Fprintln(s.options.Progress, "an earlier run died without unlocking the stack: its lock is removed")
		if err := os.Remove(lock); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
