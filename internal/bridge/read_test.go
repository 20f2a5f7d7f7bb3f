package bridge_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func refresh(
	t *testing.T, p pulumirpc.ResourceProviderClient, token, id string, state *structpb.Struct, inputs m,
) (m, m) {
	t.Helper()
	resp, err := p.Read(t.Context(),
		&pulumirpc.ReadRequest{Urn: urn(token, "res"), Id: id, Properties: state, Inputs: pack(t, inputs)})
	require.NoError(t, err)
	require.Equal(t, id, resp.GetId())
	return unpack(t, resp.GetInputs()), unpack(t, resp.GetProperties())
}

// A refresh without a change in Azure changes nothing, although Azure fills in defaults.
func TestReadWithoutDrift(t *testing.T) {
	cases := map[string]struct {
		token  string
		inputs m
	}{
		"account": {accountToken, account(m{
			"tags":                 object(m{"code": resource.MakeSecret(text("x"))}),
			"__createBeforeDelete": resource.NewBoolProperty(true),
			"identity":             object(m{"type": text("UserAssigned"), "userAssignedIdentities": list("/a", "/b")}),
		})},
		"account with rules": {accountToken,
			account(m{"networkRuleSet": object(m{"defaultAction": text("Deny"), "bypass": text("AzureServices")})})},
		"account with the default rules": {accountToken,
			account(m{"networkRuleSet": object(m{"defaultAction": text("Allow"), "bypass": text("AzureServices")})})},
		"vault": {"keyvault:Vault", m{
			"vaultName": text("kv"), "resourceGroupName": text("contoso"), "location": text("eastus"),
			"properties": object(m{"tenantId": text(tenant),
				"sku": object(m{"family": text("A"), "name": text("standard")})}),
		}},
		"cluster": {"servicefabric:ManagedCluster", m{
			"clusterName": text("gov"), "resourceGroupName": text("contoso"), "location": text("eastus"),
			"dnsName":       text("gov"),
			"adminUserName": text("op"), "adminPassword": resource.MakeSecret(text("Passw0rd!")),
			"sku": object(m{"name": text("Standard")}),
		}},
		"service": {"servicefabric:ManagedClusterService", m{
			"clusterName": text("gov"), "resourceGroupName": text("contoso"), "applicationName": text("app"),
			"serviceName": text("svc"),
			"properties": object(m{
				"serviceKind": text("Stateless"), "serviceTypeName": text("T"),
				"instanceCount":        resource.NewNumberProperty(-1),
				"partitionDescription": object(m{"partitionScheme": text("Singleton")}),
			}),
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			arm := newARM(t)
			p := arm.configured(t)
			id, state := create(t, p, c.token, c.inputs)
			inputs, outputs := refresh(t, p, c.token, id, state, c.inputs)
			assert.Equal(t, c.inputs, inputs)
			assert.Equal(t, unpack(t, state), outputs)
		})
	}
}

// A change made in Azure appears in the inputs, and nothing else does.
func TestReadWithDrift(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	given := account(m{
		"minimumTlsVersion": text("TLS1_2"), "allowBlobPublicAccess": resource.NewBoolProperty(false),
		"networkRuleSet": object(m{"defaultAction": text("Deny"),
			"ipRules": resource.NewArrayProperty([]resource.PropertyValue{
				object(m{"iPAddressOrRange": text("10.0.0.1")})})}),
	})
	id, state := create(t, p, accountToken, given)
	changed := arm.resource(accountID)
	changed["tags"] = map[string]any{"added": "by hand"}
	props := changed["properties"].(map[string]any)
	props["minimumTlsVersion"] = "TLS1_0"
	props["accessTier"] = "Cool"
	delete(props, "allowBlobPublicAccess")
	props["networkAcls"] = map[string]any{"defaultAction": "Deny",
		"ipRules": []any{map[string]any{"value": "10.0.0.1"}, map[string]any{"value": "10.0.0.2"}}}
	props["creationTime"] = "2026-01-01T00:00:00Z"

	inputs, outputs := refresh(t, p, accountToken, id, state, given)
	want := account(m{
		"minimumTlsVersion": text("TLS1_0"), "accessTier": text("Cool"), "tags": object(m{"added": text("by hand")}),
		"networkRuleSet": object(m{"defaultAction": text("Deny"),
			"ipRules": resource.NewArrayProperty([]resource.PropertyValue{
				object(m{"iPAddressOrRange": text("10.0.0.1")}), object(m{"iPAddressOrRange": text("10.0.0.2")}),
			})}),
	})
	assert.Equal(t, want, inputs)
	assert.Equal(t, text("2026-01-01T00:00:00Z"), outputs["creationTime"])
}

