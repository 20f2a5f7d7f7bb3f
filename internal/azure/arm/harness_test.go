package arm_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/authorization"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

const (
	subscription     = "/subscriptions/" + armtest.Subscription
	groupVersion     = "2022-09-01"
	workspaceType    = "Microsoft.OperationalInsights/workspaces"
	searchType       = workspaceType + "/savedSearches"
	workspaceVersion = "2022-10-01"
	searchVersion    = "2020-08-01"
)

// cloud is a control plane with a provider of workspaces that records its calls.
type cloud struct {
	*armtest.Azure
	deleted  []string
	jobs     sync.Mutex
	jobRuns  int
	failJobs bool
}

type response = armtest.Response

func newCloud(t testing.TB) *cloud { return newCloudOf(t, armtest.Config{}) }

// these are providers that do not depend on the cloud.
func these(providers ...*arm.Provider) armtest.Config {
	return armtest.Config{Providers: func(*armtest.Azure) []*arm.Provider { return providers }}
}

// newCloudOf makes a cloud. Without providers it gets role assignments and workspaces.
func newCloudOf(t testing.TB, config armtest.Config) *cloud {
	c := &cloud{}
	if config.Providers == nil {
		config.Providers = func(a *armtest.Azure) []*arm.Provider {
			return []*arm.Provider{authorization.New(a.Directory), c.workspaces()}
		}
	}
	c.Azure = armtest.New(t, config)
	return c
}

func (c *cloud) as(p identity.Principal, method, path string, body any) response {
	c.T.Helper()
	return c.As(p).Do(method, path, body)
}

func (c *cloud) do(authorization, method, path string, body any) response {
	c.T.Helper()
	if authorization == "" {
		return c.Send(method, path, body)
	}
	return c.Send(method, path, body, "Authorization", authorization)
}

func (c *cloud) put(path, version string, body any) response {
	c.T.Helper()
	return c.Contoso.Put(path+"?api-version="+version, body)
}

func (c *cloud) get(path, version string) response {
	c.T.Helper()
	return c.Contoso.Get(path + "?api-version=" + version)
}

func (c *cloud) del(path, version string) response {
	c.T.Helper()
	return c.Contoso.Delete(path + "?api-version=" + version)
}

func advance(t *testing.T, c *cloud, by time.Duration) {
	t.Helper()
	c.Advance(by)
}

// workspaces is a small provider: an asynchronous parent with a job, and a child.
func (c *cloud) workspaces() *arm.Provider {
	return &arm.Provider{Namespace: "Microsoft.OperationalInsights", Types: []*arm.Type{
		{
			Name: workspaceType, PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.Location,
			Global: func(name string) *arm.Error { return arm.Conflict("NameTaken", "The name '%s' is taken.", name) },
			Put: func(call *arm.Call, w *arm.Write) *arm.Error {
				w.New.Properties()["provisioningState"] = "Creating"
				if err := call.CompleteIdentity(w); err != nil {
					return err
				}
				return call.Enqueue(w.New.ID, "provision", call.Now, map[string]any{"n": 1})
			},
			Delete: func(_ *arm.Call, r *arm.Resource) *arm.Error {
				c.deleted = append(c.deleted, r.ID.Name())
				return nil
			},
			Jobs:    map[string]arm.Job{"provision": c.provision},
			Actions: map[string]arm.Action{"sharedkeys": {Run: sharedKeys}},
		},
		{Name: searchType, Delete: func(_ *arm.Call, r *arm.Resource) *arm.Error {
			c.deleted = append(c.deleted, r.ID.Name())
			return nil
		}},
	}}
}

// provision is the job of a new workspace.
func (c *cloud) provision(_ context.Context, s *arm.Server, r *arm.Resource, _ map[string]any) *arm.Error {
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
		return arm.InternalError(err)
	}
	return nil
}

func sharedKeys(*arm.Call, *arm.Resource, map[string]any) (any, *arm.Error) {
	return map[string]any{"primarySharedKey": "TOPSECRET", "secondarySharedKey": "TOPSECRET"}, nil
}

const (
	group     = subscription + "/resourceGroups/rg"
	workspace = group + "/providers/Microsoft.OperationalInsights/workspaces/logs"
)

var (
	groupBody     = map[string]any{"location": "eastus"}
	workspaceBody = map[string]any{"location": "East US", "properties": map[string]any{"retentionInDays": 30}}
	searchBody    = map[string]any{"properties": map[string]any{"category": "c", "displayName": "d", "query": "T"}}
)
