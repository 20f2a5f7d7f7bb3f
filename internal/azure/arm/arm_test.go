package arm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tenantA, tenantB = "aaaaaaaa-0000-0000-0000-000000000001", "bbbbbbbb-0000-0000-0000-000000000002"
	subA, subB       = "aaaaaaaa-1111-1111-1111-111111111111", "bbbbbbbb-1111-1111-1111-111111111111"
	ownerRole        = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	groupVersion     = "2022-09-01"
	workspaceType    = "Microsoft.OperationalInsights/workspaces"
	searchType       = workspaceType + "/savedSearches"
	workspaceVersion = "2022-10-01"
	searchVersion    = "2020-08-01"
)

// cloud is a control plane over a real state file, with two tenants and one owner in each.
type cloud struct {
	t        testing.TB
	server   *arm.Server
	http     *httptest.Server
	dir      *identity.Directory
	store    *store.Store
	log      *syncBuffer
	ownerA   identity.Principal
	ownerB   identity.Principal
	deleted  []string
	jobs     sync.Mutex
	jobRuns  int
	failJobs bool
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newCloud(t testing.TB) *cloud { return newCloudOf(t, arm.Options{}) }

// these are providers that need nothing of the cloud.
func these(providers ...*arm.Provider) func(*cloud) []*arm.Provider {
	return func(*cloud) []*arm.Provider { return providers }
}

// newCloudOf makes a cloud with options of the control plane. Without providers it gets the usual ones.
func newCloudOf(t testing.TB, o arm.Options, make ...func(*cloud) []*arm.Provider) *cloud {
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	c := &cloud{t: t, store: st, log: &syncBuffer{}}
	o.Clock, err = clock.New(st, o.Now)
	require.NoError(t, err)
	c.dir, err = identity.NewDirectory(st, "https://127.0.0.1:1", o.Clock.Now)
	require.NoError(t, err)
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		for _, x := range []struct {
			tenant, sub string
			p           *identity.Principal
		}{{tenantA, subA, &c.ownerA}, {tenantB, subB, &c.ownerB}} {
			if err := c.dir.AddSubscription(tx, identity.Subscription{ID: x.sub, TenantID: x.tenant}); err != nil {
				return err
			}
			p, err := c.dir.AddServicePrincipal(tx, x.tenant, "client-"+x.tenant, "deployer", "secret")
			if err != nil {
				return err
			}
			*x.p = p
			if err := c.dir.Assign(tx, identity.Assignment{ID: "seed", PrincipalID: p.ObjectID, RoleID: ownerRole,
				Scope: "/subscriptions/" + x.sub}); err != nil {
				return err
			}
		}
		return nil
	}))
	handler := http.NewServeMux()
	c.http = httptest.NewServer(handler)
	providers := []*arm.Provider{resources.New(), authorization.New(c.dir), c.workspaces()}
	if make != nil {
		providers = make[0](c)
	}
	o.Store, o.Directory, o.Log, o.Providers = st, c.dir, c.log, providers
	o.Endpoints = arm.Endpoints{Management: c.http.URL, Blob: c.http.URL}
	c.server, err = arm.NewServer(o)
	require.NoError(t, err)
	handler.Handle("/", c.server)
	t.Cleanup(func() {
		c.http.Close()
		c.server.Close()
		require.NoError(t, st.Close())
	})
	return c
}

// workspaces is a small provider: an asynchronous parent with a job, and a child.
func (c *cloud) workspaces() *arm.Provider {
	return &arm.Provider{Namespace: "Microsoft.OperationalInsights", Types: []*arm.Type{
		{
			Name: workspaceType, PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.Location,
			Global: func(name string) *arm.Error { return arm.Conflict("NameTaken", "The name '%s' is taken.", name) },
			Put: func(call *arm.Call, w *arm.Write) *arm.Error {
				w.New.Properties()["provisioningState"] = "Creating"
				identity, err := call.SystemIdentity(w)
				if err != nil {
					return err
				}
				if identity != nil {
					w.New.Body["identity"] = identity
				}
				return call.Enqueue(w.New.ID, "provision", call.Now, map[string]any{"n": 1})
			},
			Delete: func(_ *arm.Call, r *arm.Resource) *arm.Error {
				c.deleted = append(c.deleted, r.ID.Name())
				return nil
			},
			Jobs: map[string]arm.Job{"provision": func(_ context.Context, s *arm.Server, r *arm.Resource,
				_ map[string]any) *arm.Error {
				c.jobs.Lock()
				c.jobRuns++
				fail := c.failJobs
				c.jobs.Unlock()
				if fail {
					return arm.BadRequest("ProvisioningFailed", "No capacity.")
				}
				err := s.Update(func(call *arm.Call) error {
					fresh, _ := call.Get(r.ID)
					fresh.Properties()["provisioningState"] = "Succeeded"
					if aerr := call.Save(fresh); aerr != nil {
						return aerr
					}
					return nil
				})
				if err != nil {
					return arm.Errorf(http.StatusInternalServerError, "InternalServerError", "%v", err)
				}
				return nil
			}},
			Actions: map[string]arm.Action{"sharedkeys": {Run: func(*arm.Call, *arm.Resource, map[string]any) (any,
				*arm.Error) {
				return map[string]any{"primarySharedKey": "TOPSECRET", "secondarySharedKey": "TOPSECRET"}, nil
			}}},
		},
		{Name: searchType, Delete: func(_ *arm.Call, r *arm.Resource) *arm.Error {
			c.deleted = append(c.deleted, r.ID.Name())
			return nil
		}},
	}}
}

