package azuretypes_test

import (
	"strings"
	"testing"

	"github.com/crossorg/crossorg/internal/azuretypes"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidateWriteRefuses(t *testing.T) {
	const dataSet = "Microsoft.DataShare/accounts/shares/dataSets"
	tests := []struct {
		name, resourceType, version string
		// old in the type's example is replaced by new.
		old, new string
		path     string
		code     azuretypes.ViolationCode
		detail   string
	}{
		{"unknown property at the top", "Microsoft.Resources/resourceGroups", "2022-09-01", `"tags"`,
			`"labels"`,
			"labels", azuretypes.UnknownProperty, "is not a property of this resource type"},
		{"unknown property inside", "Microsoft.Storage/storageAccounts", "2022-09-01", `"accessTier"`,
			`"accesTier"`,
			"properties.accesTier", azuretypes.UnknownProperty, "is not a property of properties"},
		{"property in another case", "Microsoft.Storage/storageAccounts", "2022-09-01", `"accessTier"`,
			`"AccessTier"`,
			"properties.AccessTier", azuretypes.UnknownProperty, "is not a property of properties"},
		{"property that only a later version has", "Microsoft.Storage/storageAccounts", "2022-09-01",
			`"accessTier":"Hot"`, `"enableExtendedGroups":true`,
			"properties.enableExtendedGroups", azuretypes.UnknownProperty, "is not a property of properties"},
		{"property of another variant", dataSet, "2021-08-01", `"filePath":"a.csv"`,
			`"filePath":"a.csv","prefix":"p"`,
			"properties.prefix", azuretypes.UnknownProperty, "is not a property of properties"},
		{"unknown property in a list", "Microsoft.Insights/diagnosticSettings", "2021-05-01-preview",
			`"category":"Shares"`, `"categories":"Shares"`,
			"properties.logs[1].categories", azuretypes.UnknownProperty, "is not a property of properties.logs[1]"},
		{"missing at the top", "Microsoft.ServiceFabric/managedClusters", "2023-03-01-preview",
			`"location":"eastus",`, ``,
			"location", azuretypes.MissingProperty, "is required"},
		{"missing inside", "Microsoft.KeyVault/vaults", "2023-02-01", `"family":"A",`, ``,
			"properties.sku.family", azuretypes.MissingProperty, "is required"},
		{"missing in a list", "Microsoft.Insights/actionGroups", "2023-01-01", `"name":"ops",`, ``,
			"properties.emailReceivers[0].name", azuretypes.MissingProperty, "is required"},
		{"missing of the variant", dataSet, "2021-08-01", `"filePath":"a.csv",`, ``,
			"properties.filePath", azuretypes.MissingProperty, "is required"},
		{"missing discriminator", "Microsoft.DataShare/accounts/shares/synchronizationSettings", "2021-08-01",
			`"kind":"ScheduleBased",`, ``,
			"kind", azuretypes.MissingProperty, "is required: one of ScheduleBased"},
		{"missing discriminator inside", "Microsoft.ServiceFabric/managedClusters/applications/services",
			"2023-03-01-preview", `"serviceKind":"Stateless",`, ``,
			"properties.serviceKind", azuretypes.MissingProperty, "is required: one of Stateful, Stateless"},
		{"unknown variant", "Microsoft.DataShare/accounts/shareSubscriptions/triggers", "2021-08-01",
			`"ScheduleBased"`, `"EventBased"`,
			"kind", azuretypes.NotInEnum, `is "EventBased", must be one of ScheduleBased`},
		{"variant of another type", dataSet, "2020-09-01", `"Blob"`, `7`,
			"kind", azuretypes.WrongType, "must be a string, not the number 7"},
		{"value outside an enumeration", "Microsoft.Storage/storageAccounts", "2022-09-01", `"Hot"`,
			`"Tepid"`,
			"properties.accessTier", azuretypes.NotInEnum, `is "Tepid", must be one of Hot, Cool, Premium`},
		{"value that only a later version has", "Microsoft.Storage/storageAccounts", "2022-09-01",
			`"TLS1_2"`, `"TLS1_3"`,
			"properties.minimumTlsVersion", azuretypes.NotInEnum, `is "TLS1_3", must be one of TLS1_0, TLS1_1, TLS1_2`},
		{"value of an enumeration in a list", "Microsoft.ServiceFabric/managedClusters", "2023-03-01-preview",
			`["DnsService"]`, `["DnsService","Mail"]`,
			"properties.addonFeatures[1]", azuretypes.NotInEnum,
			`is "Mail", must be one of DnsService, BackupRestoreService, ResourceMonitorService`},
		{"string for an object", "Microsoft.ServiceFabric/managedClusters", "2023-03-01-preview",
			`{"name":"Standard"}`, `"Standard"`,
			"sku", azuretypes.WrongType, "must be an object, not a string"},
		{"string for a boolean", "Microsoft.Storage/storageAccounts", "2022-09-01",
			`"supportsHttpsTrafficOnly":true`, `"supportsHttpsTrafficOnly":"true"`,
			"properties.supportsHttpsTrafficOnly", azuretypes.WrongType, "must be a boolean, not a string"},
		{"string for an integer", "Microsoft.Insights/scheduledQueryRules", "2023-03-15-preview",
			`"severity":1`, `"severity":"1"`,
			"properties.severity", azuretypes.WrongType, "must be an integer, not a string"},
		{"fraction for an integer", "Microsoft.OperationalInsights/workspaces", "2022-10-01",
			`"retentionInDays":30`, `"retentionInDays":30.5`,
			"properties.retentionInDays", azuretypes.WrongType, "must be an integer, not the number 30.5"},
		{"boolean for a number", "Microsoft.OperationalInsights/workspaces", "2022-10-01",
			`"dailyQuotaGb":0.5`, `"dailyQuotaGb":false`,
			"properties.workspaceCapping.dailyQuotaGb", azuretypes.WrongType, "must be a number, not a boolean"},
		{"number for a tag", "Microsoft.Resources/resourceGroups", "2022-09-01", `"dev"`, `1`,
			"tags.environment", azuretypes.WrongType, "must be a string, not the number 1"},
		{"list for an object of names", "Microsoft.Resources/resourceGroups", "2022-09-01",
			`{"environment":"dev"}`, `["dev"]`,
			"tags", azuretypes.WrongType, "must be an object, not an array"},
		{"object for a list", "Microsoft.Insights/diagnosticSettings", "2021-05-01-preview", `"metrics":[`,
			`"metrics":{},"logs":[`,
			"properties.metrics", azuretypes.WrongType, "must be an array, not an object"},
		{"too short", "Microsoft.Storage/storageAccounts/managementPolicies", "2022-09-01",
			`"prefixMatch":["shared-datasets/"]`,
			`"blobIndexMatch":[{"name":"","op":"==","value":"x"}]`,
			"properties.policy.rules[0].definition.filters.blobIndexMatch[0].name", azuretypes.TooShort,
			"has 0 characters, must have at least 1"},
		{"too long", "Microsoft.Insights/actionGroups", "2023-01-01", `"crossorg"`, `"crossorganize"`,
			"properties.groupShortName", azuretypes.TooLong, "has 13 characters, must have at most 12"},
		{"pattern", "Microsoft.KeyVault/vaults", "2023-02-01", `11111111-2222-3333-4444-555555555555`,
			`11111111-2222-3333-4444-55555555555x`,
			"properties.tenantId", azuretypes.BadPattern, ""},
		{"below the minimum", "Microsoft.Storage/storageAccounts/blobServices", "2022-09-01", `"days":30`,
			`"days":0`,
			"properties.deleteRetentionPolicy.days", azuretypes.OutOfRange, "is 0, must be at least 1"},
		{"above the maximum", "Microsoft.ServiceFabric/managedClusters", "2023-03-01-preview",
			`"priority":1000`, `"priority":3001`,
			"properties.networkSecurityRules[0].priority", azuretypes.OutOfRange, "is 3001, must be at most 3000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			accepted := example(t, test.resourceType, test.version)
			require.Contains(t, accepted, test.old)
			changed := strings.Replace(accepted, test.old, test.new, 1)
			found := lookup(t, test.resourceType, test.version).ValidateWrite(body(t, changed))
			require.Len(t, found, 1)
			assert.Equal(t, test.path, found[0].Path)
			assert.Equal(t, test.code, found[0].Code)
			if test.detail != "" {
				assert.Equal(t, test.detail, found[0].Detail)
				assert.Equal(t, test.path+" "+test.detail, found[0].String())
			}
		})
	}
}

