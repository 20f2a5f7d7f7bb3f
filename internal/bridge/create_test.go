package bridge_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/status"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// A resource is looked for, put and read back. The request has only published properties. The state has the inputs, and
// the outputs in the SDK's shape.
func TestCreatePutsTheResource(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)

	id, props := create(t, p, accountToken, account(m{
		"enableHttpsTrafficOnly": resource.NewBoolProperty(true),
		"networkRuleSet": object(m{
			"defaultAction": text("Deny"),
			"ipRules": resource.NewArrayProperty([]resource.PropertyValue{
				object(m{"iPAddressOrRange": text("10.0.0.0/8")}),
			}),
		}),
		"identity": object(m{
			"type":                   text("UserAssigned"),
			"userAssignedIdentities": resource.NewArrayProperty([]resource.PropertyValue{text("/subscriptions/s/id")}),
		}),
		"tags":                 object(m{"purpose": text("test")}),
		"__createBeforeDelete": resource.NewBoolProperty(true),
	}))

	assert.Equal(t, accountID, id)
	assert.Equal(t, []string{"GET", "PUT", "GET"}, arm.methods())
	put := arm.seen("PUT")[0]
	assert.Equal(t, "2022-09-01", put.version)
	assert.Equal(t, map[string]any{
		"kind": "StorageV2", "location": "eastus", "sku": map[string]any{"name": "Standard_LRS"},
		"tags": map[string]any{"purpose": "test"},
		"identity": map[string]any{"type": "UserAssigned",
			"userAssignedIdentities": map[string]any{"/subscriptions/s/id": map[string]any{}}},
		"properties": map[string]any{"supportsHttpsTrafficOnly": true, "networkAcls": map[string]any{
			"defaultAction": "Deny", "ipRules": []any{map[string]any{"value": "10.0.0.0/8"}},
		}},
	}, put.body)

	state := unpack(t, props)
	assert.Equal(t, text("contosodata"), state["name"])
	assert.Equal(t, text("Microsoft.Storage/storageAccounts"), state["type"])
	assert.Equal(t, text("Hot"), state["accessTier"])
	assert.Equal(t, resource.NewBoolProperty(true), state["enableHttpsTrafficOnly"])
	assert.NotContains(t, state, resource.PropertyKey("properties"))
	require.True(t, state["__inputs"].IsSecret())
	assert.Equal(t, text("contosodata"), state["__inputs"].SecretValue().Element.ObjectValue()["accountName"])
}

// The id that ARM answers with is the resource's, whatever the spelling in the program.
func TestCreateTakesTheCanonicalID(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("PUT", groupID, func(w http.ResponseWriter, r *http.Request, body map[string]any) bool {
		arm.put(accountID, body)
		writeJSON(w, http.StatusOK, arm.resource(accountID))
		return true
	})
	id, _ := create(t, p, accountToken, account(m{"resourceGroupName": text("CONTOSO")}))
	assert.Equal(t, accountID, id)
}

// Names in a path are escaped, scopes are taken as they are, and each kind of path leads where ARM has the resource.
func TestCreatePaths(t *testing.T) {
	blobs := accountID + "/blobServices/default"
	share := groupID + "/providers/Microsoft.DataShare/accounts/ds/shares/sh"
	cases := map[string]struct {
		token  string
		inputs m
		path   string
	}{
		"resource group": {"resources:ResourceGroup",
			m{"resourceGroupName": text("contoso"), "location": text("eastus")}, groupID},
		"escaped name": {
			"operationalinsights:SavedSearch",
			m{"resourceGroupName": text("contoso"), "workspaceName": text("logs"), "savedSearchId": text("a b/c"),
				"category": text("c"), "displayName": text("d"), "query": text("q")},
			groupID + "/providers/Microsoft.OperationalInsights/workspaces/logs/savedSearches/a%20b%2Fc",
		},
		"container": {
			"storage:BlobContainer", m{"accountName": text("contosodata"), "resourceGroupName": text("contoso"),
				"containerName": text("shared")},
			blobs + "/containers/shared",
		},
		"scope": {
			"authorization:RoleAssignment",
			m{"scope": text(accountID), "roleAssignmentName": text("r"), "principalId": text("p"),
				"roleDefinitionId": text("d")},
			accountID + "/providers/Microsoft.Authorization/roleAssignments/r",
		},
		"resource uri": {
			"insights:DiagnosticSetting",
			m{"resourceUri": text(blobs), "name": text("audit"), "workspaceId": text("w")},
			blobs + "/providers/Microsoft.Insights/diagnosticSettings/audit",
		},
		"child of a child": {
			"datashare:BlobDataSet",
			m{
				"resourceGroupName": text("contoso"), "accountName": text("ds"), "shareName": text("sh"),
				"dataSetName": text("set"), "kind": text("Blob"),
				"containerName": text("shared"), "filePath": text("a.csv"), "resourceGroup": text("contoso"),
				"storageAccountName": text("contosodata"),
				"subscriptionId":     text(subscription),
			},
			share + "/dataSets/set",
		},
		"version": {
			"servicefabric:ManagedClusterApplicationTypeVersion",
			m{"resourceGroupName": text("contoso"), "clusterName": text("gov"), "applicationTypeName": text("app"),
				"version": text("1.0.0"), "appPackageUrl": text("https://contoso/app")},
			groupID + "/providers/Microsoft.ServiceFabric/managedClusters/gov/applicationTypes/app/versions/1.0.0",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			arm := newARM(t)
			id, _ := create(t, arm.configured(t), c.token, c.inputs)
			assert.Equal(t, c.path, id)
			put := arm.seen("PUT")[0]
			assert.Equal(t, c.path, put.path)
			if c.token == "datashare:BlobDataSet" {
				assert.Equal(t, "Blob", put.body["kind"])
				assert.Equal(t, subscription, put.body["properties"].(map[string]any)["subscriptionId"])
			}
		})
	}
}

