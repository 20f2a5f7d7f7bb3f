package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/stackfile"
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
	c, err := decodeCheckpoint(fmt.Appendf(nil,
		`{"version":3,"checkpoint":{"latest":{"resources":%s,"pending_operations":%s}}}`, list(resources),
		list(pending)))
	require.NoError(t, err)
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
	raw, err := c.encode()
	require.NoError(t, err)
	again, err := decodeCheckpoint(raw)
	require.NoError(t, err)
	assert.Equal(t, c.document, again.document)
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

func TestLocksOfDeadEnginesAreRemoved(t *testing.T) {
	home := newHome(t)
	var reported bytes.Buffer
	s := &Session{home: home, project: &stackfile.Project{Name: "crossorg"},
		options: Options{Stack: "dev", Progress: &reported}}
	dir := filepath.Join(home.StateDir(), ".pulumi", "locks", "organization", "crossorg", "dev")
	require.NoError(t, os.MkdirAll(dir, 0o700))
	host, err := os.Hostname()
	require.NoError(t, err)
	lock := func(name, content string) string {
		path := filepath.Join(dir, name+".json")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	dead := lock("dead", fmt.Sprintf(`{"pid":%d,"hostname":%q}`, 1<<30, host))
	torn := lock("torn", `{"pid":`)
	foreign := lock("foreign", `{"pid":1,"hostname":"elsewhere.contoso.example"}`)
	require.NoError(t, s.breakLocks(context.Background()))
	assert.NoFileExists(t, dead)
	assert.NoFileExists(t, torn)
	assert.FileExists(t, foreign, "what another machine does nobody here can tell")
	assert.Contains(t, reported.String(), "its lock is removed")

	living := lock("living", fmt.Sprintf(`{"pid":%d,"hostname":%q}`, os.Getpid(), host))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.ErrorIs(t, s.breakLocks(ctx), context.Canceled, "it waits for an engine that lives")
	assert.FileExists(t, living)
}
