package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
)

func TestMain(m *testing.M) {
	program = "crossorg"
	os.Exit(m.Run())
}

var update = flag.Bool("update", false, "write the pages in testdata anew")

// onScreen is a reporter whose standard output and error are a terminal of a width.
func onScreen(width int, colour bool) (r *reporter, stdout, stderr *bytes.Buffer) {
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	none := func(string) string { return "" }
	r = newReporter(stdout, stderr, none)
	r.out = &console.Screen{Writer: stdout, Columns: width, Colour: colour}
	r.err = &console.Screen{Writer: stderr, Columns: width, Colour: colour}
	r.progress = r.err.Progress()
	return r, stdout, stderr
}

func digest(seed byte) string { return strings.Repeat(fmt.Sprintf("%02x", seed), 32) }

// group is a resource group's id, with a subscription as long as Azure's.
const group = "/subscriptions/4f2a3a51-6a0c-4f0a-9d1c-0c8a6e0a7a11/resourceGroups/"

func sideOutputs(organization, location string) map[string]any {
	id := group + organization + "-rg-dev/providers/"
	return map[string]any{
		"location": location, "subscriptionId": "4f2a3a51-6a0c-4f0a-9d1c-0c8a6e0a7a11",
		"tenantId": "2d6f6d1e-58a4-4a39-8f5e-3b1c1a0d9e77", "resourceGroup": organization + "-rg-dev",
		"storageAccountId": id + "Microsoft.Storage/storageAccounts/" + organization + "sa3f9a",
		"blobEndpoint":     "https://127.0.0.1:40003/" + organization + "sa3f9a",
		"vaultId":          id + "Microsoft.KeyVault/vaults/" + organization + "-kv-3f9a",
		"portal": map[string]any{"vault": "https://portal.azure.com/#@2d6f6d1e-58a4-4a39-8f5e-3b1c1a0d9e77/resource" +
			id + "Microsoft.KeyVault/vaults/" + organization + "-kv-3f9a"},
	}
}

// standingStack is a result of local up with as many consumers, each of which got as many files.
func standingStack(consumers, files int) *local.Result {
	organizations := map[string]any{"contoso": map[string]any{"provider": sideOutputs("contoso", "eastus")}}
	r := &local.Result{
		Stack: "dev", Summary: &local.Summary{Create: 148, Same: 2}, DurationMs: 21340,
		Outputs: map[string]any{"organizations": organizations, "list": []any{1, "two"}},
		Components: []local.Component{{Resources: 3}, {Type: "ConsumerOrg", Resources: 12 * consumers},
			{Type: "ProviderOrg", Names: []string{"contoso"}, Resources: 14}},
		Changes: []local.Change{{Op: "create", Type: "storage:StorageAccount", Name: "contoso-sa"},
			{Op: "update", Type: "keyvault:Vault", Name: "contoso-kv", Properties: []string{"tags", "properties"}}},
	}
	for i := range consumers {
		name := fmt.Sprintf("consumer-%02d", i)
		organizations[name] = map[string]any{"consumer": sideOutputs(name, "westeurope")}
		r.Components[1].Names = append(r.Components[1].Names, name)
		s := stack.Snapshot{Share: "financial-collaboration-share", Consumer: name, Status: "Succeeded"}
		for n := range files {
			s.Files = append(s.Files,
				stack.SnapshotFile{Path: fmt.Sprintf("landing/2025/transactions/part-%04d.csv", n),
					Bytes: 309, SHA256: digest(byte(n)), SourceSHA256: digest(byte(n))})
		}
		r.Snapshots = append(r.Snapshots, s)
	}
	return r
}

func checkReport() *checks.Report {
	id := group + "contoso-rg-dev/providers/Microsoft.KeyVault/vaults/contoso-kv-3f9a"
	r := &checks.Report{Stack: "dev", Target: "local", DurationMs: 1234, Checks: []checks.Check{
		{Check: "tls", Organization: "contoso", OK: true, Expected: "TLS 1.2 or newer", Seen: "TLS1_2",
			Resource: group + "contoso-rg-dev/providers/Microsoft.Storage/storageAccounts/contososa3f9a"},
		{Check: "vault-network", Organization: "contoso", Resource: id, Expected: "default action Deny",
			Seen: "Allow\x1b[31m", Advice: "set networkAcls.defaultAction to Deny: " +
				"crossorg local refresh, then crossorg local up, " +
				"and see " + group + "contoso-rg-dev that nobody changes it by hand"},
		{Check: "snapshot", OK: true, Resource: "financial-collaboration-share"},
	}}
	for i := range 30 {
		r.Checks = append(r.Checks,
			checks.Check{Check: fmt.Sprintf("property-%d", i%11), Organization: "fabrikam", OK: true,
				Resource: fmt.Sprintf("%sfabrikam-rg-dev/providers/Microsoft.Storage/storageAccounts/sa%d", group, i),
				Expected: strings.Repeat("as the program made it ", 4), Seen: "so"})
	}
	r.Passed, r.Failed = len(r.Checks)-1, 1
	return r
}