type response struct {
	status int
	header http.Header
	body   map[string]any
}

func (r response) code() string {
	e, _ := r.body["error"].(map[string]any)
	s, _ := e["code"].(string)
	return s
}

func (c *cloud) as(p identity.Principal, method, path string, body any) response {
	c.t.Helper()
	token, _, err := c.dir.Issue(p, "https://management.azure.com")
	require.NoError(c.t, err)
	return c.do("Bearer "+token, method, path, body)
}

func (c *cloud) do(authorization, method, path string, body any) response {
	c.t.Helper()
	header := http.Header{}
	if authorization != "" {
		header.Set("Authorization", authorization)
	}
	return c.doWith(header, method, path, body)
}

func (c *cloud) doWith(header http.Header, method, path string, body any) response {
	c.t.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		require.NoError(c.t, err)
		r = bytes.NewReader(raw)
	}
	if !strings.HasPrefix(path, "http") {
		path = c.http.URL + path
	}
	req, err := http.NewRequest(method, path, r)
	require.NoError(c.t, err)
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	require.NoError(c.t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(c.t, err)
	out := response{status: resp.StatusCode, header: resp.Header}
	if len(raw) > 0 {
		require.NoError(c.t, json.Unmarshal(raw, &out.body), string(raw))
	}
	return out
}

func (c *cloud) put(path, version string, body any) response {
	return c.as(c.ownerA, http.MethodPut, path+"?api-version="+version, body)
}

func (c *cloud) get(path, version string) response {
	return c.as(c.ownerA, http.MethodGet, path+"?api-version="+version, nil)
}

func (c *cloud) del(path, version string) response {
	return c.as(c.ownerA, http.MethodDelete, path+"?api-version="+version, nil)
}

const (
	group     = "/subscriptions/" + subA + "/resourceGroups/rg"
	workspace = group + "/providers/Microsoft.OperationalInsights/workspaces/logs"
)

var (
	groupBody     = map[string]any{"location": "eastus"}
	workspaceBody = map[string]any{"location": "East US", "properties": map[string]any{"retentionInDays": 30}}
	searchBody    = map[string]any{"properties": map[string]any{"category": "c", "displayName": "d", "query": "T"}}
)

// settle polls an operation until it ends.
func (c *cloud) settle(url string) response {
	c.t.Helper()
	for range 500 {
		r := c.as(c.ownerA, http.MethodGet, url, nil)
		if r.status == http.StatusAccepted || r.body["status"] == "InProgress" {
			time.Sleep(time.Millisecond)
			continue
		}
		return r
	}
	c.t.Fatal("the operation did not end")
	return response{}
}

