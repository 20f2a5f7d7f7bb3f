package bridge_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// dataSetID is the id of dataSet's resource.
const dataSetID = groupID + "/providers/Microsoft.DataShare/accounts/ds/shares/s/dataSets/d"

func dataSet(path string) m {
	return m{"resourceGroupName": text("contoso"), "accountName": text("ds"), "shareName": text("s"),
		"dataSetName": text("d"), "kind": text("Blob"), "filePath": text(path), "containerName": text("shared"),
		"resourceGroup": text("contoso"), "storageAccountName": text("data"), "subscriptionId": text(subscription)}
}

// onlyOnce refuses a PUT to a resource that is there, as Azure does for data sets. The answer to the first one is lost.
func onlyOnce(arm *fakeARM, id string) {
	arm.on("PUT", id, func(w http.ResponseWriter, _ *http.Request, body map[string]any) bool {
		if arm.resource(id) != nil {
			fail(w, http.StatusConflict, "Conflict", "It exists.")
			return true
		}
		arm.put(id, body)
		panic(http.ErrAbortHandler)
	})
}

// A PUT whose answer was lost is sent again by azcore; that Azure refuses the second one does not make the first
// undone.
func TestCreateTakesOverWhatItsOwnLostRequestMade(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	onlyOnce(arm, dataSetID)
	resp, err := p.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn("datashare:BlobDataSet", "res"), Properties: pack(t, dataSet("a.csv"))})
	require.NoError(t, err)
	assert.Equal(t, text("a.csv"), unpack(t, resp.GetProperties())["filePath"])
}

// What somebody else made under the name in the meantime is not taken over.
func TestCreateTakesOverNothingElse(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.on("PUT", dataSetID, func(w http.ResponseWriter, _ *http.Request, body map[string]any) bool {
		body["properties"].(map[string]any)["filePath"] = "theirs.csv"
		arm.put(dataSetID, body)
		fail(w, http.StatusConflict, "Conflict", "It exists.")
		return true
	})
	_, err := p.Create(t.Context(), &pulumirpc.CreateRequest{
		Urn: urn("datashare:BlobDataSet", "res"), Properties: pack(t, dataSet("a.csv"))})
	require.ErrorContains(t, err, "It exists.")
}

// What an interrupted run has made is found by the next one, which writes nothing then.
func TestUpdateFindsWhatAnInterruptedRunMade(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	create(t, p, "datashare:BlobDataSet", dataSet("a.csv"))
	update := func(path string) error {
		arm.reset()
		_, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
			Urn: urn("datashare:BlobDataSet", "res"), Id: dataSetID, Olds: pack(t, m{}),
			OldInputs: pack(t, dataSet("a.csv")), News: pack(t, dataSet(path))})
		return err
	}
	require.NoError(t, update("a.csv"))
	assert.Equal(t, []string{"GET"}, arm.methods())

	onlyOnce(arm, dataSetID)
	require.ErrorContains(t, update("b.csv"), "It exists.", "the program's values are others by now")
}
