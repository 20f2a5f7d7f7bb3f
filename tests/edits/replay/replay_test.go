// Package replay compares the state backend's replay of journals with the engine's own.
package replay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/backend"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/crossorg/crossorg/internal/statebackend"
)

// history makes a journal as an engine might write it: every entry is about resources and operations that are there.
type history struct {
	*rapid.T
	entries []apitype.JournalEntry
	// old are the positions in the base that nothing has replaced or removed; made are operations with a resource.
	old, made []int64
	names     []string
	sequence  int64
	operation int64
	fresh     int
	aliased   bool
}

func urnOf(name string) resource.URN {
	return resource.NewURN("dev", "crossorg", "", tokens.Type("test:index:Thing"), name)
}

// some is one of a list's values, or nothing.
func (h *history) some(list []resource.URN, label string) resource.URN {
	if len(list) == 0 || rapid.Bool().Draw(h.T, label) {
		return ""
	}
	return rapid.SampledFrom(list).Draw(h.T, label)
}

// resource has references to those that came before it.
func (h *history) resource(name string) apitype.ResourceV3 {
	var before []resource.URN
	for _, n := range h.names {
		before = append(before, urnOf(n))
	}
	r := apitype.ResourceV3{URN: urnOf(name), Type: "test:index:Thing", Custom: true, ID: resource.ID(name),
		Inputs:  map[string]any{"n": float64(h.sequence)},
		Parent:  h.some(before, "parent"),
		Protect: rapid.Bool().Draw(h.T, "protect"), Taint: rapid.IntRange(0, 9).Draw(h.T, "taint") == 0,
		DeletedWith: h.some(before, "deleted with")}
	for range rapid.IntRange(0, 2).Draw(h.T, "dependencies") {
		if dep := h.some(before, "dependency"); dep != "" {
			r.Dependencies = append(r.Dependencies, dep)
			r.PropertyDependencies = map[resource.PropertyKey][]resource.URN{"p": {dep}}
		}
	}
	if with := h.some(before, "replace with"); with != "" && rapid.IntRange(0, 4).Draw(h.T, "with") == 0 {
		r.ReplaceWith = []resource.URN{with}
	}
	if rapid.Bool().Draw(h.T, "provider") {
		r.Provider = "urn:pulumi:dev::crossorg::pulumi:providers:test::p::some-id"
	}
	h.names = append(h.names, name)
	return r
}

func (h *history) add(e apitype.JournalEntry) {
	h.sequence++
	e.Version, e.SequenceID = 1, h.sequence
	h.entries = append(h.entries, e)
}

// state is a resource that the update makes: a new one, one that was there, or one that was called otherwise.
func (h *history) state(again string) *apitype.ResourceV3 {
	name := again
	if name == "" || (h.aliased && rapid.IntRange(0, 4).Draw(h.T, "renamed") == 0) {
		h.fresh++
		name = fmt.Sprintf("new%d", h.fresh)
	}
	r := h.resource(name)
	if again != "" && name != again {
		r.Aliases = []resource.URN{urnOf(again)}
	}
	return &r
}

