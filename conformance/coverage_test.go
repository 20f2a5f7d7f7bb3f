package conformance_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/conformance"
	"github.com/crossorg/crossorg/internal/bridge"
)

// kinds are what there is to promise of the life of every resource type: the names of promises, and what they are
// about.
var kinds = []string{"create and read", "list", "update", "invalid update", "delete", "delete of its parent",
	"recreate"}

// without are the kinds that a type has no promise of, each with the reason: what Azure does not offer cannot be
// promised.
var without = map[string]map[string]string{
	"Microsoft.Resources/resourceGroups": {
		"delete of its parent": "a subscription cannot be deleted through Azure Resource Manager",
	},
	"Microsoft.Storage/storageAccounts/blobServices": {
		"delete":   "the blob service is as old as its account and cannot be deleted: \"comes with its parent\"",
		"recreate": "what cannot be deleted cannot be created again",
	},
	"Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies": {
		"list": "learn.microsoft.com/rest/api/storagerp/blob-containers has no list of policies: the list of " +
			"containers shows them",
	},
	"Microsoft.Storage/storageAccounts/managementPolicies": {
		"list": "learn.microsoft.com/rest/api/storagerp/management-policies has no list: an account has one policy",
	},
	"Microsoft.KeyVault/vaults/secrets": {
		"delete": "secrets are deleted in their vault, not through Azure Resource Manager: see the promises of the " +
			"area Secrets",
		"recreate": "as for delete",
	},
	"Microsoft.DataShare/accounts/shares/dataSets":                    dataShareHasNoUpdate,
	"Microsoft.DataShare/accounts/shares/invitations":                 dataShareHasNoUpdate,
	"Microsoft.DataShare/accounts/shares/synchronizationSettings":     dataShareHasNoUpdate,
	"Microsoft.DataShare/accounts/shareSubscriptions":                 dataShareHasNoUpdate,
	"Microsoft.DataShare/accounts/shareSubscriptions/dataSetMappings": dataShareHasNoUpdate,
	"Microsoft.DataShare/accounts/shareSubscriptions/triggers":        dataShareHasNoUpdate,
	"Microsoft.ServiceFabric/managedClusters/applicationTypes": {
		"invalid update": "an application type has nothing but tags to change",
	},
}

var dataShareHasNoUpdate = map[string]string{
	"update": "learn.microsoft.com/rest/api/datashare has no update of it: it is deleted and created",
}

// Every resource type that the program can use has promises of its whole life, or there is a reason for the gap.
func TestEveryTypeIsPromisedInAllKinds(t *testing.T) {
	promised := map[string]map[string]bool{}
	for _, p := range conformance.Promises() {
		area := strings.ToLower(p.Area)
		if promised[area] == nil {
			promised[area] = map[string]bool{}
		}
		kind, _, _ := strings.Cut(p.Name, " (") // of a variant
		promised[area][kind] = true
	}
	types := bridge.ARMTypes()
	assert.GreaterOrEqual(t, len(types), 25)
	for _, typ := range types {
		for _, kind := range kinds {
			reason := without[typ][kind]
			has := promised[strings.ToLower(typ)][kind]
			assert.True(t, has || reason != "", "%s has no promise %q, and no reason is given", typ, kind)
			assert.False(t, has && reason != "", "%s has the promise %q after all: its reason is out of date", typ,
				kind)
		}
	}
	for typ, reasons := range without {
		assert.Contains(t, types, typ, "a reason about a type that is not used")
		for kind := range reasons {
			assert.True(t, slices.Contains(kinds, kind), "%s: no kind is called %q", typ, kind)
		}
	}
}