// pages are all reports, by name.
func pages(all bool) map[string]func(*console.Page) {
	f := &flags{stack: "dev", all: all}
	long := &flags{stack: "hub", home: "/home/somebody/some/where/in a folder/that/has/a/long/name/.crossorg", all: all}
	broken := standingStack(2, 3)
	broken.Error = &local.Failure{Message: "the resources stand, but not every snapshot arrived whole"}
	broken.Snapshots[1].Status, broken.Snapshots[1].Message = "Failed", "5006 Missing permissions for DataShareAccount"
	broken.Snapshots[1].Files[2].SHA256 = ""
	broken.Snapshots[0].Files[1].SHA256 = digest(200)
	moved := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	return map[string]func(*console.Page){
		"up":        f.upPage(standingStack(1, 1)),
		"up-many":   long.upPage(standingStack(20, 40)),
		"up-broken": f.upPage(broken),
		"outputs":   f.outputsPage(standingStack(1, 1)),
		"preview":   f.previewPage(standingStack(1, 0)),
		"destroy": f.destroyPage(&local.Result{Stack: "dev", Summary: &local.Summary{Delete: 150}, DurationMs: 900,
			Changes: []local.Change{{Op: "delete", Type: "storage:StorageAccount", Name: "contoso-sa"}},
			SoftDeletedVaults: []stack.DeletedVault{{Name: "contoso-kv", Location: "eastus",
				Purge: "2026-01-01T00:00:00Z"}}}),
		"verify": f.checksPage("verify", checkReport()),
		"sync": f.runsPage([]*stack.Synchronized{{Share: "financial-collaboration-share", Consumer: "fabrikam",
			Run: &stack.Run{Status: "Succeeded", DataSets: []stack.RunDataSet{{Name: "financial-transactions",
				Status: "Succeeded", FilesRead: 1, FilesWritten: 1, BytesRead: 309, BytesWritten: 309}}},
			Files: []stack.SnapshotFile{{Path: "landing/a.csv", Bytes: 309, SHA256: digest(1),
				SourceSHA256: digest(1)}},
			History: []stack.Run{{SynchronizationID: "0b0c3c8e-5c1c-4f1e-9d3a-1f2e3d4c5b6a", Status: "Succeeded",
				Mode: "Incremental", Start: moved, End: moved.Add(time.Minute)}}}}),
		"access": accessPage(&stack.ShareAccess{Share: "financial-collaboration-share", Consumer: "fabrikam",
			ProviderStatus: "Revoked", ConsumerStatus: "Revoked"}),
		"faults": faultsPage([]faults.State{{Rule: faults.Rule{ID: "f1", Kind: "503", Method: "PUT",
			Path: group + "*/providers/Microsoft.KeyVault/vaults/*", Count: 2}, Matched: 7, Fired: 2}}),
		"advance": advancedPage(arm.Advanced{From: moved, To: moved.Add(48 * time.Hour), Ran: []arm.Ran{
			{Due: moved, Job: "snapshot",
				Resource: group + "g/providers/Microsoft.DataShare/accounts/a/shareSubscriptions/s"},
			{Due: moved, Job: "snapshot", Error: strings.Repeat("no role ", 20),
				Resource: group + "g/providers/Microsoft.DataShare/accounts/b/shareSubscriptions/s"}}}),
		"cert": certificatePage(certDocument{Thumbprint: strings.Repeat("AB", 20), Certificate: "admin/governance.pem",
			Key: "admin/governance.key", NotAfter: moved, Notes: []string{strings.Repeat("run it again ", 12)}}),
		"serve": servedPage(&local.Served{Home: "/home/somebody/crossorg/.crossorg",
			Management: "https://127.0.0.1:40001",
			Authority:  "https://127.0.0.1:40002", Blob: "https://127.0.0.1:40003", CAFile: "/home/somebody/ca.pem",
			TenantID: "2d6f6d1e-58a4-4a39-8f5e-3b1c1a0d9e77", SubscriptionID: "4f2a3a51-6a0c-4f0a-9d1c-0c8a6e0a7a11",
			ClientID: "b5b0b1a2-7a4e-4c39-a3c5-2f1d0e9c8b7a", ObjectID: "0c7a8d6e-9b1f-4e2d-8c3b-5a4f6e7d8c9b",
			SecretFile: "/home/somebody/estate.json"}),
	}
}

// TestPages compares the reports with those in testdata, at three widths.
func TestPages(t *testing.T) {
	for name, page := range pages(false) {
		for _, width := range []int{80, 100, 160} {
			t.Run(fmt.Sprintf("%s-%d", name, width), func(t *testing.T) {
				r, stdout, _ := onScreen(width, false)
				require.NoError(t, r.say(&flags{}, answer{page: page}))
				file := filepath.Join("testdata", fmt.Sprintf("%s-%d.txt", name, width))
				if *update {
					require.NoError(t, os.MkdirAll("testdata", 0o755))
					require.NoError(t, os.WriteFile(file, stdout.Bytes(), 0o644))
				}
				golden, err := os.ReadFile(file)
				require.NoError(t, err)
				assert.Equal(t, strings.ReplaceAll(string(golden), "\r\n", "\n"), stdout.String())
			})
		}
	}
}