// take removes and returns a random one of a list.
func take(t *rapid.T, list *[]int64) *int64 {
	if len(*list) == 0 {
		return nil
	}
	i := rapid.IntRange(0, len(*list)-1).Draw(t, "which")
	one := (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return &one
}

func baseName(i int64) string { return fmt.Sprintf("old%d", i) }

// step adds what one operation of the engine writes.
func (h *history) step() {
	h.operation++
	id := h.operation
	success := apitype.JournalEntry{Kind: apitype.JournalEntryKindSuccess, OperationID: id}
	if rapid.Bool().Draw(h.T, "begins") {
		kind := rapid.SampledFrom([]apitype.OperationType{apitype.OperationTypeCreating, apitype.OperationTypeUpdating,
			apitype.OperationTypeDeleting}).Draw(h.T, "operation")
		h.add(apitype.JournalEntry{Kind: apitype.JournalEntryKindBegin, OperationID: id,
			Operation: &apitype.OperationV2{Type: kind, Resource: *h.state("")}})
		switch rapid.IntRange(0, 3).Draw(h.T, "end") {
		case 0:
			return // it never ends
		case 1:
			h.add(apitype.JournalEntry{Kind: apitype.JournalEntryKindFailure, OperationID: id})
			return
		}
	}
	switch rapid.IntRange(0, 11).Draw(h.T, "step") {
	case 0, 1:
		success.State = h.state("")
		h.made = append(h.made, id)
	case 2, 3:
		if success.RemoveOld = take(h.T, &h.old); success.RemoveOld != nil {
			success.State = h.state(baseName(*success.RemoveOld))
			h.made = append(h.made, id)
		}
	case 4:
		success.RemoveOld = take(h.T, &h.old)
	case 5:
		if success.DeleteOld = take(h.T, &h.old); success.DeleteOld != nil {
			success.State = h.state("")
			h.made = append(h.made, id)
		}
	case 6:
		success.PendingReplacementOld = take(h.T, &h.old)
	case 7:
		success.RemoveNew = take(h.T, &h.made)
	case 8:
		success.DeleteNew = take(h.T, &h.made)
	case 9:
		success.PendingReplacementNew = take(h.T, &h.made)
	case 10:
		success.Kind = apitype.JournalEntryKindRefreshSuccess
		if rapid.Bool().Draw(h.T, "found") {
			if success.RemoveOld = take(h.T, &h.old); success.RemoveOld != nil {
				success.State = h.state(baseName(*success.RemoveOld))
			}
		} else {
			success.RemoveOld = take(h.T, &h.old)
		}
	case 11:
		success.Kind = apitype.JournalEntryKindOutputs
		if success.RemoveOld = take(h.T, &h.old); success.RemoveOld != nil {
			success.State = h.state(baseName(*success.RemoveOld))
		} else if success.RemoveNew = take(h.T, &h.made); success.RemoveNew != nil {
			success.State = h.state("")
		}
	}
	h.add(success)
}

// comparable is a deployment without what differs by intent: the time, and the order of pending operations, which the
// engine's replay leaves to chance.
func comparable(t require.TestingT, raw []byte) map[string]any {
	var d map[string]any
	require.NoError(t, json.Unmarshal(raw, &d))
	deployment := d["deployment"].(map[string]any)
	deployment["manifest"] = nil
	pending, _ := deployment["pending_operations"].([]any)
	slices.SortFunc(pending, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	if resources, _ := deployment["resources"].([]any); len(resources) == 0 {
		delete(deployment, "resources")
	}
	return d
}

func TestTheReplayIsTheEngines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{T: t, aliased: rapid.Bool().Draw(t, "aliased")}
		base := &apitype.DeploymentV3{SecretsProviders: &apitype.SecretsProvidersV1{Type: "passphrase",
			State: json.RawMessage(`{"salt":"s"}`)}}
		for i := range rapid.IntRange(0, 6).Draw(t, "base") {
			base.Resources = append(base.Resources, h.resource(baseName(int64(i))))
			h.old = append(h.old, int64(i))
		}
		if rapid.Bool().Draw(t, "pending") {
			base.PendingOperations = []apitype.OperationV2{
				{Type: apitype.OperationTypeCreating, Resource: h.resource("pending")},
				{Type: apitype.OperationTypeUpdating, Resource: h.resource("updating")}}
		}
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			h.step()
			if len(h.made) == 0 && h.operation == 3 && rapid.Bool().Draw(t, "secrets") {
				h.add(apitype.JournalEntry{Kind: apitype.JournalEntryKindSecretsManager,
					SecretsProvider: &apitype.SecretsProvidersV1{Type: "other"}})
			}
		}

		untyped, err := base.ToUntypedDeployment(3, nil)
		require.NoError(t, err)
		state, err := json.Marshal(untyped)
		require.NoError(t, err)
		var entries []json.RawMessage
		engine := backend.NewJournalReplayer(base)
		var refused error
		for _, e := range h.entries {
			raw, err := json.Marshal(e)
			require.NoError(t, err)
			entries = append(entries, raw)
			if err := engine.Add(e); err != nil {
				refused = err
			}
		}
		theirs, err := engine.GenerateDeployment()
		if err != nil {
			refused = err
		}
		got, err := statebackend.Replay(state, entries, "v3.255.0")
		if refused != nil {
			require.Error(t, err, "the engine refuses: %s", refused)
			return
		}
		require.NoError(t, err)
		typed, err := theirs.Deployment.ToUntypedDeployment(theirs.Version, theirs.Features)
		require.NoError(t, err)
		want, err := json.Marshal(typed)
		require.NoError(t, err)
		require.Equal(t, comparable(t, want), comparable(t, got))
	})
}