// Access policies that are resources of their own are not drawn into the vault's inputs.
func TestReadLeavesListsToOthers(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	given := m{
		"vaultName": text("kv"), "resourceGroupName": text("contoso"), "location": text("eastus"),
		"properties": object(m{"tenantId": text(tenant),
			"sku": object(m{"family": text("A"), "name": text("standard")})}),
	}
	id, state := create(t, p, "keyvault:Vault", given)
	policy := map[string]any{"objectId": objectID, "tenantId": tenant, "permissions": map[string]any{}}
	arm.resource(id)["properties"].(map[string]any)["accessPolicies"] = []any{policy}
	inputs, _ := refresh(t, p, "keyvault:Vault", id, state, given)
	assert.Equal(t, given, inputs)
}

// A resource that was deleted in Azure leaves the state.
func TestReadOfWhatIsGone(t *testing.T) {
	p := newARM(t).configured(t)
	resp, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(accountToken, "res"), Id: accountID})
	require.NoError(t, err)
	assert.Empty(t, resp.GetId())
}

// Other errors are not taken for absence.
func TestReadReportsErrors(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("GET", accountID, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
		fail(w, http.StatusForbidden, "AuthorizationFailed", "The client has no permission.")
		return true
	})
	_, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(accountToken, "res"), Id: accountID})
	require.ErrorContains(t, err, `Status=403 Code="AuthorizationFailed" Message="The client has no permission."`)
}

// By its id alone a resource yields inputs that a program can adopt: those of the path and those of the body,
// without what is read-only or empty.
func TestReadImports(t *testing.T) {
	blobs := accountID + "/blobServices/default"
	set := groupID + "/providers/Microsoft.DataShare/accounts/ds/shares/sh/dataSets/d%20s"
	cases := map[string]struct {
		token, id string
		body      map[string]any
		want      m
	}{
		"account": {
			accountToken, accountID,
			map[string]any{
				"kind": "StorageV2", "location": "eastus",
				"sku": map[string]any{"name": "Standard_LRS", "tier": "Standard"}, "tags": map[string]any{},
				"identity": map[string]any{"type": "UserAssigned", "principalId": "p",
					"userAssignedIdentities": map[string]any{"/a": map[string]any{"clientId": "c"}}},
				"properties": map[string]any{"supportsHttpsTrafficOnly": true},
			},
			account(m{
				"enableHttpsTrafficOnly": resource.NewBoolProperty(true), "accessTier": text("Hot"),
				"identity":       object(m{"type": text("UserAssigned"), "userAssignedIdentities": list("/a")}),
				"networkRuleSet": object(m{"bypass": text("AzureServices"), "defaultAction": text("Allow")}),
			}),
		},
		"data set": {
			"datashare:BlobDataSet", set,
			map[string]any{"kind": "Blob",
				"properties": map[string]any{"containerName": "c", "filePath": "f", "dataSetId": "read-only"}},
			m{
				"resourceGroupName": text("contoso"), "accountName": text("ds"), "shareName": text("sh"),
				"dataSetName": text("d s"),
				"kind":        text("Blob"), "containerName": text("c"), "filePath": text("f"),
			},
		},
		"setting of another resource": {
			"insights:DiagnosticSetting", blobs + "/providers/Microsoft.Insights/diagnosticSettings/audit",
			map[string]any{"properties": map[string]any{"workspaceId": "w", "metrics": []any{}}},
			m{"resourceUri": text(blobs), "name": text("audit"), "workspaceId": text("w")},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			arm := newARM(t)
			p := arm.configured(t)
			arm.put(c.id, c.body)
			resp, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(c.token, "res"), Id: c.id})
			require.NoError(t, err)
			inputs := unpack(t, resp.GetInputs())
			assert.Equal(t, c.want, inputs)
			_, failures := check(t, p, c.token, inputs, inputs)
			if c.token != "datashare:BlobDataSet" { // the scripted body is not whole
				assert.Empty(t, failures)
			}
		})
	}
}

// An id that is another type's is refused, not misread.
func TestReadRefusesAnIDThatDoesNotFit(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.put(groupID, map[string]any{"location": "eastus"})
	_, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(accountToken, "res"), Id: groupID})
	require.ErrorContains(t, err, "does not fit")
}

// What the published type calls secret is secret after an import too.
func TestReadConcealsSecretsOfTheType(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id := groupID + "/providers/Microsoft.Insights/actionGroups/ops"
	arm.put(id, map[string]any{"location": "global", "properties": map[string]any{
		"enabled": true, "groupShortName": "ops",
		"webhookReceivers": []any{map[string]any{"name": "w", "serviceUri": "https://contoso/?code=1"}},
	}})
	resp, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn("insights:ActionGroup", "res"), Id: id})
	require.NoError(t, err)
	receiver := unpack(t, resp.GetInputs())["webhookReceivers"].ArrayValue()[0].ObjectValue()
	assert.True(t, receiver["serviceUri"].IsSecret())
	assert.Equal(t, text("w"), receiver["name"])
	// Lists may come back in another order, so the output is secret as a whole.
	assert.True(t, unpack(t, resp.GetProperties())["webhookReceivers"].IsSecret())
}