// An existing resource is never taken over.
func TestCreateRefusesWhatExists(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.put(accountID, map[string]any{"location": "eastus"})
	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
	require.ErrorContains(t, err, "cannot create already existing resource '"+accountID+"'")
	assert.Empty(t, arm.seen("PUT"))
}

// A resource that is created with its parent can be configured: a singleton always, others while nobody changed
// them.
func TestCreateOfImplicitResources(t *testing.T) {
	services := accountID + "/blobServices/default"
	policy := services + "/containers/shared/immutabilityPolicies/default"
	serviceInputs := m{"accountName": text("contosodata"), "resourceGroupName": text("contoso"),
		"blobServicesName": text("default"), "isVersioningEnabled": resource.NewBoolProperty(true)}
	policyInputs := m{
		"accountName": text("contosodata"), "resourceGroupName": text("contoso"), "containerName": text("shared"),
		"immutabilityPolicyName":                text("default"),
		"immutabilityPeriodSinceCreationInDays": resource.NewNumberProperty(7),
	}
	cases := map[string]struct {
		token, id string
		inputs    m
		present   map[string]any
		refusal   string
	}{
		"singleton": {"storage:BlobServiceProperties", services, serviceInputs,
			map[string]any{"properties": map[string]any{"isVersioningEnabled": true}}, ""},
		"untouched": {"storage:BlobContainerImmutabilityPolicy", policy, policyInputs,
			map[string]any{"properties": map[string]any{"immutabilityPeriodSinceCreationInDays": 0}}, ""},
		"changed by someone": {"storage:BlobContainerImmutabilityPolicy", policy, policyInputs,
			map[string]any{"properties": map[string]any{"immutabilityPeriodSinceCreationInDays": 3}},
			"cannot create already existing subresource"},
		"not there altogether": {"storage:BlobContainerImmutabilityPolicy", policy, policyInputs, nil, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			arm := newARM(t)
			p := arm.configured(t)
			if c.present != nil {
				arm.put(c.id, c.present)
			}
			_, err := p.Create(t.Context(),
				&pulumirpc.CreateRequest{Urn: urn(c.token, "res"), Properties: pack(t, c.inputs)})
			if c.refusal != "" {
				require.ErrorContains(t, err, c.refusal)
				return
			}
			require.NoError(t, err)
			assert.Len(t, arm.seen("PUT"), 1)
		})
	}
}

// asyncPut answers a PUT as a long-running operation that reports InProgress, then status.
func asyncPut(arm *fakeARM, header string, rounds int, finish func(w http.ResponseWriter, id string)) {
	var id string
	arm.on("PUT", "/subscriptions", func(w http.ResponseWriter, r *http.Request, body map[string]any) bool {
		id = r.URL.Path
		arm.put(id, body)
		w.Header().Set(header, arm.URL+"/operations/1?api-version=2022-09-01")
		w.Header().Set("Retry-After", "0")
		writeJSON(w, http.StatusAccepted,
			map[string]any{"id": id, "properties": map[string]any{"provisioningState": "Creating"}})
		return true
	})
	arm.on("GET", "/operations/1", func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
		if rounds > 0 {
			rounds--
			w.Header().Set("Retry-After", "0")
			if header == "Location" {
				w.WriteHeader(http.StatusAccepted)
			} else {
				writeJSON(w, http.StatusOK, map[string]any{"status": "InProgress"})
			}
			return true
		}
		finish(w, id)
		return true
	})
}

