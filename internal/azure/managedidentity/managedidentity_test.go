package managedidentity_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/managedidentity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const identities = armtest.Group + "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/"

func newAzure(t *testing.T) *armtest.Azure {
	t.Parallel()
	return armtest.New(t, armtest.Config{APIVersion: "2023-01-31", Providers: func(a *armtest.Azure) []*arm.Provider {
		return []*arm.Provider{managedidentity.New(a.Directory)}
	}})
}

func body() map[string]any { return map[string]any{"location": "eastus"} }

// credential trusts a subject; changes are properties in place of good ones.
func credential(subject string, changes map[string]any) map[string]any {
	properties := map[string]any{
		"issuer": "https://issuer.example", "subject": subject, "audiences": []any{"api://AzureADTokenExchange"},
	}
	for name, value := range changes {
		properties[name] = value
	}
	return map[string]any{"properties": properties}
}

func principal(a *armtest.Azure, identity armtest.Response) (p identity.Principal, found bool) {
	objectID := jsonbody.Text(identity.Properties(), "principalId")
	a.Update(func(c *arm.Call) *arm.Error {
		p, found = a.Directory.Principal(c.Tx, objectID)
		return nil
	})
	return p, found
}

func TestNamesOfIdentities(t *testing.T) {
	a := newAzure(t)
	for name, good := range map[string]bool{
		"abc": true, "1-b_C": true, strings.Repeat("a", 128): true,
		"ab": false, "_bc": false, "-bc": false, "a.c": false, strings.Repeat("a", 129): false,
	} {
		answer := a.Contoso.Put(identities+name, body())
		if good {
			answer.OK()
		} else {
			answer.Refused(http.StatusBadRequest, "InvalidResourceName")
		}
	}
}

func TestAnIdentityKeepsItsPrincipalUntilItIsDeleted(t *testing.T) {
	a := newAzure(t)
	made := a.Contoso.Put(identities+"services", body()).OK()
	require.Equal(t, http.StatusCreated, made.Status)
	p, found := principal(a, made)
	require.True(t, found)
	assert.Equal(t, armtest.Tenant, p.TenantID)
	assert.True(t, p.Managed, "Ensure it has no secret to sign in with")
	properties := made.Properties()
	assert.Equal(t, map[string]any{"tenantId": p.TenantID, "principalId": p.ObjectID, "clientId": p.ClientID},
		properties)

	tagged := body()
	tagged["tags"] = map[string]any{"stage": "two"}
	tagged["properties"] = map[string]any{"principalId": "another"}
	for _, again := range []armtest.Response{
		a.Contoso.Put(identities+"services", tagged), a.Contoso.Patch(identities+"services", tagged),
		a.Contoso.Get(identities + "services"),
	} {
		require.Equal(t, http.StatusOK, again.Status)
		assert.Equal(t, properties, again.Properties())
		assert.Equal(t, map[string]any{"stage": "two"}, again.Body["tags"])
	}

	a.Contoso.Delete(identities + "services").OK()
	_, found = principal(a, made)
	assert.False(t, found, "Ensure its tokens end to be valid")
}

func TestGoodAndBadCredentials(t *testing.T) {
	a := newAzure(t)
	a.Contoso.Put(identities+"services", body()).OK()
	long, longest := strings.Repeat("x", 601), strings.Repeat("x", 600)
	for name, c := range map[string]struct {
		changes map[string]any
		problem string
	}{
		"longest-subject":  {map[string]any{"subject": longest}, ""},
		"long-subject":     {map[string]any{"subject": long}, "subject has 601 characters, and 600 are allowed"},
		"no-subject":       {map[string]any{"subject": ""}, "subject is empty"},
		"subject-in-space": {map[string]any{"subject": "a "}, "subject begins or ends with a space"},
		"no-issuer":        {map[string]any{"issuer": ""}, "issuer is empty"},
		"http-issuer":      {map[string]any{"issuer": "http://issuer.example"}, "is no https URL"},
		"no-host":          {map[string]any{"issuer": "https:///path"}, "is no https URL"},
		"no-audience":      {map[string]any{"audiences": []any{}}, "audiences must have one value, and it has 0"},
		"two-audiences":    {map[string]any{"audiences": []any{"a", "b"}}, "one value, and it has 2"},
		"empty-audience":   {map[string]any{"audiences": []any{""}}, "audiences is empty"},
	} {
		answer := a.Contoso.Put(identities+"services/federatedIdentityCredentials/"+name, credential(name, c.changes))
		if c.problem == "" {
			answer.OK()
			continue
		}
		answer.Refused(http.StatusBadRequest, "InvalidFederatedIdentityCredential")
		assert.Contains(t, answer.Message(), c.problem)
	}
	for name, good := range map[string]bool{
		"abc": true, strings.Repeat("a", 120): true, "ab": false, "-bc": false, strings.Repeat("a", 121): false,
	} {
		answer := a.Contoso.Put(identities+"services/federatedIdentityCredentials/"+name, credential(name, nil))
		require.Equal(t, good, answer.Status == http.StatusCreated, name)
	}
}

func TestCredentialsOfAnIdentityAreAtMost20AndDiffer(t *testing.T) {
	a := newAzure(t)
	a.Contoso.Put(identities+"services", body()).OK()
	a.Contoso.Put(identities+"others", body()).OK()
	put := func(of string, i int, subject string) armtest.Response {
		return a.Contoso.Put(fmt.Sprintf("%s%s/federatedIdentityCredentials/number-%d", identities, of, i),
			credential(subject, nil))
	}
	put("services", 1, "subject-1").OK()
	put("services", 2, "subject-1").Refused(http.StatusConflict, "FederatedIdentityCredentialConflict")
	put("others", 2, "subject-1").OK()
	put("services", 1, "subject-1").OK()
	for i := 2; i <= 20; i++ {
		put("services", i, fmt.Sprintf("subject-%d", i)).OK()
	}
	put("services", 21, "subject-21").Refused(http.StatusBadRequest, "TooManyFederatedIdentityCredentials")
	put("services", 20, "changed").OK()
	a.Contoso.Delete(identities + "services/federatedIdentityCredentials/number-7").OK()
	put("services", 21, "subject-7").OK()
}

// What an identity trusts ends with the credential, and with the identity.
func TestTrustEndsWithItsCredential(t *testing.T) {
	a := newAzure(t)
	trusted := func() int {
		count := 0
		require.NoError(t, a.Store.View(func(tx *store.Tx) error {
			return tx.Scan("federatedCredentials", "", func(string, []byte) error { count++; return nil })
		}))
		return count
	}
	a.Contoso.Put(identities+"services", body()).OK()
	a.Contoso.Put(identities+"services/federatedIdentityCredentials/one", credential("one", nil)).OK()
	a.Contoso.Put(identities+"services/federatedIdentityCredentials/two", credential("two", nil)).OK()
	require.Equal(t, 2, trusted())
	a.Contoso.Delete(identities + "services/federatedIdentityCredentials/one").OK()
	require.Equal(t, 1, trusted())
	a.Contoso.Delete(identities + "services").OK()
	require.Zero(t, trusted())
}