// copied are the pages with lines that a person copies whole, however wide: commands, and values of --all.
var copied = map[string]bool{"serve": true, "cert": true, "up-many": true}

func TestNoLineIsWiderThanTheScreen(t *testing.T) {
	for _, all := range []bool{false, true} {
		for name, page := range pages(all) {
			for _, width := range []int{60, 80, 100, 160} {
				for _, colour := range []bool{false, true} {
					r, stdout, _ := onScreen(width, colour)
					require.NoError(t, r.say(&flags{}, answer{page: page}))
					assert.Equal(t, colour, strings.Contains(stdout.String(), "\x1b["), "%s: colour", name)
					for line := range strings.Lines(stdout.String()) {
						line = strings.TrimSuffix(line, "\n")
						if copied[name] || name == "outputs" && all {
							continue
						}
						assert.LessOrEqual(t, ansi.StringWidth(line), width, "%s in %d columns: %s", name, width, line)
						assert.Equal(t, strings.TrimRight(line, " "), line, "%s: blanks at the end", name)
					}
				}
			}
		}
	}
}

// TestUpFitsIntoOneScreen: however much stands and arrives.
func TestUpFitsIntoOneScreen(t *testing.T) {
	for _, name := range []string{"up", "up-many", "up-broken"} {
		r, stdout, _ := onScreen(100, false)
		require.NoError(t, r.say(&flags{}, answer{page: pages(false)[name]}))
		assert.LessOrEqual(t, strings.Count(stdout.String(), "\n"), 48, name)
	}
}

func TestAFailedCheckComesFirstWithCulpritAndRemedy(t *testing.T) {
	f := &targetFlags{flags: flags{stack: "dev"}, target: "local"}
	report, err := f.checked("verify", &checks.Report{Failed: 1, Passed: 1, Checks: []checks.Check{
		{Check: "vault", Resource: "/v", OK: true},
		{Check: "tls", Organization: "contoso", Resource: "/subscriptions/s/storageAccounts/a",
			Expected: "TLS 1.2 or newer", Seen: "TLS1_0", Advice: "raise it"},
	}})
	require.NoError(t, err)
	r, stdout, _ := onScreen(100, false)
	require.ErrorIs(t, r.say(&f.flags, report), errReported, "the verb fails")
	assert.True(t, strings.HasPrefix(stdout.String(), "FAIL  tls (contoso)  a\n"), stdout)
	for _, line := range []string{"Expected    TLS 1.2 or newer", "Seen        TLS1_0", "What to do  raise it",
		"Resource    /subscriptions/s/storageAccounts/a", "verify of dev on local: 1 passed, 1 failed"} {
		assert.Contains(t, stdout.String(), line)
	}
	report, _ = f.checked("verify", &checks.Report{})
	assert.NoError(t, r.say(&f.flags, report), "a stack without shares has nothing to check")
}

func TestFailures(t *testing.T) {
	failure := &local.Failure{Message: "up failed", Diagnostics: []local.Diagnostic{
		{Resource: "storage:StorageAccount a", Message: "first\nsecond"},
		{Message: "general " + strings.Repeat("x ", 50)},
		{Message: "shown before", Shown: true},
	}}
	var stdout, stderr bytes.Buffer
	r := newReporter(&stdout, &stderr, func(string) string { return "" })
	document := map[string]any{"error": failure}
	require.ErrorIs(t, r.say(&flags{json: true}, answer{document: document, failure: failure}), errReported)
	assert.Equal(t, "\nerror: up failed\n  - storage:StorageAccount a: first\n    second\n  - general "+
		strings.TrimSpace(strings.Repeat("x ", 50))+"\n", stderr.String(), "in a log, a line is a line")
	assert.True(t, strings.HasPrefix(stdout.String(), "{\n  \"error\": {\n    \"message\": \"up failed\""), stdout)

	r, _, screen := onScreen(60, true)
	require.ErrorIs(t, r.say(&flags{}, answer{failure: failure}), errReported)
	for line := range strings.Lines(screen.String()) {
		assert.LessOrEqual(t, ansi.StringWidth(strings.TrimSuffix(line, "\n")), 60)
	}
	assert.Contains(t, screen.String(), "\x1b[1;31mup failed\x1b[0m")
}

func TestCommandsToCopyNameTheSameStack(t *testing.T) {
	assert.Equal(t, "crossorg verify", (&flags{stack: "dev"}).command("verify"))
	assert.Equal(t, `crossorg local up --stack hub --home 'it'\''s here'`,
		(&flags{stack: "hub", home: "it's here"}).command("local up"))
}
