package statebackend

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// replayed is the state that entries make of a base, with the names of its resources and pending operations.
func replayed(t *testing.T, base []map[string]any, entries ...map[string]any) *deploymentView {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"manifest": map[string]any{}, "resources": base})
	require.NoError(t, err)
	view, err := replayOf(t, raw, entries...)
	require.NoError(t, err)
	return view
}

// deploymentView is a state as a test looks at it.
type deploymentView struct {
	Version    int
	Features   []string
	Resources  []map[string]any `json:"resources"`
	Pending    []map[string]any `json:"pending_operations"`
	Secrets    map[string]any   `json:"secrets_providers"`
	Extensions map[string]any   `json:"extensions"`
	Metadata   map[string]any   `json:"metadata"`
}

func (v *deploymentView) names() (names []string) {
	for _, r := range v.Resources {
		name := r["id"].(string)
		for _, mark := range []string{"delete", "pendingReplacement"} {
			if r[mark] == true {
				name += " " + mark
			}
		}
		names = append(names, name)
	}
	return names
}

func replayOf(t *testing.T, base json.RawMessage, entries ...map[string]any) (*deploymentView, error) {
	t.Helper()
	parsed, err := parseDeployment(base)
	require.NoError(t, err)
	r := newReplayer(parsed)
	for i, e := range entries {
		e["version"], e["sequenceID"] = 1, i+1
		raw, err := json.Marshal(e)
		require.NoError(t, err)
		var one entry
		require.NoError(t, json.Unmarshal(raw, &one))
		if err := r.add(one); err != nil {
			return nil, err
		}
	}
	d, err := r.untyped("v3.255.0")
	if err != nil {
		return nil, err
	}
	view := &deploymentView{Version: d.Version, Features: d.Features}
	require.NoError(t, json.Unmarshal(d.Deployment, view))
	return view, nil
}

func with(r map[string]any, members ...any) map[string]any {
	for i := 0; i < len(members); i += 2 {
		r[members[i].(string)] = members[i+1]
	}
	return r
}

func TestResourcesOfAReplay(t *testing.T) {
	old := func() []map[string]any { return []map[string]any{thing("a"), thing("b"), thing("c")} }
	for name, test := range map[string]struct {
		entries []map[string]any
		want    []string
	}{
		"nothing happened": {nil, []string{"a", "b", "c"}},
		"the new come first, in the order of their ends": {
			[]map[string]any{made(2, "y"), made(1, "x")}, []string{"y", "x", "a", "b", "c"}},
		"unchanged resources move to the front": {
			[]map[string]any{with(made(1, "b"), "removeOld", 1)}, []string{"b", "a", "c"}},
		"a deletion": {
			[]map[string]any{{"kind": kindSuccess, "operationID": 1, "removeOld": 0}}, []string{"b", "c"}},
		"a replacement that deletes later": {
			[]map[string]any{with(made(1, "a2"), "deleteOld", 0)}, []string{"a2", "a delete", "b", "c"}},
		"a replacement that deleted before": {
			[]map[string]any{{"kind": kindSuccess, "operationID": 1, "pendingReplacementOld": 0}},
			[]string{"a pendingReplacement", "b", "c"}},
		"a new resource is deleted again": {
			[]map[string]any{made(1, "x"), {"kind": kindSuccess, "operationID": 2, "removeNew": 1}},
			[]string{"a", "b", "c"}},
		"a new resource waits for its deletion": {
			[]map[string]any{made(1, "x"), {"kind": kindSuccess, "operationID": 2, "deleteNew": 1}},
			[]string{"x delete", "a", "b", "c"}},
		"a new resource was deleted for its replacement": {
			[]map[string]any{made(1, "x"), {"kind": kindSuccess, "operationID": 2, "pendingReplacementNew": 1}},
			[]string{"x pendingReplacement", "a", "b", "c"}},
		"outputs of an old resource": {
			[]map[string]any{{"kind": kindOutputs, "operationID": 1, "removeOld": 1, "state": thing("b2")}},
			[]string{"a", "b2", "c"}},
		"outputs of a new resource": {
			[]map[string]any{made(1, "x"),
				{"kind": kindOutputs, "operationID": 2, "removeNew": 1, "state": thing("x2")}},
			[]string{"x2", "a", "b", "c"}},
		"a refresh that found another state": {
			[]map[string]any{{"kind": kindRefreshSuccess, "operationID": 1, "removeOld": 2, "state": thing("c2")}},
			[]string{"a", "b", "c2"}},
		"a refresh that found nothing": {
			[]map[string]any{{"kind": kindRefreshSuccess, "operationID": 1, "removeOld": 2}}, []string{"a", "b"}},
		"a refresh and then an update": {
			[]map[string]any{{"kind": kindRefreshSuccess, "operationID": 1, "removeOld": 0},
				{"kind": kindRebuiltBaseState},
				with(made(1, "c"), "removeOld", 1)},
			[]string{"c", "b"}},
		"another snapshot": {
			[]map[string]any{{"kind": kindWrite, "newSnapshot": map[string]any{"resources": []any{thing("z")}}}},
			[]string{"z"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, replayed(t, old(), test.entries...).names())
		})
	}
}