func TestValidateWriteReportsEverything(t *testing.T) {
	t.Run("Ensure all departures are reported together, in a stable order", func(t *testing.T) {
		r := lookup(t, "Microsoft.KeyVault/vaults", "2023-02-01")
		b := body(t, `{"zone":"1","properties":{"sku":{"family":"B"},"enableSoftDelete":"yes"}}`)
		first := r.ValidateWrite(b)
		var paths []string
		for _, v := range first {
			paths = append(paths, v.Path)
		}
		assert.Equal(t, []string{"location", "properties.tenantId", "properties.enableSoftDelete",
			"properties.sku.name", "properties.sku.family", "zone"}, paths)
		for range 20 {
			assert.Equal(t, first, r.ValidateWrite(b))
		}
	})
	t.Run("Ensure a secret's value is not shown", func(t *testing.T) {
		r := lookup(t, "Microsoft.KeyVault/vaults/secrets", "2023-02-01")
		for _, v := range r.ValidateWrite(body(t, `{"properties":{"value":["hunter2"]}}`)) {
			assert.NotContains(t, v.String(), "hunter2")
		}
	})
}

// TestEveryRequiredPropertyIsMissed builds a smallest body for every resource and every variant in it, and takes out
// one required property at a time.
func TestEveryRequiredPropertyIsMissed(t *testing.T) {
	for _, r := range azuretypes.All() {
		t.Run(r.Type+"@"+r.APIVersion, func(t *testing.T) {
			variants := []*azuretypes.Shape{r.Body}
			if r.Body.Discriminator != "" {
				variants = nil
				for _, v := range r.Body.Variants {
					variants = append(variants, v)
				}
			}
			for _, shape := range variants {
				b := smallest(shape, true).(map[string]any)
				if r.Body.Discriminator != "" {
					b[r.Body.Discriminator] = kindOf(r.Body, shape)
				}
				require.Empty(t, r.ValidateWrite(b), "%v", b)
				takeOut(t, r, b, b, shape, "")
			}
		})
	}
}

