package conformance_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/conformance"
)

// verdict stands in for *testing.T: it takes down what a promise reports instead of failing this test.
type verdict struct {
	mu       sync.Mutex
	failures []string
	cleanup  []func()
}

func (v *verdict) Errorf(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.failures = append(v.failures, fmt.Sprintf(format, args...))
}

func (v *verdict) FailNow() {
	v.Errorf("stopped")
	runtime.Goexit()
}

func (v *verdict) Helper()             {}
func (v *verdict) Cleanup(f func())    { v.cleanup = append(v.cleanup, f) }
func (v *verdict) Logf(string, ...any) {}
func (v *verdict) kept() bool          { return len(v.failures) == 0 }
func (v *verdict) String() string      { return strings.Join(v.failures, "\n") }
func (v *verdict) run(f func(v *verdict)) *verdict {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(v)
	}()
	<-done
	for i := len(v.cleanup) - 1; i >= 0; i-- {
		undone := make(chan struct{})
		go func() { // a cleanup may stop its goroutine, too
			defer close(undone)
			v.cleanup[i]()
		}()
		<-undone
	}
	return v
}

// liar is an Azure that changes answers on their way.
type liar struct {
	honest policy.Transporter
	// lie changes an answer, or returns it as it is. body may be replaced.
	lie func(req *http.Request, res *http.Response, body string) string
}

func (l liar) Do(req *http.Request) (*http.Response, error) {
	res, err := l.honest.Do(req)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if err := res.Body.Close(); err != nil {
		return nil, err
	}
	raw = []byte(l.lie(req, res, string(raw)))
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	res.Header.Del("Content-Length")
	return res, nil
}

// Each way of being broken must be noticed by the promises that are about it, which an honest Azure keeps.
func TestABrokenAzureBreaksItsPromises(t *testing.T) {
	is := func(req *http.Request, method, part string) bool {
		return req.Method == method && strings.Contains(req.URL.Path, part)
	}
	honest := embedded(t)
	for _, c := range []struct {
		name string
		lie  func(req *http.Request, res *http.Response, body string) string
		// broken are the keys of promises that must be seen to be broken by it.
		broken []string
	}{
		{
			name: "another error code",
			lie: func(_ *http.Request, res *http.Response, body string) string {
				if res.Header.Get("x-ms-error-code") == "5006" {
					res.Header.Set("x-ms-error-code", "5007")
				}
				return strings.ReplaceAll(body, `"code":"5006"`, `"code":"5007"`)
			},
			broken: []string{
				"Microsoft.DataShare/accounts/shares/dataSets: 5006 until the account's identity may read",
				"Microsoft.DataShare/accounts/shareSubscriptions/dataSetMappings: 5006 until the account's identity " +
					"may write",
			},
		},
		{
			name: "another status",
			lie: func(req *http.Request, res *http.Response, body string) string {
				if res.StatusCode == http.StatusNotFound && is(req, http.MethodGet, "/storageAccounts/") {
					res.StatusCode = http.StatusConflict
				}
				return body
			},
			broken: []string{"Azure Resource Manager: resource not found", "Microsoft.Storage/storageAccounts: delete"},
		},
		{
			name: "a property that was not kept",
			lie: func(req *http.Request, _ *http.Response, body string) string {
				if is(req, http.MethodGet, "/storageAccounts/") {
					return strings.ReplaceAll(body, `"minimumTlsVersion":"TLS1_2"`, `"minimumTlsVersion":"TLS1_0"`)
				}
				return body
			},
			broken: []string{"Microsoft.Storage/storageAccounts: create and read",
				"Microsoft.Storage/storageAccounts: update", "Microsoft.Storage/storageAccounts: recreate"},
		},
		{
			name: "an empty list",
			lie: func(req *http.Request, res *http.Response, body string) string {
				if req.Method == http.MethodGet && strings.HasPrefix(body, `{"value":[`) {
					return `{"value":[]}`
				}
				return body
			},
			broken: []string{"Microsoft.KeyVault/vaults: list", "Microsoft.DataShare/accounts/shares: list",
				"Microsoft.KeyVault/vaults: soft delete"},
		},
		{
			name: "a refusal that is none",
			lie: func(req *http.Request, res *http.Response, body string) string {
				if res.StatusCode == http.StatusForbidden {
					res.StatusCode = http.StatusOK
					return `{}`
				}
				return body
			},
			broken: []string{"Microsoft.Authorization/roleAssignments: no role, no access",
				"Microsoft.DataShare/accounts/shares/dataSets: 5006 until the account's identity may read"},
		},
		{
			name: "a blob that was altered",
			lie: func(_ *http.Request, _ *http.Response, body string) string {
				return strings.ReplaceAll(body, "TXN001,15000.00", "TXN001,15000.01")
			},
			broken: []string{"Data Share snapshots: content"},
		},
		{
			name: "an operation that never succeeds",
			lie: func(_ *http.Request, _ *http.Response, body string) string {
				return strings.ReplaceAll(body, `"status":"Succeeded"`, `"status":"Failed"`)
			},
			broken: []string{"Azure Resource Manager: asynchronous operation", "Microsoft.DataShare/accounts: delete"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			env := *honest
			env.Transport = liar{honest: honest.Transport, lie: c.lie}
			for _, key := range c.broken {
				i := slices.IndexFunc(conformance.Promises(),
					func(p conformance.Promise) bool { return p.Key() == key })
				require.GreaterOrEqual(t, i, 0, "no promise is called %q", key)
				p := conformance.Promises()[i]
				good := (&verdict{}).run(func(v *verdict) { conformance.NewSuite(honest).Ask(v, p) })
				require.True(t, good.kept(), "%s: %s", key, good)
				bad := (&verdict{}).run(func(v *verdict) { conformance.NewSuite(&env).Ask(v, p) })
				assert.False(t, bad.kept(), "%q was not seen to be broken", key)
			}
		})
	}
}

func TestAPromiseThatIsIncompleteIsFound(t *testing.T) {
	good := conformance.Promise{Name: "n", Area: "a", Statement: "s", Source: "https://learn.microsoft.com/azure/",
		Test: func(*conformance.T) {}}
	require.NoError(t, conformance.Check([]conformance.Promise{good}))
	for name, change := range map[string]func(p *conformance.Promise){
		"no source":                   func(p *conformance.Promise) { p.Source = "" },
		"no test":                     func(p *conformance.Promise) { p.Test = nil },
		"no statement":                func(p *conformance.Promise) { p.Statement = "" },
		"a source for no code":        func(p *conformance.Promise) { p.CodeSource = "https://learn.microsoft.com/azure/" },
		"documented and undocumented": func(p *conformance.Promise) { p.Code, p.Undocumented = "x", true },
	} {
		bad := good
		change(&bad)
		require.Error(t, conformance.Check([]conformance.Promise{bad}), name)
	}
	require.Error(t, conformance.Check([]conformance.Promise{good, good}), "a name used twice")
}
