package servicefabric_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/resources"
	"github.com/crossorg/crossorg/internal/azure/servicefabric"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tenant   = "11111111-0000-0000-0000-000000000001"
	sub      = "11111111-0000-0000-0000-000000000002"
	owner    = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	version  = "2023-03-01-preview"
	audience = "https://management.azure.com"

	groupID   = "/subscriptions/" + sub + "/resourceGroups/govern"
	clusters  = groupID + "/providers/Microsoft.ServiceFabric/managedClusters/"
	clusterID = clusters + "contosogov"
	nodesID   = clusterID + "/nodeTypes/primary"
	vaultID   = groupID + "/providers/Microsoft.KeyVault/vaults/contoso-vault"
)

// azure is a control plane with the Service Fabric provider, a deployer who owns a subscription, and a web server that
// holds application packages.
type azure struct {
	t         *testing.T
	st        *store.Store
	dir       *identity.Directory
	front     *httptest.Server
	web       *httptest.Server
	principal identity.Principal

	mu     sync.Mutex
	server *arm.Server
	files  map[string][]byte
	hold   chan struct{} // while open, the web server does not answer
	asked  int
	scale  float64 // of the latency
}

func newAzure(t *testing.T) *azure {
	t.Parallel()
	st, err := store.Open(filepath.Join(t.TempDir(), "state.db"))
	require.NoError(t, err)
	a := &azure{t: t, st: st, files: map[string][]byte{}}
	a.front = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter,
		r *http.Request) {
		a.arm().ServeHTTP(w, r)
	}))
	a.web = httptest.NewTLSServer(http.HandlerFunc(a.serveFile))
	a.dir, err = identity.NewDirectory(st, a.front.URL, time.Now)
	require.NoError(t, err)
	a.start()
	t.Cleanup(func() {
		a.front.Close()
		a.arm().Close()
		a.web.Close()
		require.NoError(t, st.Close())
	})
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		if err := a.dir.AddSubscription(tx, identity.Subscription{ID: sub, TenantID: tenant}); err != nil {
			return err
		}
		var err error
		if a.principal, err = a.dir.AddServicePrincipal(tx, tenant, "deployer", "deployer", "secret"); err != nil {
			return err
		}
		return a.dir.Assign(tx, identity.Assignment{ID: "seed", PrincipalID: a.principal.ObjectID, RoleID: owner,
			Scope: "/subscriptions/" + sub})
	}))
	a.call(http.MethodPut, groupID, "2022-09-01", `{"location":"eastus"}`)
	return a
}

func (a *azure) start() {
	s, err := arm.NewServer(arm.Options{
		Store: a.st, Directory: a.dir, Endpoints: arm.Endpoints{Management: a.front.URL},
		Latency: arm.Latency{Scale: a.scale},
		Providers: []*arm.Provider{
			servicefabric.New(a.web.Client()), resources.New(),
			// Node secrets come from a vault, whose own provider is not what is tested here.
			{Namespace: "Microsoft.KeyVault", Types: []*arm.Type{{Name: "Microsoft.KeyVault/vaults"}}},
		},
	})
	require.NoError(a.t, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.server = s
}

func (a *azure) arm() *arm.Server {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.server
}

// serveFile answers with a package to whoever has the signature.
func (a *azure) serveFile(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	raw, ok := a.files[r.URL.Path]
	hold := a.hold
	a.asked++
	a.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			return
		}
	}
	switch {
	case r.URL.Query().Get("sig") != "letmein":
		w.WriteHeader(http.StatusForbidden)
	case !ok:
		w.WriteHeader(http.StatusNotFound)
	default:
		_, _ = w.Write(raw)
	}
}

