package bridge_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/status"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// An update is a PUT of the new inputs whole, and the state is what Azure has afterwards.
func TestUpdatePutsTheNewInputs(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id, state := create(t, p, "storage:BlobContainer", m{"accountName": text("contosodata"),
		"resourceGroupName": text("contoso"), "containerName": text("shared"), "publicAccess": text("None")})
	arm.reset()
	news := m{
		"accountName": text("contosodata"), "resourceGroupName": text("contoso"), "containerName": text("shared"),
		"metadata": object(m{"owner": text("contoso")}),
	}
	resp, err := p.Update(t.Context(),
		&pulumirpc.UpdateRequest{Urn: urn("storage:BlobContainer", "res"), Id: id, Olds: state, News: pack(t, news)})
	require.NoError(t, err)
	assert.Equal(t, []string{"PUT", "GET"}, arm.methods())
	assert.Equal(t, map[string]any{"properties": map[string]any{"metadata": map[string]any{"owner": "contoso"}}},
		arm.seen("PUT")[0].body)
	out := unpack(t, resp.GetProperties())
	assert.Equal(t, text("contoso"), out["metadata"].ObjectValue()["owner"])
	assert.Equal(t, object(news), out["__inputs"].SecretValue().Element)
}

// Network rules that leave the program go back to Azure's defaults: Azure would take their absence as no change.
func TestUpdateRestoresDefaults(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id, state := create(t, p, accountToken, account(m{"networkRuleSet": object(m{"defaultAction": text("Deny")})}))
	arm.reset()
	resp, err := p.Update(t.Context(),
		&pulumirpc.UpdateRequest{Urn: urn(accountToken, "res"), Id: id, Olds: state, News: pack(t, account(nil))})
	require.NoError(t, err)
	want := map[string]any{"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []any{},
		"virtualNetworkRules": []any{}}
	assert.Equal(t, want, arm.seen("PUT")[0].body["properties"].(map[string]any)["networkAcls"])

	inputs, _ := refresh(t, p, accountToken, id, resp.GetProperties(), account(nil))
	assert.Equal(t, account(nil), inputs, "and a refresh does not draw them into the inputs")
}

// Access policies that are resources of their own survive an update of the vault.
func TestUpdateKeepsListsOfOthers(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	vault := func(more m) m {
		props := m{"tenantId": text(tenant), "sku": object(m{"family": text("A"), "name": text("standard")})}
		for k, v := range more {
			props[k] = v
		}
		return m{"vaultName": text("kv"), "resourceGroupName": text("contoso"), "location": text("eastus"),
			"properties": object(props)}
	}
	id, state := create(t, p, "keyvault:Vault", vault(nil))
	policies := []any{map[string]any{"objectId": objectID, "tenantId": tenant,
		"permissions": map[string]any{"secrets": []any{"get"}}}}
	arm.resource(id)["properties"].(map[string]any)["accessPolicies"] = policies
	arm.reset()
	_, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn("keyvault:Vault", "res"), Id: id, Olds: state,
		News: pack(t, vault(m{"enabledForDeployment": resource.NewBoolProperty(true)})),
	})
	require.NoError(t, err)
	assert.Equal(t, policies, arm.seen("PUT")[0].body["properties"].(map[string]any)["accessPolicies"])
}

// A preview sends nothing; name and location stay known.
func TestUpdatePreview(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id, state := create(t, p, accountToken, account(nil))
	arm.reset()
	resp, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(accountToken, "res"), Id: id, Olds: state, Preview: true,
		News: pack(t, account(m{"accessTier": text("Cool"), "tags": someValue})),
	})
	require.NoError(t, err)
	assert.Empty(t, arm.seen(""))
	out := unpack(t, resp.GetProperties())
	assert.Equal(t, text("contosodata"), out["name"])
	assert.Equal(t, text("eastus"), out["location"])
	assert.Equal(t, text("Cool"), out["accessTier"])
	assert.True(t, out["tags"].IsComputed())
	assert.True(t, out["primaryEndpoints"].IsComputed())
}

// An update that fails half-way keeps what Azure has by then.
func TestUpdateKeepsWhatFailedHalfWay(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id, state := create(t, p, accountToken, account(nil))
	asyncPut(arm, "Azure-AsyncOperation", 0, func(w http.ResponseWriter, _ string) {
		writeJSON(w, http.StatusOK, map[string]any{"status": "Canceled",
			"error": map[string]any{"code": "Preempted", "message": "Something else came first."}})
	})
	_, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urn(accountToken, "res"), Id: id, Olds: state,
		News: pack(t, account(m{"accessTier": text("Cool")}))})
	require.ErrorContains(t, err, "Preempted")
	details := status.Convert(err).Details()
	require.Len(t, details, 1)
	assert.Equal(t, text("Cool"),
		unpack(t, details[0].(*pulumirpc.ErrorResourceInitFailed).GetProperties())["accessTier"])
}

// A custom timeout ends a wait that does not end by itself.
func TestUpdateRespectsTheTimeout(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id, state := create(t, p, accountToken, account(nil))
	asyncPut(arm, "Azure-AsyncOperation", 1<<30, nil)
	_, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(accountToken, "res"), Id: id, Olds: state, News: pack(t, account(m{"accessTier": text("Cool")})),
		Timeout: 0.2,
	})
	require.ErrorContains(t, err, "timed out")
}