// kindOf is the discriminator's value for a variant.
func kindOf(s, variant *azuretypes.Shape) string {
	for kind, v := range s.Variants {
		if v == variant {
			return kind
		}
	}
	return ""
}

// smallest is a valid value: required properties and, when deep, also the optional objects and lists, once.
func smallest(s *azuretypes.Shape, deep bool) any {
	switch s.Kind {
	case azuretypes.String:
		switch {
		case len(s.Enum) > 0:
			return s.Enum[0]
		case s.MinLen != nil && *s.MinLen == 36:
			return "11111111-2222-3333-4444-555555555555"
		default:
			return "x"
		}
	case azuretypes.Int, azuretypes.Number:
		if s.Min != nil {
			return float64(*s.Min)
		}
		return 0.0
	case azuretypes.Bool:
		return true
	case azuretypes.Array:
		return []any{smallest(s.Items, deep)}
	case azuretypes.Map:
		return map[string]any{"key": smallest(s.Items, deep)}
	case azuretypes.Object:
		out := map[string]any{}
		if s.Discriminator != "" {
			kind := s.Prop(s.Discriminator).Shape.Enum[0]
			out = smallest(s.Variants[kind], deep).(map[string]any)
			out[s.Discriminator] = kind
			return out
		}
		for name, p := range s.Props {
			optional := deep && (p.Shape.Kind == azuretypes.Object || p.Shape.Kind == azuretypes.Array)
			if !p.ReadOnly && (p.Required || optional) {
				out[name] = smallest(p.Shape, deep)
			}
		}
		return out
	default:
		return "anything"
	}
}

func takeOut(t *testing.T, r *azuretypes.Resource, whole, b map[string]any, s *azuretypes.Shape, path string) {
	if s.Discriminator != "" {
		s, _ = s.Variant(b)
	}
	for name, p := range s.Props {
		at := strings.TrimPrefix(path+"."+name, ".")
		value, present := b[name]
		if p.Required && !p.ReadOnly {
			require.True(t, present, at)
			delete(b, name)
			found := r.ValidateWrite(whole)
			if assert.NotEmpty(t, found, at) {
				assert.Equal(t, at, found[0].Path)
				assert.Equal(t, azuretypes.MissingProperty, found[0].Code)
				assert.Len(t, found, 1)
			}
			b[name] = value
		}
		if list, ok := value.([]any); ok && present {
			value, at = list[0], at+"[0]"
			p = &azuretypes.Property{Shape: p.Shape.Items}
		}
		if object, ok := value.(map[string]any); ok && p.Shape.Kind == azuretypes.Object {
			takeOut(t, r, whole, object, p.Shape, at)
		}
	}
}
