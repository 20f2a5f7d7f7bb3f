package bridge_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/status"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/crossorg/crossorg/internal/bridge"
)

// unavailable answers 503 and asks to try again at once.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("retry-after-ms", "1")
	fail(w, http.StatusServiceUnavailable, "ServiceUnavailable", "Try again later.")
}

// createFailing creates an account that Azure gives no clear answer about, and returns what the engine is to keep.
func createFailing(t *testing.T, p pulumirpc.ResourceProviderClient) *pulumirpc.ErrorResourceInitFailed {
	t.Helper()
	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
	require.ErrorContains(t, err, "Try again later.")
	for _, d := range status.Convert(err).Details() {
		if partial, ok := d.(*pulumirpc.ErrorResourceInitFailed); ok {
			return partial
		}
	}
	return nil
}

// A resource that was made although Azure's answer said otherwise is kept, since the next run would make another one.
func TestCreateKeepsWhatMayHaveBeenMade(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("PUT", accountID, func(w http.ResponseWriter, _ *http.Request, body map[string]any) bool {
		arm.put(accountID, body)
		unavailable(w)
		return true
	})
	partial := createFailing(t, p)
	require.NotNil(t, partial)
	assert.Equal(t, accountID, partial.GetId())
	assert.Equal(t, text("contosodata"), unpack(t, partial.GetProperties())["name"])
}

// A resource that Azure does not have is not kept.
func TestCreateForgetsWhatWasNotMade(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("PUT", accountID,
		func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool { unavailable(w); return true })
	assert.Nil(t, createFailing(t, p))
}

// When it is unknown whether a resource was made, it is kept by its id, and the next update makes it or finds it.
func TestUpdateFinishesWhatMayHaveBeenMade(t *testing.T) {
	for _, made := range []bool{true, false} {
		arm := newARM(t)
		p := arm.configured(t)
		down := true
		arm.on("PUT", accountID, func(w http.ResponseWriter, _ *http.Request, body map[string]any) bool {
			if down && made {
				arm.put(accountID, body)
			}
			if down {
				unavailable(w)
			}
			return down
		})
		asked := 0
		arm.on("GET", accountID, func(w http.ResponseWriter, _ *http.Request, _ map[string]any) bool {
			if asked++; down && asked > 1 { // the first one is whether the name is free
				unavailable(w)
				return true
			}
			return false
		})
		partial := createFailing(t, p)
		require.NotNil(t, partial)
		assert.Equal(t, accountID, partial.GetId())
		assert.Contains(t, partial.GetReasons()[0], "The next run finishes it")
		state := unpack(t, partial.GetProperties())
		assert.Len(t, state, 1)
		assert.Contains(t, state, resource.PropertyKey("__inputs"))

		down = false
		resp, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
			Urn: urn(accountToken, "res"), Id: accountID, Olds: partial.GetProperties(), News: pack(t, account(nil)),
		})
		require.NoError(t, err)
		_, whole := create(t, newARM(t).configured(t), accountToken, account(nil))
		assert.Equal(t, unpack(t, whole), unpack(t, resp.GetProperties()), "as if nothing had happened; made: %v", made)
	}
}

// A refresh of such a resource finds out what there is, and leaves the program's inputs as they are.
func TestReadFinishesTheStateOfWhatWasMade(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	id, whole := create(t, p, accountToken, account(nil))
	inputs := pack(t, account(nil))
	resp, err := p.Read(t.Context(),
		&pulumirpc.ReadRequest{Urn: urn(accountToken, "res"), Id: id, Properties: pack(t, m{}), Inputs: inputs})
	require.NoError(t, err)
	assert.Equal(t, account(nil), unpack(t, resp.GetInputs()))
	assert.Equal(t, unpack(t, whole), unpack(t, resp.GetProperties()))
}

// A vault that an interrupted run did not get to make has no access policies to keep.
func TestUpdateMakesAMissingVault(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	vault := m{
		"vaultName": text("kv"), "resourceGroupName": text("contoso"), "location": text("eastus"),
		"properties": object(m{"tenantId": text(tenant),
			"sku": object(m{"family": text("A"), "name": text("standard")})}),
	}
	id := groupID + "/providers/Microsoft.KeyVault/vaults/kv"
	_, err := p.Update(t.Context(),
		&pulumirpc.UpdateRequest{Urn: urn("keyvault:Vault", "res"), Id: id, Olds: pack(t, m{}), News: pack(t, vault)})
	require.NoError(t, err)
	assert.NotNil(t, arm.resource(id))
	assert.Equal(t, []any{}, arm.seen("PUT")[0].body["properties"].(map[string]any)["accessPolicies"])
}

// A blob that an interrupted run may have uploaded is uploaded unless it is there already, whole.
func TestUpdateUploadsWhatWasNotUploaded(t *testing.T) {
	arm := newARM(t)
	blobs := withBlobs(arm)
	p := arm.configured(t)
	again := func(content string) *pulumirpc.UpdateResponse {
		resp, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
			Urn: urn("storage:Blob", "res"), Id: blobID, Olds: pack(t, m{}),
			News: pack(t, blob(t, content, m{"metadata": object(m{"owner": text("contoso")})})),
		})
		require.NoError(t, err)
		return resp
	}
	first := again("one")
	stored := blobs.get("shared/2025/data.csv")
	require.NotNil(t, stored)
	assert.Equal(t, "one", string(stored.content))
	second := again("one")
	assert.Same(t, stored, blobs.get("shared/2025/data.csv"), "it was not uploaded again")
	assert.Equal(t, unpack(t, first.GetProperties())["contentMd5"], unpack(t, second.GetProperties())["contentMd5"])
	again("two")
	assert.Equal(t, "two", string(blobs.get("shared/2025/data.csv").content))
}

func TestResourceIDsFollowFromInputs(t *testing.T) {
	id, err := bridge.ResourceID("azure-native:"+accountToken,
		map[string]any{"accountName": "contosodata", "resourceGroupName": "contoso"}, subscription)
	require.NoError(t, err)
	assert.Equal(t, accountID, id)
	_, err = bridge.ResourceID("azure-native:"+accountToken,
		map[string]any{"accountName": map[string]any{"ciphertext": "v1"}, "resourceGroupName": "contoso"}, subscription)
	require.ErrorContains(t, err, "accountName")
	_, err = bridge.ResourceID("random:RandomPet", nil, subscription)
	require.Error(t, err)
}
