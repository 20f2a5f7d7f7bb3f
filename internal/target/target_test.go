package target

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/target/targettest"
)

func record(name, consumer string, created time.Time) *armdatashare.ProviderShareSubscription {
	return &armdatashare.ProviderShareSubscription{Name: &name,
		Properties: &armdatashare.ProviderShareSubscriptionProperties{
			ConsumerName: &consumer, CreatedAt: &created,
		}}
}

func TestTheProvidersRecordOfASubscriptionIsFound(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	theirs := &armdatashare.ShareSubscriptionProperties{UserName: to.Ptr("ann"), CreatedAt: &at}

	found, err := match([]*armdatashare.ProviderShareSubscription{record("bob's", "bob", at),
		record("ann's", "ann", at.Add(time.Hour))}, theirs)
	require.NoError(t, err)
	assert.Equal(t, "ann's", *found.Name, "who accepted tells more than when")

	found, err = match([]*armdatashare.ProviderShareSubscription{
		record("late", "ann", at.Add(time.Minute)), record("same", "ann", at.Add(time.Second)),
	}, theirs)
	require.NoError(t, err)
	assert.Equal(t, "same", *found.Name, "of one person's, the one made at the same time")

	_, err = match([]*armdatashare.ProviderShareSubscription{record("a", "ann", at), record("b", "ann", at)}, theirs)
	assert.ErrorContains(t, err, "look alike", "another's access must not be taken away by mistake")
	_, err = match([]*armdatashare.ProviderShareSubscription{record("bob's", "bob", at)}, theirs)
	assert.ErrorContains(t, err, "no record")
}

func TestOutputsOfAStackThatDoesNotStand(t *testing.T) {
	_, err := ParseOutputs(map[string]any{})
	assert.ErrorIs(t, err, ErrNoStack)
}

func TestTheClustersHostIsWhoseGroupItIsIn(t *testing.T) {
	o, err := ParseOutputs(map[string]any{
		"organizations": map[string]any{
			"contoso":  map[string]any{"provider": map[string]any{"subscriptionId": "S", "resourceGroup": "rg"}},
			"fabrikam": map[string]any{"consumer": map[string]any{"subscriptionId": "S", "resourceGroup": "rg2"}},
		},
		"governance": map[string]any{"clusterId": "/subscriptions/s/resourcegroups/RG2/providers/Microsoft.ServiceFabric/managedClusters/c"},
	})
	require.NoError(t, err)
	host, _, err := o.Host()
	require.NoError(t, err)
	assert.Equal(t, "fabrikam", host, "rg2 is not below rg")
}

func TestUnknownSharesAndConsumersNameTheKnown(t *testing.T) {
	o := Outputs{Shares: map[string]Share{"finance": {Consumers: map[string]Consumer{"fabrikam": {}}}}}
	_, err := o.Find("finanz")
	assert.ErrorContains(t, err, "finance")
	_, err = o.Shares["finance"].Find("nobody")
	assert.ErrorContains(t, err, "fabrikam")
}

func TestListsAreReadToTheirEnd(t *testing.T) {
	var base string
	azure := targettest.New(t, map[string]any{
		"GET /things": func() any {
			return map[string]any{"value": []any{1},
				"nextLink": base + "/things/more?api-version=1"}
		},
		"GET /things/more": map[string]any{"value": []any{2}},
		"GET /elsewhere":   map[string]any{"value": []any{1}, "nextLink": "https://attacker.example/more"},
	})
	base = azure.URL()
	reader := &Reader{Access: azure.Access()}
	all, err := List[int](context.Background(), reader, "o", "/things", "1", url.Values{"$filter": {"a eq 'b c'"}})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 2}, all)
	assert.Contains(t, azure.Asked()[0], "a%20eq%20%27b%20c%27", "a space is not sent as a plus sign")
	_, err = List[int](context.Background(), reader, "o", "/elsewhere", "1", nil)
	assert.Error(t, err, "the token stays with Azure")
}

func TestAResourceIsReadOnceAndTellsTheTime(t *testing.T) {
	azure := targettest.New(t, map[string]any{"GET /a": map[string]any{"id": "/a"}})
	azure.Date = time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	reader := &Reader{Access: azure.Access()}
	for range 3 {
		_, err := reader.Get(context.Background(), "o", "/a", "1")
		require.NoError(t, err)
	}
	assert.Len(t, azure.Asked(), 1)
	assert.Equal(t, azure.Date, reader.Now().UTC(), "Azure's clock counts, not the machine's")
}

func TestARefusedSecretSaysWhichRoleIsMissing(t *testing.T) {
	azure := targettest.New(t, map[string]any{"PUT /vault/secrets/name": http.StatusForbidden})
	_, err := StoreSecret(context.Background(), azure.Access(), "o", azure.URL()+"/vault/",
		Secret{Name: "name", Value: "very-secret"})
	require.ErrorContains(t, err, "Key Vault Secrets Officer")
	assert.NotContains(t, err.Error(), "very-secret")
}

func TestASecretThatIsThereIsNotStoredAgain(t *testing.T) {
	azure := targettest.New(t, map[string]any{"GET " +
		"/vault/secrets/name": map[string]any{"id": "known", "tags": map[string]any{"mark": "M"}}})
	id, err := StoreSecret(context.Background(), azure.Access(), "o", azure.URL()+"/vault/",
		Secret{Name: "name", Mark: "M"})
	require.NoError(t, err)
	assert.Equal(t, "known", id)
	for _, asked := range azure.Asked() {
		assert.NotContains(t, asked, "PUT")
	}
}

func TestProblemsOfASnapshot(t *testing.T) {
	fine := Synchronized{Run: &Run{Status: "Succeeded"},
		Files: []local.SnapshotFile{{Path: "a", SHA256: "x", SourceSHA256: "x"}}}
	assert.Empty(t, fine.problem(nil))
	missing := fine
	missing.Files = []local.SnapshotFile{{Path: "a", SourceSHA256: "x"}}
	assert.Contains(t, missing.problem(nil), "a is not equal")
	failed := Synchronized{Run: &Run{Status: "Failed", Message: "no role"}}
	assert.Equal(t, "snapshot Failed: no role", failed.problem(nil))
	assert.NotEmpty(t, (&Synchronized{}).problem(nil))
}

func TestAPrincipalWithoutSecretNamesTheKey(t *testing.T) {
	var o organization
	o.Principal = &struct {
		ClientID string `json:"clientId"`
		UseOIDC  bool   `json:"useOidc"`
	}{ClientID: "c"}
	_, err := o.credential("fabrikam", "")
	assert.ErrorContains(t, err, "crossorg:principalSecrets.fabrikam")
}
