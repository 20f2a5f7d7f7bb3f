package bridge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Diff compares old inputs with new ones and marks the differences that need a new resource.
func (p *provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	t, err := typeOfURN(req.GetUrn())
	if err != nil {
		return nil, err
	}
	state, err := receive(req.GetOlds())
	if err != nil {
		return nil, err
	}
	olds, err := inputsOfState(req.GetOldInputs(), state)
	if err != nil {
		return nil, err
	}
	news, err := receive(req.GetNews())
	if err != nil {
		return nil, err
	}
	state, olds, news = plain(state), plain(olds), plain(news)
	return response(t.diff(olds, news, state), olds), nil
}

// response is the engine's view of differences from plain old inputs.
func response(detailed map[string]*pulumirpc.PropertyDiff, olds resource.PropertyMap) *pulumirpc.DiffResponse {
	if len(detailed) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	}
	resp := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_SOME, DetailedDiff: detailed, HasDetailedDiff: true,
	}
	for _, path := range slices.Sorted(maps.Keys(detailed)) {
		if top := topOf(path); !slices.Contains(resp.Diffs, top) {
			resp.Diffs = append(resp.Diffs, top)
		}
		if isReplacement(detailed[path].GetKind()) {
			resp.Replaces = append(resp.Replaces, path)
		}
	}
	// A random name leaves room for old and new at once; a given one has to be free before it is used again.
	resp.DeleteBeforeReplace = len(resp.Replaces) > 0
	if flag, ok := olds[createBeforeDelete]; ok && flag.IsBool() {
		resp.DeleteBeforeReplace = !flag.BoolValue()
	}
	return resp
}

// topOf is the property at the top of a path.
func topOf(path string) string {
	if parsed, err := resource.ParsePropertyPath(path); err == nil && len(parsed) > 0 {
		if name, ok := parsed[0].(string); ok {
			return name
		}
	}
	return path
}

func isReplacement(kind pulumirpc.PropertyDiff_Kind) bool {
	switch kind {
	case pulumirpc.PropertyDiff_ADD_REPLACE, pulumirpc.PropertyDiff_UPDATE_REPLACE,
		pulumirpc.PropertyDiff_DELETE_REPLACE:
		return true
	}
	return false
}

// diff returns the differing property paths of plain inputs.
func (t *resourceType) diff(olds, news, state resource.PropertyMap) map[string]*pulumirpc.PropertyDiff {
	d := &differ{replace: t.replace, found: map[string]*pulumirpc.PropertyDiff{}}
	top := olds.Diff(news, internalKey)
	if top == nil {
		return nil
	}
	for key, change := range top.Updates {
		if insignificant(key, change.Old, change.New) {
			delete(top.Updates, key)
		}
	}
	d.object(top, "", "", false)
	// The program now states the value that Azure chose: that needs no replacement.
	for path, change := range d.found {
		key := resource.PropertyKey(path)
		if change.Kind == pulumirpc.PropertyDiff_ADD_REPLACE && state[key].DeepEquals(news[key]) {
			change.Kind = pulumirpc.PropertyDiff_ADD
		}
	}
	return d.found
}

// internalKey reports whether a property is the engine's or the bridge's, and not the program's.
func internalKey(key resource.PropertyKey) bool { return strings.HasPrefix(string(key), "__") }

// insignificant reports differences of spelling that Azure ignores: locations and names of resource groups.
func insignificant(key resource.PropertyKey, old, new resource.PropertyValue) bool {
	if !old.IsString() || !new.IsString() {
		return false
	}
	switch key {
	case "resourceGroupName":
		return strings.EqualFold(old.StringValue(), new.StringValue())
	case "location":
		squeeze := func(v resource.PropertyValue) string { return strings.ReplaceAll(v.StringValue(), " ", "") }
		return strings.EqualFold(squeeze(old), squeeze(new))
	}
	return false
}

// differ lists differences by path. Replacement is looked up under the path without positions.
type differ struct {
	replace map[string]bool
	found   map[string]*pulumirpc.PropertyDiff
}

func (d *differ) add(path string, kind, replacing pulumirpc.PropertyDiff_Kind, replace bool) {
	if replace {
		kind = replacing
	}
	d.found[path] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: true}
}

func (d *differ) object(diff *resource.ObjectDiff, path, bare string, replace bool) {
	for key := range diff.Adds {
		at := member(path, key)
		d.add(at, pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_ADD_REPLACE,
			replace || d.replace[join(bare, string(key))])
	}
	for key := range diff.Deletes {
		at := member(path, key)
		d.add(at, pulumirpc.PropertyDiff_DELETE, pulumirpc.PropertyDiff_DELETE_REPLACE,
			replace || d.replace[join(bare, string(key))])
	}
	for key, change := range diff.Updates {
		d.value(&change, member(path, key), join(bare, string(key)), replace)
	}
}

func (d *differ) value(diff *resource.ValueDiff, path, bare string, replace bool) {
	replace = replace || d.replace[bare]
	switch {
	case diff.Object != nil:
		d.object(diff.Object, path, bare, replace)
	case diff.Array != nil:
		for i := range diff.Array.Adds {
			d.add(position(path, i), pulumirpc.PropertyDiff_ADD, pulumirpc.PropertyDiff_ADD_REPLACE, replace)
		}
		for i := range diff.Array.Deletes {
			d.add(position(path, i), pulumirpc.PropertyDiff_DELETE, pulumirpc.PropertyDiff_DELETE_REPLACE, replace)
		}
		for i, item := range diff.Array.Updates {
			d.value(&item, position(path, i), bare+"[]", replace)
		}
	default:
		d.add(path, pulumirpc.PropertyDiff_UPDATE, pulumirpc.PropertyDiff_UPDATE_REPLACE, replace)
	}
}

// member is the path of a member of the object at a path, in the engine's notation: a key with anything but letters,
// digits and underscores, as tags may have, stands in brackets and quotes.
func member(path string, key resource.PropertyKey) string {
	if key == "" {
		return path + `[""]`
	}
	name := resource.PropertyPath{string(key)}.String()
	if name[0] == '[' {
		return path + name
	}
	return join(path, name)
}

func position(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