func TestPendingOperationsOfAReplay(t *testing.T) {
	pendingIn := func(kind string) json.RawMessage {
		raw, err := json.Marshal(map[string]any{"pending_operations": []any{
			map[string]any{"type": kind, "resource": thing("before")}}})
		require.NoError(t, err)
		return raw
	}
	names := func(v *deploymentView) (names []string) {
		for _, o := range v.Pending {
			names = append(names, o["resource"].(map[string]any)["id"].(string))
		}
		return names
	}
	begun := []map[string]any{beginning(1, "a"), beginning(2, "b"), beginning(3, "c"), made(2, "b"),
		{"kind": kindFailure, "operationID": 3}}
	view, err := replayOf(t, pendingIn("creating"), begun...)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "before"}, names(view), "nobody but a person can tell what became of a creation")
	view, err = replayOf(t, pendingIn("updating"), begun...)
	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, names(view))
}

func TestReferencesToWhatARefreshFoundGone(t *testing.T) {
	view := replayed(t, []map[string]any{
		thing("parent"),
		with(thing("gone"), "parent", urn("parent")),
		with(thing("child"), "parent", urn("gone"), "dependencies", []string{urn("gone"), urn("parent")},
			"propertyDependencies",
			map[string]any{"p": []string{urn("gone")}, "q": []string{urn("parent"), urn("gone")}},
			"deletedWith", urn("gone"), "replaceWith", []string{urn("gone")}),
	}, map[string]any{"kind": kindRefreshSuccess, "operationID": 1, "removeOld": 1})
	require.Equal(t, []string{"parent", "child"}, view.names())
	child := view.Resources[1]
	assert.NotContains(t, child, "parent")
	assert.Equal(t, []any{urn("parent")}, child["dependencies"])
	assert.Equal(t, map[string]any{"q": []any{urn("parent")}}, child["propertyDependencies"])
	assert.NotContains(t, child, "deletedWith")
	assert.NotContains(t, child, "replaceWith")
	assert.Equal(t, "kept", child["later"])
}

func TestReferencesToAResourceThatIsCalledOtherwiseNow(t *testing.T) {
	nested := "urn:pulumi:dev::crossorg::my:index:Component$test:index:Thing::child"
	moved := "urn:pulumi:dev::crossorg::my:index:Other$test:index:Thing::child"
	component := "urn:pulumi:dev::crossorg::my:index:Component::c"
	other := "urn:pulumi:dev::crossorg::my:index:Other::c"
	view := replayed(t, []map[string]any{
		with(thing("c"), "urn", component),
		with(thing("child"), "urn", nested, "parent", component, "provider", urn("p")+"::id"),
		with(thing("user"), "dependencies", []string{nested, component}, "propertyDependencies",
			map[string]any{"p": []string{component}}, "deletedWith", component, "viewOf", nested,
			"provider", component+"::some-id"),
	}, with(made(1, "c"), "removeOld", 0,
		"state", with(thing("c"), "urn", other, "aliases", []string{component})))
	require.Equal(t, []string{"c", "child", "user"}, view.names())
	assert.NotContains(t, view.Resources[0], "aliases")
	assert.Equal(t, moved, view.Resources[1]["urn"])
	assert.Equal(t, other, view.Resources[1]["parent"])
	assert.Equal(t, urn("p")+"::id", view.Resources[1]["provider"])
	user := view.Resources[2]
	assert.Equal(t, []any{moved, other}, user["dependencies"])
	assert.Equal(t, map[string]any{"p": []any{other}}, user["propertyDependencies"])
	assert.Equal(t, other, user["deletedWith"])
	assert.Equal(t, moved, user["viewOf"])
	assert.Equal(t, other+"::some-id", user["provider"])
}