// Both ways in which ARM announces an operation are followed to the end.
func TestCreateFollowsOperations(t *testing.T) {
	finishes := map[string]func(arm *fakeARM) func(http.ResponseWriter, string){
		"Azure-AsyncOperation": func(*fakeARM) func(http.ResponseWriter, string) {
			return func(w http.ResponseWriter, _ string) {
				writeJSON(w, http.StatusOK, map[string]any{"status": "Succeeded"})
			}
		},
		"Location": func(arm *fakeARM) func(http.ResponseWriter, string) {
			return func(w http.ResponseWriter, id string) { writeJSON(w, http.StatusOK, arm.resource(id)) }
		},
	}
	for header, finish := range finishes {
		t.Run(header, func(t *testing.T) {
			arm := newARM(t)
			p := arm.configured(t)
			asyncPut(arm, header, 3, finish(arm))
			id, props := create(t, p, accountToken, account(nil))
			assert.Equal(t, accountID, id)
			assert.Equal(t, text("Succeeded"), unpack(t, props)["provisioningState"])
			polls := 0
			for _, c := range arm.seen("GET") {
				if strings.HasPrefix(c.path, "/operations/") {
					polls++
				}
			}
			assert.Equal(t, 4, polls)
		})
	}
}

// A resource whose making failed half-way is kept in the state with Azure's reason, so that it is not forgotten.
func TestCreateKeepsWhatFailedHalfWay(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	asyncPut(arm, "Azure-AsyncOperation", 1, func(w http.ResponseWriter, _ string) {
		writeJSON(w, http.StatusOK, map[string]any{"status": "Failed",
			"error": map[string]any{"code": "StorageAccountStuck", "message": "It got stuck."}})
	})
	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
	require.ErrorContains(t, err, `Code="StorageAccountStuck" Message="It got stuck."`)
	details := status.Convert(err).Details()
	require.Len(t, details, 1)
	partial, ok := details[0].(*pulumirpc.ErrorResourceInitFailed)
	require.True(t, ok)
	assert.Equal(t, accountID, partial.GetId())
	assert.Equal(t, text("contosodata"), unpack(t, partial.GetProperties())["name"])
	assert.Equal(t, text("contosodata"), unpack(t, partial.GetInputs())["accountName"])
	assert.Len(t, partial.GetReasons(), 1)
}

// An operation that has failed by the time its request is answered has the reason in its status alone.
func TestCreateAsksWhyAnOperationFailed(t *testing.T) {
	for header, message := range map[string]string{
		"Azure-AsyncOperation": `Code="StorageAccountStuck" Message="It got stuck."`,
		"X-None":               "Azure does not say why",
	} {
		arm := newARM(t)
		p := arm.configured(t)
		arm.on("PUT", accountID, func(w http.ResponseWriter, _ *http.Request, body map[string]any) bool {
			arm.put(accountID, body)
			w.Header().Set(header, arm.URL+"/operations/1?api-version=2022-09-01")
			writeJSON(w, http.StatusCreated,
				map[string]any{"id": accountID, "properties": map[string]any{"provisioningState": "Failed"}})
			return true
		})
		arm.on("GET", "/operations/1", func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
			writeJSON(w, http.StatusOK, map[string]any{"status": "Failed",
				"error": map[string]any{"code": "StorageAccountStuck", "message": "It got stuck."}})
			return true
		})
		_, err := p.Create(t.Context(),
			&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
		require.ErrorContains(t, err, message)
		assert.NotContains(t, err.Error(), "provisioningState", "not the whole resource")
		assert.NotEmpty(t, status.Convert(err).Details(), "and the resource is kept")
	}
}

// A refused request leaves no state behind, and the error is Azure's.
func TestCreateReportsRefusals(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("PUT", accountID, times(1, func(w http.ResponseWriter) {
		fail(w, http.StatusBadRequest, "AccountNameInvalid", "contosodata is not a valid storage account name.")
	}))
	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
	require.ErrorContains(t, err,
		`Status=400 Code="AccountNameInvalid" Message="contosodata is not a valid storage account name."`)
	assert.Empty(t, status.Convert(err).Details())
}

