package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/stretchr/testify/require"
)

// object is a resource as JSON has it.
type object = map[string]any

// group is the resource group of an organization that everything lies in. It is deleted at the end.
func (t *T) group(o *Org) string {
	t.Helper()
	return share(t, "resource group of "+o.Subscription, func() string {
		name := t.name(20)
		t.newGroup(o, name, t.atEnd)
		return name
	})
}

// ownGroup is a resource group for this promise alone.
func (t *T) ownGroup(o *Org) string {
	t.Helper()
	name := t.name(20)
	t.newGroup(o, name, func(undo func(t *T)) { t.Cleanup(func() { undo(t) }) })
	return name
}

func (t *T) newGroup(o *Org, name string, later func(func(t *T))) {
	t.Helper()
	_, err := t.groups(o).CreateOrUpdate(t.ctx(), name, armresources.ResourceGroup{Location: &t.Env.Location}, nil)
	require.NoError(t, err)
	later(func(t *T) {
		p, err := t.groups(o).BeginDelete(t.ctx(), name, nil)
		if _, err := done(t, p, err); err != nil {
			t.Logf("resource group %s was not deleted: %v", name, err)
		}
	})
}

// groupID is a resource group's id.
func groupID(o *Org, name string) string {
	return "/subscriptions/" + o.Subscription + "/resourceGroups/" + name
}

// inGroup is the id of a top-level resource in an organization's group: type is "Microsoft.Storage/storageAccounts".
func (t *T) inGroup(o *Org, resourceType, name string) string {
	t.Helper()
	return groupID(o, t.group(o)) + "/providers/" + resourceType + "/" + name
}

// put creates or updates a resource of any type, and returns it as the operation's result has it.
func (t *T) put(o *Org, id, version string, body object) (object, error) {
	t.Helper()
	p, err := t.generic(o).BeginCreateOrUpdateByID(t.ctx(), strings.TrimPrefix(id, "/"), version, t.asGeneric(body),
		nil)
	res, err := done(t, p, err)
	if err != nil {
		return nil, err
	}
	return t.asObject(res.GenericResource), nil
}

// made is put for a resource that must be accepted.
func (t *T) made(o *Org, id, version string, body object) object {
	t.Helper()
	out, err := t.put(o, id, version, body)
	require.NoError(t, err, id)
	return out
}

func (t *T) patch(o *Org, id, version string, body object) error {
	t.Helper()
	p, err := t.generic(o).BeginUpdateByID(t.ctx(), strings.TrimPrefix(id, "/"), version, t.asGeneric(body), nil)
	_, err = done(t, p, err)
	return err
}

func (t *T) read(o *Org, id, version string) (object, error) {
	t.Helper()
	res, err := t.generic(o).GetByID(t.ctx(), strings.TrimPrefix(id, "/"), version, nil)
	if err != nil {
		return nil, err
	}
	return t.asObject(res.GenericResource), nil
}

// there reads a resource that must be there.
func (t *T) there(o *Org, id, version string) object {
	t.Helper()
	out, err := t.read(o, id, version)
	require.NoError(t, err)
	return out
}

// gone asserts that a resource is not there: not it, or not what it was in.
func (t *T) gone(o *Org, id, version string) {
	t.Helper()
	_, err := t.read(o, id, version)
	require.Equal(t, http.StatusNotFound, t.response(err).StatusCode, err)
}

func (t *T) remove(o *Org, id, version string) error {
	t.Helper()
	p, err := t.generic(o).BeginDeleteByID(t.ctx(), strings.TrimPrefix(id, "/"), version, nil)
	_, err = done(t, p, err)
	return err
}

func (t *T) asGeneric(body object) armresources.GenericResource {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	var r armresources.GenericResource
	require.NoError(t, json.Unmarshal(raw, &r))
	return r
}

