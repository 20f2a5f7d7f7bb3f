package azuretypes_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/crossorg/crossorg/internal/azuretypes"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// body decodes JSON as an HTTP server would.
func body(t *testing.T, text string) map[string]any {
	t.Helper()
	var b map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &b))
	return b
}

func lookup(t *testing.T, resourceType, version string) *azuretypes.Resource {
	t.Helper()
	r, ok := azuretypes.Lookup(resourceType, version)
	require.True(t, ok, "%s@%s is not published", resourceType, version)
	return r
}

// otherExamples are bodies for versions that do not accept the example of the file that they go back to.
var otherExamples = map[string]string{
	"Microsoft.Insights/diagnosticSettings@2020-01-01-preview": `{"properties":{"workspaceId":"/w",
		"logs":[{"category":"AuditEvent","enabled":true}]}}`,
	"Microsoft.KeyVault/vaults@2015-06-01": `{"location":"eastus","properties":{"accessPolicies":[],
		"sku":{"family":"A","name":"standard"},"tenantId":"11111111-2222-3333-4444-555555555555"}}`,
	"Microsoft.Storage/storageAccounts@2017-06-01": oldAccount,
	"Microsoft.Storage/storageAccounts@2016-12-01": oldAccount,
	"Microsoft.Storage/storageAccounts@2016-05-01": oldAccount,
	"Microsoft.Storage/storageAccounts@2016-01-01": oldAccount,
}

// oldAccount is a storage account of the time before StorageV2.
const oldAccount = `{"location":"eastus","kind":"Storage","sku":{"name":"Standard_LRS"}}`

// examples are those in the files of whole shapes, by type@version and, the last one, by type.
var examples = sync.OnceValues(func() (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	names, err := filepath.Glob("published/*@*.json")
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var file struct {
			APIVersion string                     `json:"apiVersion"`
			Examples   map[string]json.RawMessage `json:"examples"`
		}
		if err := json.Unmarshal(data, &file); err != nil {
			return nil, err
		}
		for resourceType, example := range file.Examples {
			out[resourceType], out[resourceType+"@"+file.APIVersion] = example, example
		}
	}
	return out, err
})

// example is the body in the published file of a resource, as compact JSON. A version that is written as differences
// has that of another version, without the properties that it does not have.
func example(t *testing.T, resourceType, version string) string {
	t.Helper()
	all, err := examples()
	require.NoError(t, err)
	text, ok := all[resourceType+"@"+version]
	if other := otherExamples[resourceType+"@"+version]; other != "" {
		text, ok = json.RawMessage(other), true
	}
	if !ok {
		require.Contains(t, all, resourceType)
		reduced := lookup(t, resourceType, version).Published(body(t, string(all[resourceType])))
		text, err = json.Marshal(reduced)
		require.NoError(t, err)
	}
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, text))
	return compact.String()
}

// Every published resource accepts the example in its file.
func TestValidateWriteAccepts(t *testing.T) {
	for _, r := range azuretypes.All() {
		t.Run(r.Type+"@"+r.APIVersion, func(t *testing.T) {
			assert.Empty(t, r.ValidateWrite(body(t, example(t, r.Type, r.APIVersion))))
		})
	}
}

func TestValidateWriteTolerates(t *testing.T) {
	account := lookup(t, "Microsoft.Storage/storageAccounts", "2022-09-01")

	t.Run("Ensure a resource can be sent back as it was read", func(t *testing.T) {
		b := body(t, example(t, account.Type, account.APIVersion))
		b["id"], b["name"], b["type"], b["etag"] = "/x", "contoso", account.Type, "W/1"
		b["apiVersion"], b["systemData"] = "2022-09-01", map[string]any{"createdBy": "someone"}
		b["properties"].(map[string]any)["primaryEndpoints"] = map[string]any{"blob": "https://contoso", "unheardOf": 1}
		b["properties"].(map[string]any)["creationTime"] = "2026-01-01T00:00:00Z"
		assert.Empty(t, account.ValidateWrite(b))
	})
	t.Run("Ensure null counts as absent", func(t *testing.T) {
		b := body(t, example(t, account.Type, account.APIVersion))
		b["identity"] = nil
		b["properties"].(map[string]any)["accessTier"] = nil
		assert.Empty(t, account.ValidateWrite(b))

		b["location"] = nil
		assert.Equal(t, []azuretypes.Violation{{Path: "location", Code: azuretypes.MissingProperty,
			Detail: "is required"}}, account.ValidateWrite(b))
	})
	t.Run("Ensure enumerations are compared without regard to case", func(t *testing.T) {
		b := body(t, example(t, account.Type, account.APIVersion))
		b["kind"] = "storagev2"
		assert.Empty(t, account.ValidateWrite(b))
		set := body(t, example(t, "Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01"))
		set["kind"] = "blob"
		assert.Empty(t, lookup(t, "Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01").ValidateWrite(set))
	})
	t.Run("Ensure every form of a whole number passes for an integer", func(t *testing.T) {
		service := lookup(t, "Microsoft.Storage/storageAccounts/blobServices", "2022-09-01")
		for _, days := range []any{30.0, json.Number("30"), 30, int64(30)} {
			b := map[string]any{"properties": map[string]any{"deleteRetentionPolicy": map[string]any{"days": days}}}
			assert.Empty(t, service.ValidateWrite(b), "%T", days)
		}
	})
}

func TestValidatePatch(t *testing.T) {
	account := lookup(t, "Microsoft.Storage/storageAccounts", "2022-09-01")
	t.Run("Ensure nothing is required", func(t *testing.T) {
		assert.Empty(t, account.ValidatePatch(body(t, `{"tags":{"a":"b"}}`)))
		assert.Empty(t, account.ValidatePatch(body(t, `{"properties":{"networkAcls":{"bypass":"None"}}}`)))
	})
	t.Run("Ensure what is there has to be right", func(t *testing.T) {
		found := account.ValidatePatch(body(t, `{"tag":{"a":"b"},"properties":{"accessTier":"Tepid"}}`))
		require.Len(t, found, 2)
		assert.Equal(t, azuretypes.NotInEnum, found[0].Code)
		assert.Equal(t, azuretypes.UnknownProperty, found[1].Code)
	})
	t.Run("Ensure a variant need not be named again, but is honoured when it is", func(t *testing.T) {
		set := lookup(t, "Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01")
		assert.Empty(t, set.ValidatePatch(map[string]any{}))
		assert.NotEmpty(t, set.ValidatePatch(body(t, `{"kind":"Blob","properties":{"prefix":"x"}}`)))
	})
}
