package bridge_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/crossorg/crossorg/internal/bridge"
)

const (
	subscription = "11111111-1111-1111-1111-111111111111"
	tenant       = "22222222-2222-2222-2222-222222222222"
	clientID     = "33333333-3333-3333-3333-333333333333"
	objectID     = "44444444-4444-4444-4444-444444444444"
	clientSecret = "not-for-logs"

	groupID   = "/subscriptions/" + subscription + "/resourceGroups/contoso"
	accountID = groupID + "/providers/Microsoft.Storage/storageAccounts/contosodata"
)

// call is a request that the scripted Azure saw.
type call struct {
	method, path, version string
	body                  map[string]any
}

// fakeARM is a scripted Azure Resource Manager and authority: it keeps what is PUT and answers as a test tells it to.
type fakeARM struct {
	*httptest.Server
	mu      sync.Mutex
	bodies  map[string]map[string]any // by lower-case id
	calls   []call
	tokens  []string // clients that signed in
	scripts []script
}

// script answers requests of a method to a path instead of the store, until it returns false.
type script struct {
	method, path string
	answer       func(w http.ResponseWriter, r *http.Request, body map[string]any) bool
}

func newARM(t *testing.T) *fakeARM {
	t.Helper()
	a := &fakeARM{bodies: map[string]map[string]any{}}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(a.serve))
	a.Config.ErrorLog = nil
	t.Cleanup(a.Close)
	return a
}

// on adds a script. Later scripts go first.
func (a *fakeARM) on(
	method, path string, answer func(w http.ResponseWriter, r *http.Request, body map[string]any) bool,
) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.scripts = append([]script{{method, path, answer}}, a.scripts...)
}

// times wraps an answer that is given n times.
func times(n int, answer func(w http.ResponseWriter)) func(http.ResponseWriter, *http.Request, map[string]any) bool {
	var mu sync.Mutex
	return func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
		mu.Lock()
		defer mu.Unlock()
		if n == 0 {
			return false
		}
		n--
		answer(w)
		return true
	}
}

// put places a resource, as if somebody else had made it.
func (a *fakeARM) put(id string, body map[string]any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.bodies[strings.ToLower(id)] = decorate(id, body)
}

func (a *fakeARM) resource(id string) map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.bodies[strings.ToLower(id)]
}

func (a *fakeARM) forget(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.bodies, strings.ToLower(id))
}

// seen returns the requests of a method, or all for "".
func (a *fakeARM) seen(method string) []call {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []call
	for _, c := range a.calls {
		if method == "" || c.method == method {
			out = append(out, c)
		}
	}
	return out
}

func (a *fakeARM) methods() []string {
	var out []string
	for _, c := range a.seen("") {
		out = append(out, c.method)
	}
	return out
}

func (a *fakeARM) reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = nil
}

// decorate adds what ARM adds: the envelope, and a few properties of storage accounts.
func decorate(id string, body map[string]any) map[string]any {
	out := maps.Clone(body)
	out["id"], out["name"] = id, id[strings.LastIndex(id, "/")+1:]
	if _, typ, ok := strings.Cut(id, "/providers/"); ok {
		parts := strings.Split(typ, "/")
		name := parts[0]
		for i := 1; i < len(parts); i += 2 {
			name += "/" + parts[i]
		}
		out["type"] = name
	}
	props, _ := out["properties"].(map[string]any)
	props = maps.Clone(props)
	if props == nil {
		props = map[string]any{}
	}
	if out["type"] == "Microsoft.Storage/storageAccounts" {
		for name, v := range map[string]any{"accessTier": "Hot", "creationTime": "2025-01-01T00:00:00Z",
			"networkAcls": map[string]any{
				"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{}, "virtualNetworkRules": []any{},
			}} {
			given, nested := props[name].(map[string]any)
			if !nested {
				if props[name] == nil {
					props[name] = v
				}
				continue
			}
			filled := maps.Clone(v.(map[string]any))
			maps.Copy(filled, given)
			props[name] = filled
		}
	}
	props["provisioningState"] = "Succeeded"
	delete(props, "adminPassword")
	out["properties"] = props
	return out
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func fail(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

func (a *fakeARM) serve(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer": a.URL + "/" + tenant + "/v2.0", "token_endpoint": a.URL + "/" + tenant + "/oauth2/v2.0/token",
			"authorization_endpoint": a.URL + "/" + tenant + "/oauth2/v2.0/authorize",
		})
		return
	}
	if strings.HasSuffix(r.URL.Path, "/token") {
		a.token(w, r)
		return
	}
	body := map[string]any{}
	payload, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(payload, &body)
	a.mu.Lock()
	a.calls = append(a.calls, call{r.Method, r.URL.EscapedPath(), r.URL.Query().Get("api-version"), body})
	scripts := a.scripts
	a.mu.Unlock()
	for _, s := range scripts {
		if s.method == r.Method && strings.HasPrefix(strings.ToLower(r.URL.EscapedPath()), strings.ToLower(s.path)) &&
			s.answer(w, r, body) {
			return
		}
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
		fail(w, http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed.")
		return
	}
	id := r.URL.EscapedPath()
	switch r.Method {
	case http.MethodGet:
		if found := a.resource(id); found != nil {
			writeJSON(w, http.StatusOK, found)
			return
		}
		fail(w, http.StatusNotFound, "ResourceNotFound", "The Resource was not found.")
	case http.MethodPut:
		a.put(id, body)
		writeJSON(w, http.StatusOK, a.resource(id))
	case http.MethodDelete:
		a.forget(id)
		w.WriteHeader(http.StatusNoContent)
	default:
		fail(w, http.StatusMethodNotAllowed, "MethodNotAllowed", "not scripted")
	}
}

func (a *fakeARM) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	a.mu.Lock()
	a.tokens = append(a.tokens, r.PostForm.Get("client_id"))
	a.mu.Unlock()
	if r.PostForm.Get("client_secret") != clientSecret {
		writeJSON(w, http.StatusUnauthorized, map[string]any{
			"error":             "invalid_client",
			"error_description": "AADSTS7000215: Invalid client secret provided.",
		})
		return
	}
	token, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"oid": objectID, "tid": tenant, "appid": r.PostForm.Get("client_id"), "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString([]byte("test"))
	writeJSON(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": token})
}

func (a *fakeARM) options() bridge.Options {
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate())
	return bridge.Options{
		Management: a.URL, Authority: a.URL, RootCAs: roots,
		Default: bridge.Credentials{TenantID: tenant, SubscriptionID: subscription, ClientID: clientID,
			ClientSecret: clientSecret},
		Subscriptions: []string{subscription},
	}
}

// dial starts a bridge before the scripted Azure and returns a connection to it.
func (a *fakeARM) dial(t *testing.T) pulumirpc.ResourceProviderClient {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	server, err := bridge.Serve(ctx, a.options())
	require.NoError(t, err)
	t.Cleanup(func() { cancel(); require.NoError(t, server.Close()) })
	return connect(t, server)
}

func connect(t *testing.T, server *bridge.Server) pulumirpc.ResourceProviderClient {
	t.Helper()
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", server.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return pulumirpc.NewResourceProviderClient(conn)
}

// configured is dial and a plain Configure.
func (a *fakeARM) configured(t *testing.T) pulumirpc.ResourceProviderClient {
	t.Helper()
	p := a.dial(t)
	_, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{})
	require.NoError(t, err)
	return p
}

type m = resource.PropertyMap

func text(s string) resource.PropertyValue { return resource.NewStringProperty(s) }

func object(members m) resource.PropertyValue { return resource.NewObjectProperty(members) }

var someValue = resource.MakeComputed(text(""))

func pack(t *testing.T, props m) *structpb.Struct {
	t.Helper()
	s, err := plugin.MarshalProperties(props, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(t, err)
	return s
}

func unpack(t *testing.T, s *structpb.Struct) m {
	t.Helper()
	props, err := plugin.UnmarshalProperties(s, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	require.NoError(t, err)
	return props
}

func urn(token, name string) string {
	return "urn:pulumi:dev::crossorg::azure-native:" + token + "::" + name
}

// account are inputs of a storage account.
func account(more m) m {
	inputs := m{
		"accountName": text("contosodata"), "resourceGroupName": text("contoso"), "location": text("eastus"),
		"kind": text("StorageV2"), "sku": object(m{"name": text("Standard_LRS")}),
	}
	maps.Copy(inputs, more)
	return inputs
}

const accountToken = "storage:StorageAccount"

// create makes a resource and returns its id and its state.
func create(t *testing.T, p pulumirpc.ResourceProviderClient, token string, inputs m) (string, *structpb.Struct) {
	t.Helper()
	resp, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(token, "res"), Properties: pack(t, inputs)})
	require.NoError(t, err)
	return resp.GetId(), resp.GetProperties()
}