// call sends a request and returns status, header and decoded body.
func (a *azure) call(method, path, apiVersion, body string) (int, http.Header, map[string]any) {
	a.t.Helper()
	if !strings.HasPrefix(path, "https://") {
		path = a.front.URL + path + "?api-version=" + apiVersion
	}
	req, err := http.NewRequestWithContext(context.Background(), method, path, bytes.NewBufferString(body))
	require.NoError(a.t, err)
	token, _, err := a.dir.Issue(a.principal, audience)
	require.NoError(a.t, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := a.front.Client().Do(req)
	require.NoError(a.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(a.t, err)
	out := map[string]any{}
	if len(raw) > 0 {
		require.NoError(a.t, json.Unmarshal(raw, &out), string(raw))
	}
	return res.StatusCode, res.Header, out
}

// do sends a request, waits until its operation has ended, and returns the error that it ended with: code and message.
func (a *azure) do(method, path string, body any) (string, string) {
	a.t.Helper()
	raw := ""
	if body != nil {
		b, err := json.Marshal(body)
		require.NoError(a.t, err)
		raw = string(b)
	}
	status, header, out := a.call(method, path, version, raw)
	if status < 300 && header.Get("Azure-AsyncOperation") != "" {
		require.Eventually(a.t, func() bool {
			_, _, out = a.call(http.MethodGet, header.Get("Azure-AsyncOperation"), "", "")
			return out["status"] != "InProgress"
		}, 10*time.Second, time.Millisecond)
		if out["status"] == "Succeeded" {
			return "", ""
		}
	} else if status < 300 {
		return "", ""
	}
	e, _ := out["error"].(m)
	code, _ := e["code"].(string)
	message, _ := e["message"].(string)
	require.NotEmpty(a.t, code, "%d %v", status, out)
	return code, message
}

// ok is do for a request that must succeed.
func (a *azure) ok(method, path string, body any) {
	a.t.Helper()
	code, message := a.do(method, path, body)
	require.Empty(a.t, code, message)
}

// get reads a resource that must be there; props are its properties.
func (a *azure) get(path string) m {
	a.t.Helper()
	status, _, out := a.call(http.MethodGet, path, version, "")
	require.Equal(a.t, http.StatusOK, status, "%v", out)
	return out
}

func (a *azure) props(path string) m {
	a.t.Helper()
	p, _ := a.get(path)["properties"].(m)
	return p
}

func (a *azure) gone(path string) bool {
	status, _, _ := a.call(http.MethodGet, path, version, "")
	return status == http.StatusNotFound
}

type m = map[string]any

// changed is a body whose properties are changed: nil removes one.
func changed(body m, change m) m {
	raw, _ := json.Marshal(body) // maps of plain values
	var out m
	_ = json.Unmarshal(raw, &out)
	p := out["properties"].(m)
	for k, v := range change {
		if v == nil {
			delete(p, k)
		} else {
			p[k] = v
		}
	}
	return out
}

var goodCluster = m{"location": "eastus", "sku": m{"name": "Standard"}, "properties": m{
	"dnsName": "contoso-gov", "adminUserName": "governor", "adminPassword": "Correct-Horse-9",
	"clients": []m{{"isAdmin": true, "thumbprint": strings.Repeat("AB", 20)}},
}}

var goodNodes = m{"properties": m{
	"isPrimary": true, "vmInstanceCount": 5, "vmSize": "Standard_D2s_v3", "dataDiskSizeGB": 128,
	"vmImagePublisher": "MicrosoftWindowsServer", "vmImageOffer": "WindowsServer", "vmImageSku": "2019-Datacenter",
	"vmImageVersion": "latest",
}}

// ready makes a cluster with its primary node type.
func ready(t *testing.T) *azure {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	a.ok(http.MethodPut, nodesID, goodNodes)
	return a
}

// sfpkg makes an application package: its files by name. Without content of its own, a file has a default that fits.
func sfpkg(t *testing.T, typeName, typeVersion string, serviceTypes ...string) []byte {
	files := map[string]string{
		"ApplicationManifest.xml": fmt.Sprintf(`<ApplicationManifest xmlns="http://schemas.microsoft.com/2011/01/fabric" ApplicationTypeName=%q ApplicationTypeVersion=%q>
			<Parameters><Parameter Name="Audience" DefaultValue="all" /></Parameters>
			<ServiceManifestImport><ServiceManifestRef ServiceManifestName="AuditPkg" ServiceManifestVersion="1.0" /></ServiceManifestImport>
		</ApplicationManifest>`, typeName, typeVersion),
		"AuditPkg/ServiceManifest.xml": serviceManifest(serviceTypes...),
		"AuditPkg/Code/audit.exe":      "MZ",
	}
	return zipped(t, files)
}

func serviceManifest(serviceTypes ...string) string {
	var types string
	for _, s := range serviceTypes {
		kind, name, _ := strings.Cut(s, ":")
		types += fmt.Sprintf(`<%sServiceType ServiceTypeName=%q UseImplicitHost="true" />`, kind, name)
	}
	return `<ServiceManifest xmlns="http://schemas.microsoft.com/2011/01/fabric" Name="AuditPkg" Version="1.0">
		<ServiceTypes>` + types + `</ServiceTypes>
		<CodePackage Name="Code" Version="1.0"><EntryPoint><ExeHost><Program>audit.exe</Program></ExeHost></EntryPoint></CodePackage>
	</ServiceManifest>`
}

func zipped(t *testing.T, files map[string]string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		f, err := w.Create(name)
		require.NoError(t, err)
		_, err = io.WriteString(f, content)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return b.Bytes()
}

// publish puts a package on the web server and returns the body of a version that leads to it.
func (a *azure) publish(name string, raw []byte) m {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.files["/"+name] = raw
	return m{"properties": m{"appPackageUrl": a.web.URL + "/" + name + "?sp=r&sig=letmein"}}
}
