package conformance

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"
)

// TB is what a promise reports to; *testing.T is one.
type TB interface {
	require.TestingT
	Helper()
	Cleanup(func())
	Logf(format string, args ...any)
}

// T is one promise being asked of one Azure.
type T struct {
	TB
	Env   *Env
	suite *Suite
}

// Suite asks promises of one Azure. What several promises need and none of them changes (a storage account to keep
// containers in, a Data Share account) is made once, in one resource group for each organization.
type Suite struct {
	env     *Env
	mu      sync.Mutex
	shared  map[string]*fixture
	cleanup []func(t *T)
}

type fixture struct {
	once sync.Once
	made any
}

// NewSuite prepares to ask promises of an Azure.
func NewSuite(env *Env) *Suite { return &Suite{env: env, shared: map[string]*fixture{}} }

// Ask asks one promise.
func (s *Suite) Ask(tb TB, p Promise) {
	p.Test(&T{TB: tb, Env: s.env, suite: s})
}

// Close deletes everything that the suite made for all promises, with the resource groups that promises made resources
// in.
func (s *Suite) Close(tb TB) {
	s.mu.Lock()
	undo := s.cleanup
	s.cleanup = nil
	s.mu.Unlock()
	for i := len(undo) - 1; i >= 0; i-- {
		undo[i](&T{TB: tb, Env: s.env, suite: s})
	}
}

// share returns what make makes, made once for the whole suite. A failure to make it fails every promise that needs it.
func share[V any](t *T, name string, make func() V) V {
	t.Helper()
	t.suite.mu.Lock()
	f := t.suite.shared[name]
	if f == nil {
		f = &fixture{}
		t.suite.shared[name] = f
	}
	t.suite.mu.Unlock()
	f.once.Do(func() { f.made = make() })
	made, ok := f.made.(V)
	require.True(t, ok, "%s, which several promises share, could not be made", name)
	return made
}

// atEnd runs undo when the suite closes.
func (t *T) atEnd(undo func(t *T)) {
	t.suite.mu.Lock()
	defer t.suite.mu.Unlock()
	t.suite.cleanup = append(t.suite.cleanup, undo)
}

// ctx is the context of every request: a promise has no deadline of its own, its test run has.
func (t *T) ctx() context.Context { return context.Background() }

// options configure the SDK's clients for Azure Resource Manager.
func (t *T) options() *arm.ClientOptions {
	return &arm.ClientOptions{
		DisableRPRegistration: true, // registering is a promise of its own
		ClientOptions:         t.clientOptions(),
	}
}

func (t *T) clientOptions() policy.ClientOptions {
	return policy.ClientOptions{Cloud: t.Env.Cloud, Transport: t.Env.Transport}
}

// name makes a name for a resource that no other one has: the prefix and random lowercase letters and digits, n
// characters in all. It is legal for every type that the promises are about.
func (t *T) name(n int) string {
	const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
	raw := make([]byte, n-len(t.Env.Prefix))
	_, _ = rand.Read(raw) // never fails: it ends the program instead
	for i, b := range raw {
		raw[i] = alphabet[int(b)%len(alphabet)]
	}
	return t.Env.Prefix + string(raw)
}

// poll waits for an operation to end. The SDK's own waiting is never shorter than a second.
func poll[V any](t *T, p *runtime.Poller[V]) (V, error) {
	deadline := time.Now().Add(max(t.Env.Patience, time.Minute))
	for !p.Done() {
		if _, err := p.Poll(t.ctx()); err != nil {
			return *new(V), err
		}
		if p.Done() {
			break
		}
		if time.Now().After(deadline) {
			return *new(V), errors.New("the operation took too long")
		}
		time.Sleep(t.Env.Poll)
	}
	return p.Result(t.ctx())
}

// done waits for an operation that was begun; it is made for the two results of a client's Begin method.
func done[V any](t *T, p *runtime.Poller[V], err error) (V, error) {
	if err != nil {
		return *new(V), err
	}
	return poll(t, p)
}

// must is done for an operation that has to succeed.
func must[V any](t *T, p *runtime.Poller[V], err error) V {
	t.Helper()
	v, err := done(t, p, err)
	require.NoError(t, err)
	return v
}

// collect gathers what items takes from each page of a list.
func collect[P, V any](t *T, pager *runtime.Pager[P], items func(P) []V) []V {
	t.Helper()
	var out []V
	for pager.More() {
		page, err := pager.NextPage(t.ctx())
		require.NoError(t, err)
		out = append(out, items(page)...)
	}
	return out
}