func TestRequestsAreChecked(t *testing.T) {
	c := newCloud(t)
	require.Equal(t, http.StatusCreated, c.put(group, groupVersion, groupBody).status)

	for _, tt := range []struct {
		name, method, path string
		body               any
		status             int
		code               string
	}{
		{"Ensure an api-version is demanded", "GET", group, nil, 400, "MissingApiVersionParameter"},
		{"Ensure an unpublished api-version is refused", "GET", group + "?api-version=1999-01-01", nil, 400,
			"NoRegisteredProviderFound"},
		{"Ensure an unknown namespace is refused", "GET", group + "/providers/Microsoft.Nothing/things/a?api-version=1",
			nil, 404, "InvalidResourceNamespace"},
		{"Ensure an unknown type is refused", "GET",
			group + "/providers/Microsoft.OperationalInsights/things/a?api-version=1", nil, 404, "InvalidResourceType"},
		{"Ensure an unknown subscription is refused", "GET", "/subscriptions/nope/resourceGroups/rg?api-version=" +
			groupVersion, nil, 404, "SubscriptionNotFound"},
		{"Ensure a missing resource is 404", "GET", workspace + "?api-version=" + workspaceVersion, nil, 404,
			"ResourceNotFound"},
		{"Ensure a missing resource group is named", "PUT", "/subscriptions/" + subA +
			"/resourceGroups/none/providers/" + workspaceType + "/w?api-version=" + workspaceVersion, workspaceBody,
			404, "ResourceGroupNotFound"},
		{"Ensure a child needs its parent", "PUT", workspace + "/savedSearches/s?api-version=" + searchVersion,
			searchBody, 404, "ParentResourceNotFound"},
		{"Ensure a body must be JSON", "PUT", workspace + "?api-version=" + workspaceVersion, "{", 400,
			"InvalidRequestContent"},
		{"Ensure an unknown property is refused", "PUT", workspace + "?api-version=" + workspaceVersion,
			map[string]any{"location": "eastus", "properties": map[string]any{"retention": 3}}, 400,
			"InvalidRequestContent"},
		{"Ensure a wrong type is refused", "PUT", workspace + "?api-version=" + workspaceVersion,
			map[string]any{"location": "eastus", "properties": map[string]any{"retentionInDays": "thirty"}}, 400,
			"InvalidRequestContent"},
		{"Ensure a missing location is refused", "PUT", workspace + "?api-version=" + workspaceVersion,
			map[string]any{}, 400, "LocationRequired"},
		{"Ensure an unknown action is refused", "POST", group + "/providers/" + workspaceType +
			"/w/explode?api-version=" + workspaceVersion, nil, 404, "InvalidResourceType"},
		{"Ensure PATCH needs the resource", "PATCH", workspace + "?api-version=" + workspaceVersion, map[string]any{},
			404, "ResourceNotFound"},
		{"Ensure empty segments are refused", "GET", "/subscriptions//resourceGroups/rg?api-version=" + groupVersion,
			nil, 400, "InvalidResourceId"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := c.as(c.ownerA, tt.method, tt.path, tt.body)
			require.Equal(t, tt.code, r.code(), r.body)
			require.Equal(t, tt.status, r.status)
			require.NotEmpty(t, r.header.Get("x-ms-request-id"))
			require.NotEmpty(t, r.header.Get("x-ms-correlation-request-id"))
		})
	}
}

func TestCallersAreAuthenticatedAndAuthorized(t *testing.T) {
	c := newCloud(t)
	path := group + "?api-version=" + groupVersion

	t.Run("Ensure a request without a token is refused", func(t *testing.T) {
		r := c.do("", "GET", path, nil)
		require.Equal(t, 401, r.status)
		require.Equal(t, "AuthenticationFailed", r.code())
		require.Contains(t, r.header.Get("WWW-Authenticate"), "Bearer")
	})
	t.Run("Ensure a made-up token is refused", func(t *testing.T) {
		require.Equal(t, "InvalidAuthenticationToken", c.do("Bearer eyJhbGciOiJub25lIn0.e30.", "GET", path, nil).code())
	})
	t.Run("Ensure a token for another service is refused", func(t *testing.T) {
		token, _, err := c.dir.Issue(c.ownerA, "https://storage.azure.com")
		require.NoError(t, err)
		require.Equal(t, "InvalidAuthenticationTokenAudience", c.do("Bearer "+token, "GET", path, nil).code())
	})
	t.Run("Ensure another tenant's token is refused", func(t *testing.T) {
		r := c.as(c.ownerB, "GET", path, nil)
		require.Equal(t, 401, r.status)
		require.Equal(t, "InvalidAuthenticationTokenTenant", r.code())
	})
	t.Run("Ensure a principal without a role is refused", func(t *testing.T) {
		var nobody identity.Principal
		require.NoError(t, c.store.Update(func(tx *store.Tx) (err error) {
			nobody, err = c.dir.AddServicePrincipal(tx, tenantA, "nobody", "nobody", "s")
			return err
		}))
		r := c.as(nobody, "PUT", path, groupBody)
		require.Equal(t, 403, r.status)
		require.Equal(t, "AuthorizationFailed", r.code())
		require.Contains(t, r.body["error"].(map[string]any)["message"],
			"Microsoft.Resources/subscriptions/resourceGroups/write")
	})
}

func TestResourcesLiveAndCascade(t *testing.T) {
	c := newCloud(t)
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).status)

	created := c.put(workspace, workspaceVersion, map[string]any{"location": "East " +
		"US", "identity": map[string]any{"type": "SystemAssigned"},
		"properties": map[string]any{"retentionInDays": 30, "customerId": "ignored"}})
	require.Equal(t, 201, created.status)
	require.Equal(t, "Succeeded", c.settle(created.header.Get("Azure-AsyncOperation")).body["status"])

	t.Run("Ensure GET shows computed properties and ignores read-only ones sent", func(t *testing.T) {
		got := c.get(strings.ToUpper(workspace[:20])+workspace[20:], workspaceVersion)
		require.Equal(t, 200, got.status)
		props := got.body["properties"].(map[string]any)
		require.Equal(t, "Succeeded", props["provisioningState"])
		require.NotContains(t, props, "customerId")
		require.Equal(t, "eastus", got.body["location"])
		require.Equal(t, workspace, got.body["id"])
		require.Equal(t, workspaceType, got.body["type"])
		require.NotEmpty(t, got.body["identity"].(map[string]any)["principalId"])
	})
	t.Run("Ensure an update keeps the system identity and a changed location is refused", func(t *testing.T) {
		before := c.get(workspace, workspaceVersion).body["identity"]
		r := c.put(workspace, workspaceVersion,
			map[string]any{"location": "eastus", "identity": map[string]any{"type": "SystemAssigned"}})
		require.Less(t, r.status, 300)
		c.settle(r.header.Get("Azure-AsyncOperation"))
		require.Equal(t, before, c.get(workspace, workspaceVersion).body["identity"])
		require.Equal(t, "InvalidResourceLocation",
			c.put(workspace, workspaceVersion, map[string]any{"location": "westus"}).code())
	})
	t.Run("Ensure PATCH merges", func(t *testing.T) {
		r := c.as(c.ownerA, "PATCH", workspace+"?api-version="+workspaceVersion,
			map[string]any{"tags": map[string]any{"a": "b"}})
		require.Less(t, r.status, 300, r.body)
		c.settle(r.header.Get("Azure-AsyncOperation"))
		got := c.get(workspace, workspaceVersion)
		require.Equal(t, map[string]any{"a": "b"}, got.body["tags"])
		require.Equal(t, "eastus", got.body["location"])
	})
	t.Run("Ensure names of a global type are unique over tenants", func(t *testing.T) {
		require.Equal(t, 201,
			c.as(c.ownerB, "PUT", "/subscriptions/"+subB+"/resourceGroups/rg?api-version="+groupVersion,
				groupBody).status)
		r := c.as(c.ownerB, "PUT",
			"/subscriptions/"+subB+"/resourceGroups/rg/providers/"+workspaceType+"/logs?api-version="+workspaceVersion,
			workspaceBody)
		require.Equal(t, "NameTaken", r.code())
	})
	t.Run("Ensure children are listed below their parent", func(t *testing.T) {
		require.Equal(t, 201, c.put(workspace+"/savedSearches/one", searchVersion, searchBody).status)
		require.Equal(t, 201, c.put(workspace+"/savedSearches/two", searchVersion, searchBody).status)
		require.Len(t, c.get(workspace+"/savedSearches", searchVersion).body["value"], 2)
		require.Len(t, c.get("/subscriptions/"+subA+"/providers/"+workspaceType, workspaceVersion).body["value"], 1)
	})
	t.Run("Ensure deleting the group deletes everything below, children first", func(t *testing.T) {
		r := c.del(group, groupVersion)
		require.Equal(t, 202, r.status)
		require.Equal(t, 204, c.settle(r.header.Get("Location")).status)
		require.ElementsMatch(t, []string{"one", "two"}, c.deleted[:2])
		require.Equal(t, "logs", c.deleted[2])
		require.Equal(t, "ResourceGroupNotFound", c.get(workspace, workspaceVersion).code())
	})
	t.Run("Ensure a deleted name is free again", func(t *testing.T) {
		require.Equal(t, 201, c.put(group, groupVersion, groupBody).status)
		r := c.put(workspace, workspaceVersion, workspaceBody)
		require.Equal(t, 201, r.status)
		c.settle(r.header.Get("Location"))
	})
	t.Run("Ensure deleting what is not there answers 204", func(t *testing.T) {
		require.Equal(t, 204, c.del(workspace+"/savedSearches/none", searchVersion).status)
	})
}

func TestAFailedJobFailsItsOperation(t *testing.T) {
	c := newCloud(t)
	c.failJobs = true
	c.put(group, groupVersion, groupBody)
	r := c.put(workspace, workspaceVersion, workspaceBody)
	op := c.settle(r.header.Get("Azure-AsyncOperation"))
	require.Equal(t, "Failed", op.body["status"])
	require.Equal(t, "ProvisioningFailed", op.body["error"].(map[string]any)["code"])
}