// Throttling, failing servers, a busy resource and lost connections are tried again.
func TestCreateTriesAgain(t *testing.T) {
	trouble := map[string]func(w http.ResponseWriter){
		"429": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After-Ms", "5")
			fail(w, http.StatusTooManyRequests, "TooManyRequests", "Slow down.")
		},
		"408": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After-Ms", "5")
			fail(w, http.StatusRequestTimeout, "RequestTimeout", "Too slow.")
		},
		"503": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After-Ms", "5")
			fail(w, http.StatusServiceUnavailable, "ServerBusy", "Busy.")
		},
		"busy": func(w http.ResponseWriter) {
			w.Header().Set("Retry-After-Ms", "5")
			fail(w, http.StatusConflict, "AnotherOperationInProgress", "Wait.")
		},
		"lost connection": func(w http.ResponseWriter) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_ = conn.Close()
			}
		},
	}
	for name, answer := range trouble {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arm := newARM(t)
			p := arm.configured(t)
			arm.on("PUT", accountID, times(1, answer))
			id, _ := create(t, p, accountToken, account(nil))
			assert.Equal(t, accountID, id)
			assert.GreaterOrEqual(t, len(arm.seen("PUT")), 2)
		})
	}
}

// A conflict of another kind is final.
func TestCreateDoesNotRepeatConflicts(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("PUT", accountID, times(9, func(w http.ResponseWriter) {
		fail(w, http.StatusConflict, "StorageAccountAlreadyTaken", "The storage account named contosodata is already "+
			"taken.")
	}))
	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
	require.ErrorContains(t, err, "StorageAccountAlreadyTaken")
	assert.Len(t, arm.seen("PUT"), 1)
}

// A preview sends nothing; it knows the inputs, says of everything else that it is not known yet, and passes unknown
// inputs on as unknown.
func TestCreatePreview(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	resp, err := p.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(accountToken, "res"), Preview: true,
		Properties: pack(t, account(m{"minimumTlsVersion": someValue,
			"tags": object(m{"owner": resource.MakeSecret(text("x"))})})),
	})
	require.NoError(t, err)
	assert.Empty(t, resp.GetId())
	assert.Empty(t, arm.seen(""))
	out := unpack(t, resp.GetProperties())
	assert.Equal(t, text("eastus"), out["location"])
	assert.Equal(t, text("Standard_LRS"), out["sku"].ObjectValue()["name"])
	assert.True(t, out["sku"].ObjectValue()["tier"].IsComputed())
	assert.True(t, out["minimumTlsVersion"].IsComputed())
	assert.True(t, out["name"].IsComputed())
	assert.True(t, out["primaryEndpoints"].IsComputed())
	assert.True(t, out["tags"].ObjectValue()["owner"].IsSecret())
	assert.NotContains(t, out, resource.PropertyKey("resourceGroupName"))
}

// Outputs are secret where the input of that name was, and where the published type says so; the request carries the
// plain value.
func TestCreateKeepsSecrets(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	_, props := create(t, p, "servicefabric:ManagedCluster", m{
		"clusterName": text("gov"), "resourceGroupName": text("contoso"), "location": text("eastus"),
		"dnsName":       text("gov"),
		"adminUserName": text("operator"), "adminPassword": resource.MakeSecret(text("Passw0rd!")),
		"sku":  object(m{"name": text("Standard")}),
		"tags": object(m{"code": resource.MakeSecret(text("hidden")), "open": text("yes")}),
	})
	assert.Equal(t, "Passw0rd!", arm.seen("PUT")[0].body["properties"].(map[string]any)["adminPassword"])
	state := unpack(t, props)
	assert.True(t, state["tags"].ObjectValue()["code"].IsSecret())
	assert.Equal(t, text("yes"), state["tags"].ObjectValue()["open"])
	assert.NotContains(t, state, resource.PropertyKey("adminPassword"))

	_, props = create(t, p, "keyvault:Secret", m{
		"vaultName": text("kv"), "secretName": text("s"), "resourceGroupName": text("contoso"),
		"properties": object(m{"value": resource.MakeSecret(text("v"))}),
	})
	assert.True(t, unpack(t, props)["properties"].ObjectValue()["value"].IsSecret())
}

// A vault is made without access policies when the program leaves them to resources of their own.
func TestCreateGivesAVaultItsEmptyPolicies(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	create(t, p, "keyvault:Vault", m{
		"vaultName": text("kv"), "resourceGroupName": text("contoso"), "location": text("eastus"),
		"properties": object(m{"tenantId": text(tenant),
			"sku": object(m{"family": text("A"), "name": text("standard")})}),
	})
	assert.Equal(t, map[string]any{
		"tenantId": tenant, "sku": map[string]any{"family": "A", "name": "standard"}, "accessPolicies": []any{},
	}, arm.seen("PUT")[0].body["properties"])
}

// An error of reading back does not undo the creation.
func TestCreateOutlivesAFailedReadBack(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	reads := 0
	arm.on("GET", accountID, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
		if reads++; reads != 2 {
			return false
		}
		fail(w, http.StatusForbidden, "AuthorizationFailed", "No.")
		return true
	})
	_, props := create(t, p, accountToken, account(nil))
	assert.Equal(t, text("contosodata"), unpack(t, props)["name"])
}
