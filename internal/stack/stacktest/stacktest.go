// Package stacktest is an Azure Resource Manager of canned answers, for tests of what is made of them.
package stacktest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/crossorg/crossorg/internal/stack"
)

// Azure answers with what Answers has for a method and path, "GET /subscriptions/…" in lower case: a function makes the
// answer anew each time, an int is a status with an error, everything else is the JSON body. What it lacks is 404.
type Azure struct {
	// Date is the time of its answers; the zero time is the machine's.
	Date time.Time

	mu      sync.Mutex
	answers map[string]any
	asked   []string
	url     string
	client  *http.Client
}

// New starts one; it ends with the test.
func New(t *testing.T, answers map[string]any) *Azure {
	a := &Azure{answers: map[string]any{}}
	for path, answer := range answers {
		a.answers[strings.ToLower(path)] = answer
	}
	server := httptest.NewTLSServer(http.HandlerFunc(a.serve))
	t.Cleanup(server.Close)
	a.url, a.client = server.URL, server.Client()
	return a
}

func (a *Azure) serve(w http.ResponseWriter, r *http.Request) {
	key := strings.ToLower(r.Method + " " + r.URL.Path)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, r.Method+" "+r.URL.RequestURI())
	answer, ok := a.answers[key]
	if !ok {
		answer = http.StatusNotFound
	}
	if anew, is := answer.(func() any); is {
		answer = anew()
	}
	if !a.Date.IsZero() {
		w.Header().Set("Date", a.Date.UTC().Format(http.TimeFormat))
	}
	w.Header().Set("Content-Type", "application/json")
	if status, is := answer.(int); is {
		w.WriteHeader(status)
		answer = map[string]any{"error": map[string]any{"code": strings.ReplaceAll(http.StatusText(status), " ", ""),
			"message": "as the test wants"}}
	}
	_ = json.NewEncoder(w).Encode(answer) // a client that went away fails its test by itself
}

// URL is the base of its paths.
func (a *Azure) URL() string { return a.url }

// Asked lists the requests so far.
func (a *Azure) Asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.asked...)
}

// Access reaches it as anybody.
func (a *Azure) Access() *stack.Access {
	return &stack.Access{
		Cloud: cloud.Configuration{Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: a.url, Audience: stack.ManagementAudience},
		}},
		Transport:  a.client,
		Credential: func(string) (azcore.TokenCredential, error) { return anybody{}, nil },
	}
}

type anybody struct{}

// GetToken implements azcore.TokenCredential.
func (anybody) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}
