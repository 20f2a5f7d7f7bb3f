package durability

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var project, _ = filepath.Abs(filepath.Join("..", ".."))

// served is an embedded Azure in a process of its own, and a signed-in client of it that sends every request once.
type served struct {
	t              *testing.T
	Management     string `json:"management"`
	Authority      string `json:"authority"`
	Blob           string `json:"blob"`
	CAFile         string `json:"caFile"`
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	ClientID       string `json:"clientId"`
	ObjectID       string `json:"objectId"`
	SecretFile     string `json:"secretFile"`

	process *exec.Cmd
	client  *http.Client
	tokens  map[string]string // by audience
}

// serve starts local serve on a home folder and signs in.
func serve(t *testing.T, tool, home string) *served {
	t.Helper()
	s := &served{t: t, process: exec.Command(tool, "local", "serve", "--home", home, "--json"),
		tokens: map[string]string{}}
	s.process.Dir = project
	var stderr bytes.Buffer
	s.process.Stderr = &stderr
	stdout, err := s.process.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.process.Start())
	t.Cleanup(func() { _ = s.process.Process.Kill() })
	if err := json.NewDecoder(stdout).Decode(s); err != nil {
		_ = s.process.Wait()
		require.FailNow(t, "local serve does not start", "%v\n%s", err, &stderr)
	}
	pem, err := os.ReadFile(s.CAFile)
	require.NoError(t, err)
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(pem))
	s.client = &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, MaxIdleConnsPerHost: 32,
	}}
	for _, audience := range []string{management, storage, vaults} {
		s.signIn(audience)
	}
	return s
}

// Audiences of tokens, which also say which of the endpoints a request is for.
const (
	management = "https://management.azure.com"
	storage    = "https://storage.azure.com"
	vaults     = "https://vault.azure.net"
)

func (s *served) signIn(audience string) {
	raw, err := os.ReadFile(s.SecretFile)
	require.NoError(s.t, err)
	var estate struct {
		Default struct{ ClientSecret string }
	}
	require.NoError(s.t, json.Unmarshal(raw, &estate))
	r, err := s.client.PostForm(s.Authority+"/"+s.TenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {s.ClientID}, "client_secret": {estate.Default.ClientSecret},
		"scope": {audience + "/.default"},
	})
	require.NoError(s.t, err)
	defer r.Body.Close()
	var token struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(s.t, json.NewDecoder(r.Body).Decode(&token))
	require.NotEmpty(s.t, token.AccessToken)
	s.tokens[audience] = token.AccessToken
}

// kill ends the process as a power button would: it runs nothing of its own any more.
func (s *served) kill() {
	require.NoError(s.t, s.process.Process.Kill())
	_ = s.process.Wait() // it did not exit of its own will, which is its error
	s.client.CloseIdleConnections()
}

// stop ends it in order.
func (s *served) stop() {
	s.client.CloseIdleConnections()
	require.NoError(s.t, s.process.Process.Signal(os.Interrupt))
	require.NoError(s.t, s.process.Wait())
}

// answer is what a request got.
type answer struct {
	status int
	head   http.Header
	body   []byte
}

func (a answer) ok() bool { return a.status >= 200 && a.status < 300 }

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal(a.body, &out), "%s", a.body)
	return out
}

func (a answer) xml(t *testing.T, into any) {
	t.Helper()
	require.NoError(t, xml.Unmarshal(a.body, into), "%s", a.body)
}

// ask sends a request and reads the whole answer; the error says that there was none. A body that is no []byte is sent
// as JSON.
func (s *served) ask(audience, method, at string, body any, headers ...string) (answer, error) {
	var raw []byte
	kind := "application/octet-stream"
	switch b := body.(type) {
	case nil:
	case []byte:
		raw = b
	default:
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
		kind = "application/json"
	}
	r, err := http.NewRequestWithContext(context.Background(), method, at, bytes.NewReader(raw))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+s.tokens[audience])
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	if audience == storage {
		r.Header.Set("x-ms-version", "2023-11-03")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	out := answer{status: res.StatusCode, head: res.Header}
	if out.body, err = io.ReadAll(res.Body); err != nil {
		return answer{}, err
	}
	return out, nil
}

// get reads what must be there.
func (s *served) get(audience, at string) answer {
	s.t.Helper()
	a, err := s.ask(audience, http.MethodGet, at, nil)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, a.status, "what is listed is there: %s: %s", at, a.body)
	return a
}

// list reads all pages of a list of Azure Resource Manager or of a vault.
func (s *served) list(audience, at string) (out []map[string]any) {
	s.t.Helper()
	for at != "" {
		page := s.get(audience, at).json(s.t)
		values, _ := page["value"].([]any)
		for _, v := range values {
			out = append(out, v.(map[string]any))
		}
		at, _ = page["nextLink"].(string)
	}
	return out
}

// arm is the address of a resource id.
func (s *served) arm(id, version string) string {
	return s.Management + id + "?api-version=" + version
}

func text(m map[string]any, path ...string) string {
	for _, p := range path[:len(path)-1] {
		m, _ = m[p].(map[string]any)
	}
	v, ok := m[path[len(path)-1]]
	if !ok || v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func lastPart(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }
