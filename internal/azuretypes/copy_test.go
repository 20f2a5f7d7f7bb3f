package azuretypes_test

import (
	"encoding/json"
	"testing"

	"github.com/crossorg/crossorg/internal/azuretypes"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

func TestStripReadOnly(t *testing.T) {
	t.Run("Ensure read-only properties go, at every depth, and the rest stays", func(t *testing.T) {
		r := lookup(t, "Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01")
		b := body(t, `{"id":"/x","name":"n","type":"t","etag":"e","kind":"Blob","extra":1,"properties":{"filePath":"a",
			"dataSetId":"d","containerName":"c"}}`)
		before := asJSON(t, b)
		assert.JSONEq(t, `{"kind":"Blob","extra":1,"properties":{"filePath":"a","containerName":"c"}}`,
			asJSON(t, r.StripReadOnly(b)))
		assert.JSONEq(t, before, asJSON(t, b), "the body itself is left alone")
	})
	t.Run("Ensure read-only properties go inside lists", func(t *testing.T) {
		r := lookup(t, "Microsoft.Insights/actionGroups", "2023-01-01")
		b := body(t, `{"properties":{"emailReceivers":[{"name":"n","status":"Enabled"}]}}`)
		assert.JSONEq(t, `{"properties":{"emailReceivers":[{"name":"n"}]}}`, asJSON(t, r.StripReadOnly(b)))
	})
	t.Run("Ensure changing the copy does not change the body", func(t *testing.T) {
		r := lookup(t, "Microsoft.Insights/diagnosticSettings", "2021-05-01-preview")
		b := body(t, example(t, r.Type, r.APIVersion))
		before := asJSON(t, b)
		stripped := r.StripReadOnly(b)["properties"].(map[string]any)
		stripped["logs"].([]any)[0].(map[string]any)["enabled"] = false
		stripped["workspaceId"] = "/other"
		assert.JSONEq(t, before, asJSON(t, b))
	})
}

func TestRedact(t *testing.T) {
	tests := []struct{ name, resourceType, version, body, want string }{
		{"the value of a vault's secret", "Microsoft.KeyVault/vaults/secrets", "2023-02-01",
			`{"properties":{"value":"hunter2","contentType":"text"}}`,
			`{"properties":{"value":"***","contentType":"text"}}`},
		{"a cluster's password", "Microsoft.ServiceFabric/managedClusters", "2023-03-01-preview",
			`{"properties":{"adminUserName":"op","adminPassword":"hunter2"}}`,
			`{"properties":{"adminUserName":"op","adminPassword":"***"}}`},
		{"an extension's protected settings, whatever they are", "Microsoft.ServiceFabric/managedClusters/nodeTypes",
			"2023-03-01-preview",
			`{"properties":{"vmExtensions":[{"name":"e","properties":{"settings":{"a":1},
				"protectedSettings":{"key":"hunter2"}}}]}}`,
			`{"properties":{"vmExtensions":[{"name":"e","properties":{"settings":{"a":1},
				"protectedSettings":"***"}}]}}`},
		{"the signature of a package's address", "Microsoft.ServiceFabric/managedClusters/applicationTypes/versions",
			"2023-03-01-preview",
			`{"properties":{"appPackageUrl":"https://contoso/p?sv=1&sig=hunter2%3D&se=2"}}`,
			`{"properties":{"appPackageUrl":"https://contoso/p?sv=1&sig=***&se=2"}}`},
		{"a signature in a place the type does not know", "Microsoft.Resources/resourceGroups", "2022-09-01",
			`{"odd":[{"token":"sig=hunter2&sv=1"}]}`, `{"odd":[{"token":"sig=***&sv=1"}]}`},
		{"a receiver's address, which is its key", "Microsoft.Insights/actionGroups", "2023-01-01",
			`{"properties":{"webhookReceivers":[{"name":"w","serviceUri":"https://contoso/hunter2"}]}}`,
			`{"properties":{"webhookReceivers":[{"name":"w","serviceUri":"***"}]}}`},
		{"nothing where there is no secret", "Microsoft.KeyVault/vaults", "2023-02-01",
			`{"properties":{"createMode":"default","value":null}}`,
			`{"properties":{"createMode":"default","value":null}}`},
	}
	for _, test := range tests {
		t.Run("Ensure it hides "+test.name, func(t *testing.T) {
			r := lookup(t, test.resourceType, test.version)
			b := body(t, test.body)
			assert.JSONEq(t, test.want, asJSON(t, r.Redact(b)))
			assert.JSONEq(t, test.body, asJSON(t, b), "the body itself is left alone")
		})
	}
	t.Run("Ensure a redacted body still fits its type", func(t *testing.T) {
		for _, r := range azuretypes.All() {
			assert.Empty(t, r.ValidateWrite(r.Redact(body(t, example(t, r.Type, r.APIVersion)))), r.Type)
		}
	})
	t.Run("Ensure no body is no body", func(t *testing.T) {
		r := lookup(t, "Microsoft.KeyVault/vaults", "2023-02-01")
		assert.Nil(t, r.Redact(nil))
		assert.Nil(t, r.StripReadOnly(nil))
	})
}

func TestVariant(t *testing.T) {
	set := lookup(t, "Microsoft.DataShare/accounts/shares/dataSets", "2021-08-01").Body
	t.Run("Ensure the variant has its own and the common properties", func(t *testing.T) {
		v, err := set.Variant(map[string]any{"kind": "BLOBFOLDER"})
		require.NoError(t, err)
		assert.NotNil(t, v.Prop("properties").Shape.Prop("prefix"))
		assert.NotNil(t, v.Prop("kind"))
		assert.Nil(t, v.Prop("properties").Shape.Prop("filePath"))
	})
	t.Run("Ensure a shape without variants is its own", func(t *testing.T) {
		s := lookup(t, "Microsoft.DataShare/accounts", "2021-08-01").Body
		v, err := s.Variant(nil)
		require.NoError(t, err)
		assert.Same(t, s, v)
	})
	t.Run("Ensure the error tells what the discriminator could be", func(t *testing.T) {
		_, err := set.Variant(map[string]any{"kind": "Tape"})
		assert.ErrorContains(t, err, `kind is "Tape", must be one of AdlsGen1File`)
		_, err = set.Variant(nil)
		assert.ErrorContains(t, err, "kind is required")
	})
}