func TestFeaturesOfAState(t *testing.T) {
	assert.Equal(t, schemaVersion, replayed(t, nil, made(1, "a")).Version)
	for feature, member := range map[string][]any{
		"refreshBeforeUpdate": {"refreshBeforeUpdate", true}, "views": {"viewOf", urn("x")},
		"hooks": {"resourceHooks", map[string]any{"before": []string{"h"}}}, "taint": {"taint", true},
		"replaceWith": {"replaceWith", []string{urn("x")}}, "extensionParameterization": {"extensionRef", "r"},
		"snippets-prototype": {"snippetID", "s"},
	} {
		inResource := with(made(1, "a"), "state", with(thing("a"), member...))
		inOperation := with(beginning(1, "a"), "operation",
			map[string]any{"type": "creating", "resource": with(thing("a"), member...)})
		for _, e := range []map[string]any{inResource, inOperation} {
			view := replayed(t, nil, e)
			assert.Equal(t, schemaVersionForFeatures, view.Version, feature)
			assert.Equal(t, []string{feature}, view.Features)
		}
	}
	view := replayed(t, nil, with(made(1, "a"), "requiresByteString", true))
	assert.Equal(t, []string{"byteString"}, view.Features)
}

func TestWhatAStateHasBesidesResources(t *testing.T) {
	base := json.RawMessage(`{"secrets_providers":{"type":"passphrase"},"metadata":{"integrity_error":{},"x":1},
		"extensions":{"old":{"a":1}}}`)
	view, err := replayOf(t, base,
		map[string]any{"kind": kindSecretsManager, "secretsProvider": map[string]any{"type": "other"}},
		map[string]any{"kind": kindExtensionParameterize, "extensionRef": "new", "extension": map[string]any{"b": 2}})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"type": "other"}, view.Secrets)
	assert.Equal(t, map[string]any{"x": 1.0}, view.Metadata)
	assert.Equal(t, map[string]any{"old": map[string]any{"a": 1.0}, "new": map[string]any{"b": 2.0}}, view.Extensions)
}

func TestEntriesThatDoNotFitAreRefused(t *testing.T) {
	for name, e := range map[string]map[string]any{
		"position":          {"kind": kindSuccess, "removeOld": 1},
		"negative position": {"kind": kindSuccess, "deleteOld": -1},
		"refreshed":         {"kind": kindRefreshSuccess, "removeOld": 7, "state": thing("x")},
		"operation":         {"kind": kindSuccess, "deleteNew": 9},
		"dropped":           {"kind": kindSuccess, "removeNew": 9},
		"outputs":           {"kind": kindOutputs, "removeNew": 9, "state": thing("x")},
		"kind":              {"kind": 77},
		"extension":         {"kind": kindExtensionParameterize},
		"alias": with(made(1, "x"), "state", with(thing("x"), "aliases", []string{urn("z")}), "then",
			[]string{}),
	} {
		entries := []map[string]any{e}
		if name == "alias" {
			entries = append(entries, with(made(2, "y"), "state", with(thing("y"), "aliases", []string{urn("z")})))
		}
		raw, err := json.Marshal(map[string]any{"resources": []any{thing("a")}})
		require.NoError(t, err)
		_, err = replayOf(t, raw, entries...)
		assert.Error(t, err, name)
	}
}

func TestTheEnginesVersion(t *testing.T) {
	for agent, version := range map[string]string{
		"pulumi-cli/1 (v3.255.0; linux)":           "v3.255.0",
		"pulumi-cli/1 (v3.255.0; linux; cmd=up)":   "v3.255.0",
		"curl/8":                                   "",
		fmt.Sprintf("pulumi-cli/1 (%s)", "v3.1.0"): "",
	} {
		assert.Equal(t, version, engineVersion(agent), agent)
	}
}
