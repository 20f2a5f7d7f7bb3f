package verify_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stack/stacktest"
	"github.com/crossorg/crossorg/internal/verify"
)

const (
	group   = "/subscriptions/s/resourceGroups/g"
	account = group + "/providers/Microsoft.DataShare/accounts/a"
	storage = group + "/providers/Microsoft.Storage/storageAccounts/st"
	vault   = group + "/providers/Microsoft.KeyVault/vaults/v"
	logs    = group + "/providers/Microsoft.OperationalInsights/workspaces/w"
	cluster = group + "/providers/Microsoft.ServiceFabric/managedClusters/c"
	roles   = "GET /subscriptions/s/providers/Microsoft.Authorization/roleAssignments"
	reader  = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
)

func outputs() *stack.Outputs {
	return &stack.Outputs{
		Organizations: map[string]stack.Organization{"contoso": {
			Provider: &stack.Side{SubscriptionID: "s", ResourceGroup: "g", StorageAccountID: storage, VaultID: vault,
				DataShareAccountID: account, PrincipalID: "p"},
			Monitoring: &stack.Monitoring{WorkspaceID: logs},
		}},
		Governance: &stack.Governance{ClusterID: cluster},
	}
}

// rows verifies against answers and returns the rows of one check.
func rows(t *testing.T, check string, answers map[string]any) []checks.Check {
	t.Helper()
	report := verify.Run(context.Background(), verify.Options{
		Outputs: outputs(), Access: stacktest.New(t, answers).Access(), Up: "UP", Refresh: "REFRESH",
		Progress: io.Discard,
	})
	var found []checks.Check
	for _, c := range report.Checks {
		if c.Check == check {
			found = append(found, c)
		}
	}
	return found
}

func one(t *testing.T, check string, answers map[string]any) checks.Check {
	t.Helper()
	found := rows(t, check, answers)
	require.Len(t, found, 1)
	return found[0]
}

type object = map[string]any

func list(entries ...any) object { return object{"value": entries} }

func assignment(id, principal, role, scope string) object {
	return object{"id": id, "properties": object{"principalId": principal, "roleDefinitionId": role, "scope": scope}}
}

func TestWhatCannotBeReadIsAFailedCheckAndTheRestGoesOn(t *testing.T) {
	report := verify.Run(context.Background(), verify.Options{
		Outputs: outputs(), Access: stacktest.New(t, object{"GET " + vault: http.StatusForbidden}).Access(),
		Progress: io.Discard,
	})
	assert.Zero(t, report.Passed)
	assert.Greater(t, report.Failed, 8)
	for _, c := range report.Checks {
		assert.NotEmpty(t, c.Advice, c.Check)
		if c.Resource == vault && c.Check == "vault" {
			assert.Equal(t, "403 Forbidden", c.Seen)
		}
	}
}

func TestLeastPrivilege(t *testing.T) {
	held := assignment("/own", "p", reader, storage)
	assert.True(t, one(t, "data-share-role", object{roles: list(held)}).OK)
	assert.True(t, one(t, "least-privilege", object{roles: list(held, assignment("/other", "q", reader, group))}).OK,
		"others' roles are theirs")

	extra := one(t, "least-privilege", object{roles: list(held, assignment("/extra", "p", reader, group))})
	assert.False(t, extra.OK)
	assert.Equal(t, "/extra", extra.Resource)

	wider := object{roles: list(assignment("/wide", "p", reader, group))}
	assert.False(t, one(t, "data-share-role", wider).OK, "the role of the whole group is not that of the account")
	assert.Equal(t, "/wide", one(t, "least-privilege", wider).Resource)
}

func storageWith(properties object) object {
	return object{"GET " + storage: object{"id": storage, "properties": properties}}
}

func TestPublicAccessIsOffOnlyIfItSaysSo(t *testing.T) {
	assert.True(t, one(t, "no-public-access", storageWith(object{"allowBlobPublicAccess": false})).OK)
	assert.False(t, one(t, "no-public-access", storageWith(object{"allowBlobPublicAccess": true})).OK)
	assert.False(t, one(t, "no-public-access", storageWith(object{})).OK, "older accounts allow it without saying so")
}

func TestStorageNetworkLetsDataShareIn(t *testing.T) {
	network := func(action, bypass, public string) checks.Check {
		return one(t, "storage-network", storageWith(object{"publicNetworkAccess": public,
			"networkAcls": object{"defaultAction": action, "bypass": bypass}}))
	}
	assert.True(t, network("Deny", "Logging, AzureServices", "Enabled").OK)
	assert.True(t, network("Allow", "AzureServices", "").OK)
	assert.False(t, network("Deny", "None", "Enabled").OK)
	assert.False(t, network("Deny", "AzureServices", "Disabled").OK)
}

func TestOldTLS(t *testing.T) {
	for version, ok := range map[string]bool{"TLS1_0": false, "TLS1_1": false, "TLS1_2": true, "TLS1_3": true,
		"": false} {
		assert.Equal(t, ok, one(t, "tls", storageWith(object{"minimumTlsVersion": version})).OK, version)
	}
}

func TestDiagnostics(t *testing.T) {
	const settings = "GET " + vault + "/providers/Microsoft.Insights/diagnosticSettings"
	audited := func(workspace string, entries ...any) checks.Check {
		return one(t, "vault-audited",
			object{settings: list(object{"properties": object{"workspaceId": workspace, "logs": entries}})})
	}
	assert.True(t, audited(logs, object{"category": "AuditEvent", "enabled": true}).OK)
	assert.True(t, audited(logs, object{"categoryGroup": "audit", "enabled": true}).OK)
	assert.True(t, audited(logs, object{"categoryGroup": "allLogs", "enabled": true}).OK)
	assert.False(t, audited(logs, object{"category": "AuditEvent", "enabled": false}).OK)
	elsewhere := audited(logs+"2", object{"category": "AuditEvent", "enabled": true})
	assert.False(t, elsewhere.OK)
	assert.Contains(t, elsewhere.Seen, logs+"2")
	assert.Equal(t, vault, elsewhere.Resource)
}

