package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
	"github.com/crossorg/crossorg/internal/local"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type m = map[string]any

// world is what stands in a home: tables of the embedded Azure, and Pulumi's state.
type world struct {
	tables    map[string]m
	resources []any
	pending   []any
	// Names that are made up, and so differ from world to world.
	subscription, group, account string
}

// began is when the sweep of the tests' worlds began.
var began = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// newWorld is a resource group with a storage account and a blob, made at some time with names of its own.
func newWorld(at time.Time) *world {
	w := &world{tables: map[string]m{}}
	hex := func() string { return strings.ReplaceAll(uuid.NewString(), "-", "")[:8] }
	w.subscription = uuid.NewString()
	w.group, w.account = "contoso-rg"+hex(), "contososa"+hex()
	groupID := "/subscriptions/" + w.subscription + "/resourceGroups/" + w.group
	accountID := groupID + "/providers/Microsoft.Storage/storageAccounts/" + w.account
	principal := uuid.NewString()
	stamp := at.Format(time.RFC3339Nano)
	w.tables["resources"] = m{
		strings.ToLower(groupID): m{"body": m{"location": "eastus"}, "etag": uuid.NewString(), "createdAt": stamp},
		strings.ToLower(accountID): m{"createdAt": stamp, "body": m{
			"identity": m{"principalId": principal},
			"properties": m{"start": "2025-02-01T02:00:00Z", "allowBlobPublicAccess": false,
				"endpoint": "https://127.0.0.1:" + strconv.Itoa(at.Minute()+1024) + "/"},
		}},
	}
	w.tables["blobs"] = m{w.account + "/shared/data.csv": m{"sha256": "e9a2755c", "size": 309,
		"etag": "0x8D" + strings.ToUpper(hex()), "lastModified": stamp}}
	w.tables["principals"] = m{principal: m{"objectId": principal, "name": accountID}}
	w.tables["operations"] = m{uuid.NewString(): m{"status": "Succeeded"}}
	w.resources = []any{
		m{"urn": "urn:pulumi:dev::crossorg::azure-native:resources:ResourceGroup::contoso-rg", "id": groupID,
			"created": stamp,
			"inputs":  m{"__createBeforeDelete": true, "resourceGroupName": w.group}, "outputs": m{"name": w.group}},
		m{"urn": "urn:pulumi:dev::crossorg::azure-native:storage:StorageAccount::contososa", "id": accountID,
			"inputs":  m{"__createBeforeDelete": true, "accountName": w.account, "resourceGroupName": w.group},
			"outputs": m{"name": w.account, "status": "Working", "key": m{"ciphertext": hex()}}},
	}
	return w
}

