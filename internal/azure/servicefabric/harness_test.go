package servicefabric_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/servicefabric"
)

const (
	clusters  = armtest.Group + "/providers/Microsoft.ServiceFabric/managedClusters/"
	clusterID = clusters + "contosogov"
	nodesID   = clusterID + "/nodeTypes/primary"
	vaultID   = armtest.Group + "/providers/Microsoft.KeyVault/vaults/contoso-vault"
)

// azure is a control plane with the Service Fabric provider, and a web server that holds application packages.
type azure struct {
	*armtest.Azure
	web   *httptest.Server
	scale float64 // of the latency, from the next start of the control plane on

	mu    sync.Mutex
	files map[string][]byte
	hold  chan struct{} // while open, the web server does not answer
	asked int
}

func newAzure(t *testing.T) *azure {
	t.Parallel()
	a := &azure{files: map[string][]byte{}}
	a.web = httptest.NewTLSServer(http.HandlerFunc(a.serveFile))
	t.Cleanup(a.web.Close)
	a.Azure = armtest.New(t, armtest.Config{
		APIVersion: "2023-03-01-preview",
		Control:    func(o *arm.Options) { o.Latency.Scale = a.scale },
		Providers: func(*armtest.Azure) []*arm.Provider {
			// Node secrets come from a vault, whose own provider is not tested here.
			return append(armtest.Bare("Microsoft.KeyVault/vaults"), servicefabric.New(a.web.Client()))
		},
	})
	return a
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

// do sends a request, waits until its operation has ended, and returns the error that it ended with: code and message.
func (a *azure) do(method, path string, body any) (code, message string) {
	a.T.Helper()
	r := a.Contoso.Do(method, path, body).Wait()
	return r.Code(), r.Message()
}

// ok is do for a request that must succeed.
func (a *azure) ok(method, path string, body any) {
	a.T.Helper()
	a.Contoso.Do(method, path, body).Wait().OK()
}

// props are the properties of a resource that must be there.
func (a *azure) props(path string) m {
	a.T.Helper()
	return a.Contoso.Get(path).OK().Properties()
}

func (a *azure) gone(path string) bool {
	a.T.Helper()
	return a.Contoso.Get(path).Status == http.StatusNotFound
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
			<ServiceManifestImport>
				<ServiceManifestRef ServiceManifestName="AuditPkg" ServiceManifestVersion="1.0" />
			</ServiceManifestImport>
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
		<CodePackage Name="Code" Version="1.0">
			<EntryPoint><ExeHost><Program>audit.exe</Program></ExeHost></EntryPoint>
		</CodePackage>
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