func (t *T) asObject(r armresources.GenericResource) object {
	t.Helper()
	raw, err := json.Marshal(r)
	require.NoError(t, err)
	var out object
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

// pipeline sends what no client has a method for, signed in and retried like all else.
func (t *T) pipeline(o *Org) runtime.Pipeline {
	t.Helper()
	p, err := armruntime.NewPipeline("conformance", "v1.0.0", o.Credential, runtime.PipelineOptions{}, t.options())
	require.NoError(t, err)
	return p
}

// request sends a request to Azure Resource Manager and returns the answer with any status. path begins with a
// slash and has the query; body may be nil.
func (t *T) request(o *Org, method, path string, body any) (*http.Response, object) {
	t.Helper()
	req, err := runtime.NewRequest(t.ctx(), method, t.endpoint()+path)
	require.NoError(t, err)
	if body != nil {
		require.NoError(t, runtime.MarshalAsJSON(req, body))
	}
	res, err := t.pipeline(o).Do(req)
	require.NoError(t, err)
	raw, err := runtime.Payload(res)
	require.NoError(t, err)
	var out object
	if len(raw) > 0 {
		require.NoError(t, json.Unmarshal(raw, &out), "%s %s answers %d without JSON", method, path, res.StatusCode)
	}
	return res, out
}

// endpoint is Azure Resource Manager's base URL without a slash at its end.
func (t *T) endpoint() string {
	return strings.TrimSuffix(t.Env.Cloud.Services["resourceManager"].Endpoint, "/")
}

// list lists the ids of a collection without a client of its own.
func (t *T) list(o *Org, collection, version string) []string {
	t.Helper()
	res, out := t.request(o, http.MethodGet, collection+"?api-version="+version, nil)
	require.Equal(t, http.StatusOK, res.StatusCode, out)
	var ids []string
	items, _ := out["value"].([]any)
	for _, item := range items {
		ids = append(ids, text(item, "id"))
	}
	return ids
}

// at finds a value by path below an object; nil if absent.
func at(v any, path ...string) any {
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func text(v any, path ...string) string {
	s, _ := at(v, path...).(string)
	return s
}

// with copies a body and changes one value in it by path; nil removes it.
func with(body object, value any, path ...string) object {
	out := make(object, len(body)+1)
	for k, v := range body {
		out[k] = v
	}
	if len(path) == 1 {
		if value == nil {
			delete(out, path[0])
		} else {
			out[path[0]] = value
		}
		return out
	}
	inner, _ := body[path[0]].(object)
	out[path[0]] = with(inner, value, path[1:]...)
	return out
}

// missing says where a body lacks what was asked for, or "" if it has it all. Azure may add, but not change: regions
// and ids may come back in other letter case, lists must have the same length.
func missing(asked, got any, path string) string {
	switch asked := asked.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, not an object", path, got)
		}
		for k, v := range asked {
			if why := missing(v, m[k], path+"."+k); why != "" {
				return why
			}
		}
		return ""
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(asked) {
			return fmt.Sprintf("%s is %v, not %v", path, got, asked)
		}
		for i, v := range asked {
			if why := missing(v, l[i], fmt.Sprintf("%s[%d]", path, i)); why != "" {
				return why
			}
		}
		return ""
	case string:
		if s, ok := got.(string); ok && strings.EqualFold(strings.ReplaceAll(s, " ", ""),
			strings.ReplaceAll(asked, " ", "")) {
			return ""
		}
	}
	if reflect.DeepEqual(asked, got) {
		return ""
	}
	return fmt.Sprintf("%s is %v, not %v", path, got, asked)
}

// plain makes a body of what JSON has: maps, slices of any, float64.
func plain(t *T, body object) object {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	var out object
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}

func compareFold(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) }

// raw sends a request of the provider with headers of its own and returns the answer without its body.
func (t *T) raw(method, path string, header http.Header) *http.Response {
	t.Helper()
	req, err := runtime.NewRequest(t.ctx(), method, t.endpoint()+path)
	require.NoError(t, err)
	for name, values := range header {
		req.Raw().Header[name] = values
	}
	res, err := t.pipeline(t.Env.Provider).Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}
