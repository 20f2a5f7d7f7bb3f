package monitor_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/monitor"
)

const providers = armtest.Group + "/providers/"

// azure is a control plane with the monitoring providers, and types that diagnostic settings can watch.
type azure struct{ *armtest.Azure }

func newAzure(t *testing.T) *azure {
	t.Parallel()
	return &azure{armtest.New(t, armtest.Config{Providers: func(*armtest.Azure) []*arm.Provider {
		watched := append(armtest.Bare("Microsoft.DataShare/accounts", "Microsoft.KeyVault/vaults"),
			&arm.Provider{Namespace: "Microsoft.Storage", Types: []*arm.Type{
				{Name: "Microsoft.Storage/storageAccounts"},
				{Name: "Microsoft.Storage/storageAccounts/blobServices", Implicit: []string{"default"}},
			}})
		return append(watched, monitor.New()...)
	}})}
}

// do sends a request under an api-version: the types of this package have different ones.
func (a *azure) do(method, path, version, body string) armtest.Response {
	a.T.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return a.Contoso.Do(method, path+separator+"api-version="+version, body)
}

// ok is the body of the answer to a request that must succeed.
func (a *azure) ok(method, path, version, body string) map[string]any {
	a.T.Helper()
	return a.do(method, path, version, body).OK().Body
}

// refused is the code and the message of the answer to a request that must be refused.
func (a *azure) refused(method, path, version, body string) (code, message string) {
	a.T.Helper()
	r := a.do(method, path, version, body)
	require.GreaterOrEqual(a.T, r.Status, 400, "%v", r.Body)
	return r.Code(), r.Message()
}

// props is the properties of a resource.
func props(r map[string]any) map[string]any { return jsonbody.Object(r, "properties") }
