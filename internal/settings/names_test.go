package settings_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// twoShares is a good configuration with two more shares that have one data set each.
func twoShares(a, b string, one, other object) object {
	configuration := good()
	for name, sets := range map[string]object{a: one, b: other} {
		set(configuration, object{
			"provider": "contoso", "consumers": list{"fabrikam"},
			"schedule": object{"interval": "Day", "start": "2025-02-01T02:00:00Z"}, "dataSets": sets,
		}, "shares", name)
	}
	return configuration
}

func whole(container string) object { return object{"kind": "container", "container": container} }

func blob(path string) object { return object{"kind": "blob", "container": "things", "path": path} }

// Names that are joined from others must differ too: those of containers that arrive, and those of resources.
func TestNamesThatJoinToTheSameText(t *testing.T) {
	for name, c := range map[string]struct {
		configuration object
		want          string
	}{
		"containers at one consumer": {
			twoShares("aaa", "aaa-bbb", object{"one": whole("bbb-ccc")}, object{"two": whole("ccc")}),
			"crossorg:shares.aaa-bbb.dataSets.two: arrives at fabrikam in a container aaa-bbb-ccc, as of " +
				"crossorg:shares.aaa.dataSets.one; rename one of them"},
		"containers that begin with a digit": {
			twoShares("9aa", "n9aa", object{"one": whole("bbb")}, object{"two": whole("bbb")}),
			"crossorg:shares.n9aa.dataSets.two: arrives at fabrikam in a container n9aa-bbb, as of "},
		"data sets": {
			twoShares("aaa", "aaa-bbb", object{"bbb-ccc": blob("x")}, object{"ccc": blob("y")}),
			"crossorg:shares.aaa-bbb.dataSets.ccc: makes a data set aaa-bbb-ccc, as of " +
				"crossorg:shares.aaa.dataSets.bbb-ccc; rename one of them"},
		"mappings": {
			twoShares("aaa", "aaa-fabrikam-bbb", object{"bbb-fabrikam-ccc": blob("x")}, object{"ccc": blob("y")}),
			"crossorg:shares.aaa-fabrikam-bbb.dataSets.ccc: makes a mapping aaa-fabrikam-bbb-fabrikam-ccc, as of "},
		"the container of packages": {
			set(good(), whole("governance-packages"), "shares", "ledger", "dataSets", "more"),
			"crossorg:shares.ledger.dataSets.more.container: makes a container governance-packages, as of " +
				"crossorg:governance.package; rename one of them"},
		"the container of packages at a consumer": {
			set(twoShares("governance", "other", object{"one": whole("packages")}, object{"two": whole("bbb")}),
				"fabrikam", "governance", "organization"),
			"crossorg:shares.governance.dataSets.one: arrives at fabrikam in a container governance-packages, as of " +
				"crossorg:governance.package; rename one of them"},
		"a blob and a folder": {
			twoShares("aaa", "bbb", object{"one": blob("x"), "two": object{"kind": "folder", "container": "things",
				"path": "x"}}, object{"two": blob("y")}),
			"crossorg:shares.aaa.dataSets.two: has a blob where data set one has a folder, or the other way round"},
		"a blob below a blob": {
			twoShares("aaa", "bbb", object{"one": blob("x/y"), "two": blob("x")}, object{"two": blob("y")}),
			"crossorg:shares.aaa.dataSets.two: has a blob where data set one has a folder"},
		"services for Azure": {
			set(good(), object{"typeName": "AuditType"}, "governance", "package", "services", "Audit"),
			"crossorg:governance.package.services.audit: the same service as Audit for Azure, which ignores case"},
		"tenants of a subscription": {
			set(set(good(), guid, "organizations", "fabrikam", "subscriptionId"), guid, "organizations", "fabrikam",
				"tenantId"),
			"crossorg:organizations.fabrikam.tenantId: another tenant than an organization above has for the same"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, c.configuration)
			require.Error(t, err)
			assert.Len(t, lines(t, err), 1, err.Error())
			assert.Contains(t, err.Error(), c.want)
		})
	}
	for name, configuration := range map[string]object{
		"other kinds": twoShares("aaa", "aaa-bbb", object{"bbb-ccc": blob("x")}, object{"ccc": whole("ccc")}),
		"other consumers": set(twoShares("aaa", "aaa-bbb", object{"one": whole("bbb-ccc")},
			object{"two": whole("ccc")}), list{"adatum"}, "shares", "aaa-bbb", "consumers"),
		"the same beginning": twoShares("aaa", "bbb", object{"one": blob("x"), "two": blob("xy/z")},
			object{"two": blob("y")}),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, configuration)
			assert.NoError(t, err)
		})
	}
}