// pages collects a list of Azure Resource Manager: V is an element of the field Value that its pages have.
func pages[V, P any](t *T, pager *runtime.Pager[P]) []V {
	t.Helper()
	return collect(t, pager, func(page P) []V {
		value := reflect.ValueOf(page).FieldByName("Value")
		require.True(t, value.IsValid(), "%T has no field Value", page)
		items, ok := value.Interface().([]V)
		require.True(t, ok, "the field Value of %T is %s", page, value.Type())
		return items
	})
}

// listedIDs are the ids of the resources in a list of Azure Resource Manager.
func listedIDs[P any](t *T, pager *runtime.Pager[P]) []string {
	t.Helper()
	return collect(t, pager, func(page P) []string {
		raw, err := json.Marshal(page)
		require.NoError(t, err)
		var list struct{ Value []struct{ ID string } }
		require.NoError(t, json.Unmarshal(raw, &list))
		ids := make([]string, len(list.Value))
		for i, item := range list.Value {
			ids[i] = item.ID
		}
		return ids
	})
}

// eventually waits until something that takes time has come about.
func (t *T) eventually(what string, holds func() bool) {
	t.Helper()
	deadline := time.Now().Add(t.Env.Patience)
	for !holds() {
		if time.Now().After(deadline) {
			require.FailNow(t, "waited in vain", what)
		}
		time.Sleep(t.Env.Poll)
	}
}

// until repeats an attempt while it is refused for want of a role that has just been assigned: Azure needs up to ten
// minutes to let an assignment hold everywhere.
// Source: https://learn.microsoft.com/azure/role-based-access-control/troubleshooting
func (t *T) until(attempt func() error) error {
	deadline := time.Now().Add(t.Env.Patience)
	for {
		err := attempt()
		var re *azcore.ResponseError
		if err == nil || !errors.As(err, &re) || re.StatusCode != http.StatusForbidden &&
			re.StatusCode != http.StatusUnauthorized || time.Now().After(deadline) {
			return err
		}
		time.Sleep(t.Env.Poll)
	}
}

// response finds the answer that an SDK client reports as an error.
func (t *T) response(err error) *azcore.ResponseError {
	t.Helper()
	require.Error(t, err, "the request was to be refused")
	var re *azcore.ResponseError
	require.ErrorAs(t, err, &re)
	return re
}

// refused asserts a refusal with the documented status and code, and returns the message.
func (t *T) refused(err error, status int, code string) string {
	t.Helper()
	re := t.response(err)
	require.Equal(t, code, re.ErrorCode, re.Error())
	require.Equal(t, status, re.StatusCode, re.Error())
	return re.Error()
}

// refusedWith asserts a refusal with a documented code whose status the documentation leaves open.
func (t *T) refusedWith(err error, code string) string {
	t.Helper()
	re := t.response(err)
	require.Equal(t, code, re.ErrorCode, re.Error())
	require.True(t, re.StatusCode >= 400 && re.StatusCode < 500, re.Error())
	return re.Error()
}

// refusedSomehow asserts that a request is refused as the caller's fault, where no documentation gives the code. The
// answer must still carry one.
func (t *T) refusedSomehow(err error) string {
	t.Helper()
	re := t.response(err)
	require.True(t, re.StatusCode >= 400 && re.StatusCode < 500 && re.StatusCode != http.StatusTooManyRequests,
		re.Error())
	require.NotEmpty(t, re.ErrorCode, re.Error())
	return re.Error()
}

// objectID is the object id of an organization's principal, from the claim oid of its token.
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
func (t *T) objectID(o *Org) string {
	t.Helper()
	if o.ObjectID != "" {
		return o.ObjectID
	}
	return share(t, "object id of "+o.Tenant+" "+o.ClientID, func() string {
		token, err := o.Credential.GetToken(t.ctx(), policy.TokenRequestOptions{Scopes: []string{t.scope()}})
		require.NoError(t, err)
		id, _ := claims(t, token.Token)["oid"].(string)
		require.NotEmpty(t, id, "the token has no claim oid")
		return id
	})
}

// scope is what tokens for Azure Resource Manager are asked for.
func (t *T) scope() string {
	return strings.TrimSuffix(t.Env.Cloud.Services["resourceManager"].Audience, "/") + "/.default"
}

// claims reads what a token says, without checking who says it.
func claims(t *T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3, "an access token is a JSON Web Token")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out))
	return out
}
