package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	groupURN   = "urn:pulumi:dev::crossorg::azure-native:resources:ResourceGroup::group"
	accountURN = "urn:pulumi:dev::crossorg::azure-native:storage:StorageAccount::account"
	ownURN     = "urn:pulumi:dev::crossorg::pulumi:providers:azure-native::own"
	group      = `{"urn":"` + groupURN +
		`","custom":true,"type":"azure-native:resources:ResourceGroup","id":"/subscriptions/s/resourceGroups/g",` +
		`"outputs":{"name":"g"}}`
)

// interrupted is a state with resources and pending operations.
func interrupted(t *testing.T, resources []string, pending ...string) *checkpoint {
	t.Helper()
	list := func(items []string) json.RawMessage {
		raw := []json.RawMessage{}
		for _, item := range items {
			raw = append(raw, json.RawMessage(item))
		}
		out, err := json.Marshal(raw)
		require.NoError(t, err)
		return out
	}
	c := &checkpoint{}
	require.NoError(t, json.Unmarshal(fmt.Appendf(nil, `{"resources":%s,"pending_operations":%s}`, list(resources),
		list(pending)), &c.latest))
	return c
}

func pending(kind, resource string) string {
	return `{"type":"` + kind + `","resource":` + resource + `}`
}

func storageAccount(more string) string {
	return `{"urn":"` + accountURN + `","custom":true,"type":"azure-native:storage:StorageAccount",` + more +
		`"inputs":{"resourceGroupName":"g","accountName":"account123","allowBlobPublicAccess":false,` +
		`"secret":{"ciphertext":"v1:abc"}}}`
}

func byURN(c *checkpoint, urn string) []map[string]any {
	var out []map[string]any
	for _, v := range c.resources() {
		if r := v.(map[string]any); r["urn"] == urn {
			out = append(out, r)
		}
	}
	return out
}

func TestAnInterruptedCreationStaysInTheStateByItsID(t *testing.T) {
	c := interrupted(t, []string{group}, pending("creating", storageAccount(`"outputs":{"half":true},`)))
	names, left := c.resume("s")
	assert.Equal(t, []string{"storage:StorageAccount account"}, names)
	assert.Empty(t, left)
	found := byURN(c, accountURN)
	require.Len(t, found, 1)
	assert.Equal(t, "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/account123",
		found[0]["id"])
	assert.Equal(t, []any{"the run that was creating it was interrupted"}, found[0]["initErrors"],
		"so that the next run writes it again")
	assert.NotContains(t, found[0], "outputs", "nobody knows them")
	assert.Equal(t, "v1:abc", found[0]["inputs"].(map[string]any)["secret"].(map[string]any)["ciphertext"])
	assert.NotContains(t, c.latest, "pending_operations")
}

func TestAnInterruptedCreationIsOfItsProvidersSubscription(t *testing.T) {
	own := `{"urn":"` + ownURN +
		`","custom":true,"id":"1","type":"pulumi:providers:azure-native","inputs":{"subscriptionId":"other"}}`
	c := interrupted(t, []string{own}, pending("creating", storageAccount(`"provider":"`+ownURN+`::1",`)))
	c.resume("s")
	assert.Contains(t, byURN(c, accountURN)[0]["id"], "/subscriptions/other/")
}

func TestAnInterruptedUpdateOrDeletionIsWrittenAgain(t *testing.T) {
	for _, kind := range []string{"updating", "deleting"} {
		c := interrupted(t, []string{group}, pending(kind, group))
		names, _ := c.resume("s")
		assert.Equal(t, []string{"resources:ResourceGroup group"}, names)
		require.Len(t, byURN(c, groupURN), 1)
		assert.NotEmpty(t, byURN(c, groupURN)[0]["initErrors"])
		assert.Equal(t, map[string]any{"name": "g"}, byURN(c, groupURN)[0]["outputs"])
	}
}

func TestAnInterruptedReplacementReplaces(t *testing.T) {
	c := interrupted(t, []string{storageAccount(`"id":"old",`)}, pending("creating", storageAccount("")))
	c.resume("s")
	found := byURN(c, accountURN)
	require.Len(t, found, 2)
	assert.Equal(t, true, found[0]["delete"], "the old one goes")
	assert.NotContains(t, found[1], "delete")

	c = interrupted(t, []string{storageAccount(`"id":"old","pendingReplacement":true,`)},
		pending("creating", storageAccount("")))
	c.resume("s")
	assert.Len(t, byURN(c, accountURN), 1, "the old one was deleted already")
}

func TestWhatOnlyTheEngineHasIsForgotten(t *testing.T) {
	component := `{"urn":"urn:pulumi:dev::crossorg::crossorg:index:ConsumerOrg::c","custom":false,` +
		`"type":"crossorg:index:ConsumerOrg"}`
	provider := `{"urn":"` + ownURN + `","custom":true,"type":"pulumi:providers:azure-native","inputs":{}}`
	c := interrupted(t, []string{group}, pending("creating", component), pending("creating", provider),
		pending("reading", group))
	names, left := c.resume("s")
	assert.Empty(t, names)
	assert.Empty(t, left)
	assert.NotContains(t, c.latest, "pending_operations")
	assert.Len(t, c.resources(), 1)
}

func TestWhatNobodyCanIdentifyStaysPending(t *testing.T) {
	pet := `{"urn":"urn:pulumi:dev::crossorg::random:index:RandomPet::pet","custom":true,` +
		`"type":"random:index:RandomPet","inputs":{}}`
	c := interrupted(t, []string{group}, pending("creating", pet), pending("creating", storageAccount("")))
	names, left := c.resume("s")
	assert.Len(t, names, 1)
	assert.Equal(t, []string{"urn:pulumi:dev::crossorg::random:index:RandomPet::pet"}, left)
	assert.Len(t, c.latest["pending_operations"], 1)
}

func TestARunWaitsForTheEngineOfAKilledOne(t *testing.T) {
	home := newHome(t)
	require.NoError(t, home.create())
	note := func(pid int, host string) {
		raw, err := json.Marshal(engine{Pid: pid, Host: host})
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(home.engineFile(), raw, 0o600))
	}
	host, err := os.Hostname()
	require.NoError(t, err)
	var reported bytes.Buffer
	const dead = 1 << 30
	for _, gone := range []func(){
		func() { note(dead, host) },
		func() { note(os.Getpid(), "elsewhere.contoso.example") },
		func() { require.NoError(t, os.WriteFile(home.engineFile(), []byte(`{"pid":`), 0o600)) },
		func() {},
	} {
		gone()
		require.NoError(t, home.awaitEngine(context.Background(), &reported))
		assert.NoFileExists(t, home.engineFile())
	}
	assert.Empty(t, reported.String())

	note(os.Getpid(), host)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, home.awaitEngine(ctx, &reported), context.Canceled, "it waits for an engine that lives")
	assert.FileExists(t, home.engineFile())
	assert.Contains(t, reported.String(), "waiting for it to end")
}