// picture writes the world into a home and looks at it.
func (w *world) picture(t *testing.T) picture {
	t.Helper()
	home, err := local.NewHome(t.TempDir())
	require.NoError(t, err)
	write := func(path string, v any) {
		raw, err := json.Marshal(v)
		require.NoError(t, err)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, raw, 0o600))
	}
	write(filepath.Join(home.AzureDir(), "estate.json"),
		m{"managementPort": 1, "default": m{"subscriptionId": w.subscription}})
	write(stateFile(home, "crossorg", "dev"),
		m{"checkpoint": m{"latest": m{"resources": w.resources, "pending_operations": w.pending}}})
	st, err := store.Open(filepath.Join(home.AzureDir(), "state.db"))
	require.NoError(t, err)
	require.NoError(t, st.Update(func(tx *store.Tx) error {
		for name, rows := range w.tables {
			for key, v := range rows {
				if err := tx.Put(name, key, v); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	require.NoError(t, st.Close())
	p, err := takePicture(home, "crossorg", "dev", nil, began)
	require.NoError(t, err)
	return p
}

// rows of the table of resources.
func (w *world) azure(t *testing.T, suffix string) (key string, row m) {
	t.Helper()
	for key, v := range w.tables["resources"] {
		if strings.HasSuffix(key, suffix) {
			return key, v.(m)
		}
	}
	require.Fail(t, "there is no "+suffix)
	return "", nil
}

func TestRunsThatDifferInGeneratedValuesAreEqual(t *testing.T) {
	a, b := newWorld(began.Add(time.Minute)).picture(t), newWorld(began.Add(100*time.Second)).picture(t)
	assert.Empty(t, compare(a, a, b))
	assert.NotEmpty(t, a)
}

// Every difference from the clean run is found, and its line names it.
func TestEveryDifferenceIsFound(t *testing.T) {
	const accounts = "/subscriptions/‹subscriptionId›/resourcegroups/‹contoso-rg›/providers/" +
		"microsoft.storage/storageaccounts/"
	for what, tt := range map[string]struct {
		change  func(*testing.T, *world)
		oneLine string
	}{
		"orphan": {func(t *testing.T, w *world) {
			key, row := w.azure(t, w.account)
			w.tables["resources"][strings.TrimSuffix(key, w.account)+"contososa01234567"] = row
		}, "extra: azure resources " + accounts + "contososa‹hex›"},
		"duplicate in the state": {func(_ *testing.T, w *world) {
			w.resources = append(w.resources, w.resources[1])
		}, "extra: state urn:pulumi:dev::crossorg::azure-native:storage:StorageAccount::contososa (duplicate 2)"},
		"missing resource": {func(t *testing.T, w *world) {
			key, _ := w.azure(t, w.account)
			delete(w.tables["resources"], key)
		}, "missing: azure resources " + accounts + "‹contososa›"},
		"altered property": {func(t *testing.T, w *world) {
			_, row := w.azure(t, w.account)
			row["body"].(m)["properties"].(m)["allowBlobPublicAccess"] = true
		}, "body.properties.allowBlobPublicAccess false became true"},
		"altered time of the configuration": {func(t *testing.T, w *world) {
			_, row := w.azure(t, w.account)
			row["body"].(m)["properties"].(m)["start"] = "2025-03-01T02:00:00Z"
		}, `body.properties.start "2025-02-01T02:00:00Z" became "2025-03-01T02:00:00Z"`},
		"property too many": {func(t *testing.T, w *world) {
			_, row := w.azure(t, w.group)
			row["body"].(m)["tags"] = m{"left": "over"}
		}, `body.tags has beyond {"left":"over"}`},
		"missing blob": {func(_ *testing.T, w *world) { delete(w.tables, "blobs") },
			"missing: azure blobs ‹contososa›/shared/data.csv"},
		"altered blob": {func(_ *testing.T, w *world) {
			w.tables["blobs"][w.account+"/shared/data.csv"].(m)["size"] = 308
		}, "size 309 became 308"},
		"another principal": {func(t *testing.T, w *world) {
			_, row := w.azure(t, w.account)
			row["body"].(m)["identity"].(m)["principalId"] = uuid.NewString()
		}, "azure principals"},
		"pending operation": {func(_ *testing.T, w *world) {
			w.pending = []any{m{"type": "creating", "resource": w.resources[1]}}
		}, "extra: state pending operation: creating " +
			"urn:pulumi:dev::crossorg::azure-native:storage:StorageAccount::contososa"},
		"initialization error": {func(_ *testing.T, w *world) {
			w.resources[1].(m)["initErrors"] = []any{"it failed"}
		}, `initErrors has beyond ["it failed"]`},
		"forgotten in the state": {func(_ *testing.T, w *world) { w.resources = w.resources[:1] },
			"missing: state urn:pulumi:dev::crossorg::azure-native:storage:StorageAccount::contososa"},
		"altered output": {func(_ *testing.T,
			w *world) {
			w.resources[1].(m)["outputs"].(m)["status"] = "Failed"
		},
			`outputs.status "Working" became "Failed"`},
	} {
		t.Run(what, func(t *testing.T) {
			clean := newWorld(began.Add(time.Minute)).picture(t)
			w := newWorld(began.Add(time.Minute))
			tt.change(t, w)
			assert.Contains(t, strings.Join(compare(clean, clean, w.picture(t)), "\n"), tt.oneLine)
		})
	}
}

func TestTheStateMayBeAsARefreshFindsIt(t *testing.T) {
	status := func(s string) picture {
		w := newWorld(began.Add(time.Minute))
		w.resources[1].(m)["outputs"].(m)["status"] = s
		return w.picture(t)
	}
	clean, refreshed := status("Working"), status("Ready")
	assert.Empty(t, compare(clean, refreshed, status("Working")))
	assert.Empty(t, compare(clean, refreshed, status("Ready")))
	assert.NotEmpty(t, compare(clean, refreshed, status("Failed")))
}

func TestManyDifferencesOfOneResourceTakeFewLines(t *testing.T) {
	clean, w := newWorld(began.Add(time.Minute)).picture(t), newWorld(began.Add(time.Minute))
	_, row := w.azure(t, w.group)
	for _, name := range strings.Split("abcdefghijklmnopqrstuvwxyz", "") {
		row["body"].(m)[name] = strings.Repeat(name, 1000)
	}
	lines := compare(clean, clean, w.picture(t))
	assert.Len(t, lines, maxDifferences+1)
	for _, line := range lines {
		assert.Less(t, len(line), 500)
	}
}