func TestJobsSurviveARestart(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	c.settle(c.put(workspace, workspaceVersion, workspaceBody).header.Get("Azure-AsyncOperation"))
	c.server.Close() // nobody runs jobs any more
	runs := c.jobRuns
	r := c.put(workspace, workspaceVersion, workspaceBody)
	require.Equal(t, "InProgress", c.as(c.ownerA, "GET", r.header.Get("Azure-AsyncOperation"), nil).body["status"])
	second, err := arm.NewServer(arm.Options{Store: c.store, Directory: c.dir,
		Providers: []*arm.Provider{resources.New(), c.workspaces()}, Endpoints: c.server.Endpoints()})
	require.NoError(t, err)
	defer second.Close()
	require.Equal(t, "Succeeded", c.settle(r.header.Get("Azure-AsyncOperation")).body["status"])
	require.Equal(t, runs+1, c.jobRuns)
}

func TestRoleAssignments(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	created := c.put(workspace, workspaceVersion,
		map[string]any{"location": "eastus", "identity": map[string]any{"type": "SystemAssigned"}})
	principal := created.body["identity"].(map[string]any)["principalId"].(string)
	assignment := workspace + "/providers/Microsoft.Authorization/roleAssignments/11111111-2222-3333-4444-555555555555"
	body := func(role, principal string) map[string]any {
		return map[string]any{"properties": map[string]any{"roleDefinitionId": "/subscriptions/" + subA +
			"/providers/Microsoft.Authorization/roleDefinitions/" + role, "principalId": principal,
			"principalType": "ServicePrincipal"}}
	}
	const reader, version = "acdd72a7-3385-48ef-bd42-f606fba81ae7", "2022-04-01"
	allowed := func(scope string) (ok bool) {
		require.NoError(t, c.store.View(func(tx *store.Tx) error {
			ok = c.dir.Allowed(tx, principal, scope, searchType+"/read", false)
			return nil
		}))
		return ok
	}

	require.Equal(t, "RoleDefinitionDoesNotExist",
		c.put(assignment, version, body("99999999-9999-9999-9999-999999999999", principal)).code())
	require.Equal(t, "PrincipalNotFound",
		c.put(assignment, version, body(reader, "99999999-9999-9999-9999-999999999999")).code())
	require.Equal(t, "PrincipalNotFound", c.put(assignment, version, body(reader, c.ownerB.ObjectID)).code(),
		"a principal of another tenant")
	require.Equal(t, "InvalidRoleAssignmentId",
		c.put(assignment[:len(assignment)-3], version, body(reader, principal)).code())
	require.False(t, allowed(workspace))

	r := c.put(assignment, version, body(reader, principal))
	require.Equal(t, 201, r.status, r.body)
	require.Equal(t, workspace, r.body["properties"].(map[string]any)["scope"])
	require.NotEmpty(t, r.body["properties"].(map[string]any)["createdOn"])
	require.True(t, allowed(workspace+"/savedSearches/x"), "inherited below the scope")
	require.False(t, allowed(group), "not above it")
	require.Equal(t, "RoleAssignmentExists",
		c.put(assignment[:len(assignment)-1]+"6", version, body(reader, principal)).code())
	require.Len(t, c.get(workspace+"/providers/Microsoft.Authorization/roleAssignments", version).body["value"], 1)

	require.Equal(t, 200, c.del(assignment, version).status)
	require.False(t, allowed(workspace))
}

func TestTheRequestLogHidesSecrets(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	c.put(workspace, workspaceVersion, workspaceBody)
	r := c.as(c.ownerA, "POST", workspace+"/sharedKeys?api-version="+workspaceVersion, nil)
	require.Equal(t, "TOPSECRET", r.body["primarySharedKey"])

	log := c.log.String()
	require.NotContains(t, log, "TOPSECRET")
	lines := strings.Split(strings.TrimSpace(log), "\n")
	require.Len(t, lines, 3)
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &line))
	require.Equal(t, "PUT", line["method"])
	require.Equal(t, workspace+"?api-version="+workspaceVersion, line["url"])
	require.Equal(t, c.ownerA.ObjectID, line["principal"])
	require.EqualValues(t, 201, line["status"])
	require.Equal(t, workspaceBody["location"], line["requestBody"].(map[string]any)["location"])
	require.Contains(t, line["responseBody"], "id")
	require.Contains(t, line, "time")
	require.Contains(t, line, "durationMs")
}