func rule(priority float64, access, source string, ports ...any) object {
	return object{"direction": "inbound", "access": access, "priority": priority, "sourceAddressPrefix": source,
		"destinationPortRanges": ports}
}

func TestManagementPortsAreClosedByTheFirstRuleThatMatches(t *testing.T) {
	ports := func(rules ...any) bool {
		answers := object{"GET " + cluster: object{"properties": object{"networkSecurityRules": rules}}}
		return one(t, "cluster-ports", answers).OK
	}
	deny := rule(1002, "deny", "Internet", "19000", "19080")
	assert.True(t, ports(deny))
	assert.True(t, ports(rule(1000, "allow", "203.0.113.0/24", "19000", "19080"), deny), "some addresses may be let in")
	assert.True(t, ports(rule(1002, "deny", "*", "19000-19080")))
	assert.False(t, ports(), "Azure's own rule lets everybody in")
	assert.False(t, ports(rule(1002, "deny", "Internet", "19000")), "both ports")
	assert.False(t, ports(deny, rule(1001, "allow", "*", "19080")), "an earlier rule lets everybody in")
	assert.True(t, ports(deny, rule(1003, "allow", "*", "*")), "a later rule does not count")
}

func TestTagsAreTheGroups(t *testing.T) {
	tags := func(groups, resource object) bool {
		return one(t, "tags", object{
			"GET " + group:   object{"id": group, "tags": groups},
			"GET " + storage: object{"id": storage, "tags": resource},
		}).OK
	}
	assert.True(t, tags(object{"environment": "dev"}, object{"environment": "dev", "more": "is fine"}))
	assert.False(t, tags(object{"environment": "dev", "purpose": "x"}, object{"environment": "dev"}))
	assert.False(t, tags(object{}, object{}), "without an environment nothing is tagged")
}

func TestSnapshotsAreJudgedByAzuresClock(t *testing.T) {
	o := outputs()
	const share, subscription = account + "/shares/sh", account + "/shareSubscriptions/sub"
	o.Shares = map[string]stack.Share{"sh": {Provider: "contoso", ShareID: share,
		Consumers: map[string]stack.Consumer{"contoso": {SubscriptionID: subscription}}}}
	now := time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)
	run := func(status, ended string) object {
		return object{"synchronizationId": status + ended, "status": status, "startTime": ended, "endTime": ended}
	}
	start, created := "2030-01-01T02:00:00Z", "2030-01-01T00:00:00Z"
	judge := func(interval string, runs ...any) map[string]bool {
		azure := stacktest.New(t, object{
			"GET " + subscription + "/triggers": list(object{"id": "/t", "kind": "ScheduleBased",
				"properties": object{"createdAt": created}}),
			"POST " + subscription + "/listSynchronizations": list(runs...),
			"GET " + share + "/synchronizationSettings": list(object{"id": "/x", "kind": "ScheduleBased",
				"properties": object{"recurrenceInterval": interval, "synchronizationTime": start}}),
		})
		azure.Date = now
		report := verify.Run(context.Background(),
			verify.Options{Outputs: o, Access: azure.Access(), Progress: io.Discard})
		out := map[string]bool{}
		for _, c := range report.Checks {
			if c.Check == "snapshot" || c.Check == "snapshot-age" {
				out[c.Check] = c.OK
			}
		}
		return out
	}
	assert.Equal(t, map[string]bool{"snapshot": true, "snapshot-age": true},
		judge("Day", run("Succeeded", "2030-04-30T12:00:00Z")))
	assert.Equal(t, map[string]bool{"snapshot": true, "snapshot-age": false},
		judge("Hour", run("Succeeded", "2030-05-01T09:00:00Z")))
	assert.Equal(t, map[string]bool{"snapshot": false, "snapshot-age": true},
		judge("Day", run("Succeeded", "2030-05-01T08:00:00Z"), run("Failed", "2030-05-01T11:00:00Z")),
		"the newest counts")
	assert.Equal(t, map[string]bool{"snapshot": false}, judge("Day"))

	old, fine := run("Succeeded", "2030-04-20T12:00:00Z"), map[string]bool{"snapshot": true, "snapshot-age": true}
	start = "2030-05-01T02:00:00Z"
	assert.Equal(t, fine, judge("Day", old), "the schedule began ten hours ago")
	assert.False(t, judge("Hour", old)["snapshot-age"])
	start = "2030-06-01T02:00:00Z"
	assert.Equal(t, fine, judge("Hour", old), "the schedule has not begun")
	start, created = "2025-01-01T02:00:00Z", "2030-05-01T11:30:00Z"
	assert.Equal(t, fine, judge("Hour", old), "the trigger is half an hour old")
}

// The digest of files tells their contents and names apart.
func TestFilesAreComparedWithTheirSource(t *testing.T) {
	sum := func(text string) string {
		digest := sha256.Sum256([]byte(text))
		return hex.EncodeToString(digest[:])
	}
	assert.Equal(t, sum("a"), rules.FilesDigest(map[string]string{"": sum("a")}), "a blob's is its own")
	both := map[string]string{"x/a": sum("a"), "b": sum("b")}
	assert.NotEqual(t, rules.FilesDigest(both), rules.FilesDigest(map[string]string{"x/b": sum("a"), "b": sum("b")}))
	assert.NotEqual(t, rules.FilesDigest(both), rules.FilesDigest(map[string]string{"x/a": sum("b"), "b": sum("b")}))
}
