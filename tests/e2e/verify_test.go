package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/verify"
)

// live is a stack that stands on a served Azure, read and sabotaged with Azure clients.
type live struct {
	t       *testing.T
	served  *served
	access  *stack.Access
	client  *arm.Client
	outputs *stack.Outputs
}

func newLive(h *home, outputs map[string]any) *live {
	h.t.Helper()
	s := h.serve()
	credential := s.signIn(s.TenantID, s.ClientID, s.defaultSecret())
	options := s.options()
	l := &live{t: h.t, served: s, access: &stack.Access{
		Cloud: options.Cloud, Transport: options.Transport,
		Credential: func(string) (azcore.TokenCredential, error) { return credential, nil },
	}}
	var err error
	l.outputs, err = stack.ParseOutputs(outputs)
	require.NoError(h.t, err)
	l.client, err = arm.NewClient("tests/e2e", "v0.0.0", credential, s.armOptions())
	require.NoError(h.t, err)
	return l
}

func (l *live) verify() *checks.Report {
	return verify.Run(context.Background(), verify.Options{
		Outputs: l.outputs, Access: l.access, Up: "crossorg local up", Refresh: "crossorg local refresh",
		Progress: io.Discard,
	})
}

// do sends a request to Azure Resource Manager, waits for its operation, and returns the answer of the first one.
func (l *live) do(method, id, version string, body any) map[string]any {
	l.t.Helper()
	ctx := context.Background()
	request, err := runtime.NewRequest(ctx, method, runtime.JoinPaths(l.client.Endpoint(), id)+"?api-version="+version)
	require.NoError(l.t, err)
	if body != nil {
		require.NoError(l.t, runtime.MarshalAsJSON(request, body))
	}
	response, err := l.client.Pipeline().Do(request)
	require.NoError(l.t, err)
	raw, err := runtime.Payload(response)
	require.NoError(l.t, err)
	require.Less(l.t, response.StatusCode, 300, "%s %s: %s", method, id, raw)
	answer := map[string]any{}
	if len(raw) > 0 {
		require.NoError(l.t, json.Unmarshal(raw, &answer))
	}
	if response.Header.Get("Azure-AsyncOperation") != "" || response.StatusCode == http.StatusAccepted {
		poller, err := runtime.NewPoller[map[string]any](response, l.client.Pipeline(), nil)
		require.NoError(l.t, err)
		_, err = poller.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: 1e7})
		require.NoError(l.t, err)
	}
	return answer
}

// writable are the parts of a resource that a PUT takes.
func writable(resource map[string]any) map[string]any {
	out := map[string]any{}
	for _, part := range []string{"location", "tags", "kind", "sku", "identity", "properties"} {
		if v, ok := resource[part]; ok {
			out[part] = v
		}
	}
	raw, _ := json.Marshal(out) // maps that came from JSON
	var copied map[string]any
	_ = json.Unmarshal(raw, &copied)
	return copied
}

// sabotage is one thing gone wrong: do breaks it and returns what mends it.
type sabotage struct {
	name string
	// check and culprit are what verify has to name.
	check, culprit string
	do             func() (mend func())
}

// exchange deletes a resource that has no update and makes it anew with other properties, and back.
func (l *live) exchange(id, version string, edit func(resource map[string]any)) func() func() {
	return func() func() {
		l.t.Helper()
		before := writable(l.do(http.MethodGet, id, version, nil))
		after := writable(before)
		edit(after)
		put := func(body map[string]any) {
			l.do(http.MethodDelete, id, version, nil)
			l.do(http.MethodPut, id, version, body)
		}
		put(after)
		return func() { put(before) }
	}
}

// change writes a resource anew with other properties, and back.
func (l *live) change(id, version string, edit func(resource map[string]any)) func() func() {
	return func() func() {
		l.t.Helper()
		before := writable(l.do(http.MethodGet, id, version, nil))
		after := writable(before)
		edit(after)
		l.do(http.MethodPut, id, version, after)
		return func() { l.do(http.MethodPut, id, version, before) }
	}
}

func properties(resource map[string]any) map[string]any {
	return resource["properties"].(map[string]any)
}

// remove deletes a resource, and makes it anew.
func (l *live) remove(id, version string) func() func() {
	return func() func() {
		l.t.Helper()
		before := writable(l.do(http.MethodGet, id, version, nil))
		l.do(http.MethodDelete, id, version, nil)
		return func() { l.do(http.MethodPut, id, version, before) }
	}
}

// only is the one resource of a collection.
func (l *live) only(collection, version string) map[string]any {
	l.t.Helper()
	list, _ := l.do(http.MethodGet, collection, version, nil)["value"].([]any)
	require.Len(l.t, list, 1, collection)
	return list[0].(map[string]any)
}

// blobs is a client for an account's blobs, with the account's key.
func (l *live) blobs(accountID, endpoint string) *azblob.Client {
	l.t.Helper()
	id, err := arm.ParseResourceID(accountID)
	require.NoError(l.t, err)
	accounts, err := stack.Client(l.access, "", id.SubscriptionID, armstorage.NewAccountsClient)
	require.NoError(l.t, err)
	keys, err := accounts.ListKeys(context.Background(), id.ResourceGroupName, id.Name, nil)
	require.NoError(l.t, err)
	key, err := azblob.NewSharedKeyCredential(id.Name, *keys.Keys[0].Value)
	require.NoError(l.t, err)
	client, err := azblob.NewClientWithSharedKeyCredential(endpoint, key,
		&azblob.ClientOptions{ClientOptions: l.served.options()})
	require.NoError(l.t, err)
	return client
}

// overwrite replaces a blob's content, or deletes the blob when content is nil, and puts it back.
func (l *live) overwrite(at stack.Location, content []byte) func() func() {
	return func() func() {
		l.t.Helper()
		ctx, client := context.Background(), l.blobs(at.StorageAccountID, at.BlobEndpoint)
		response, err := client.DownloadStream(ctx, at.Container, at.Path, nil)
		require.NoError(l.t, err)
		before, err := io.ReadAll(response.Body)
		require.NoError(l.t, err)
		upload := func(content []byte) {
			_, err := client.UploadStream(ctx, at.Container, at.Path,
				streaming.NopCloser(bytes.NewReader(content)), nil)
			require.NoError(l.t, err)
		}
		if content == nil {
			_, err = client.DeleteBlob(ctx, at.Container, at.Path, nil)
			require.NoError(l.t, err)
		} else {
			upload(content)
		}
		return func() { upload(before) }
	}
}

const (
	shareVersion      = "2021-08-01"
	storageVersion    = "2022-09-01"
	vaultVersion      = "2023-02-01"
	roleVersion       = "2022-04-01"
	diagnosticVersion = "2021-05-01-preview"
	alertVersion      = "2022-08-01-preview"
	clusterVersion    = "2023-03-01-preview"
)

// TestVerifyNamesTheCulprit: a fresh stack passes; each of many sabotaged ones fails, and verify says which resource is
// to blame; mended, it passes again.
func TestVerifyNamesTheCulprit(t *testing.T) {
	t.Parallel()
	h := newHome(t, "dev")
	report := func(wanted int, verb string, more ...string) checks.Report {
		t.Helper()
		stdout, stderr, code := execute(t, h.verb(verb, append(more, "--json")...)...)
		require.Equal(t, wanted, code, "%s: %s\n%s", verb, stdout, stderr)
		var document checks.Report
		require.NoError(t, json.Unmarshal([]byte(stdout), &document), stdout)
		return document
	}
	before := report(0, "preflight")
	assert.Greater(t, before.Passed, 20)
	up := h.do("up")
	l := newLive(h, up.Outputs)
	fresh := l.verify()
	for _, c := range fresh.Checks {
		require.True(t, c.OK, "%+v", c)
	}
	require.Greater(t, fresh.Passed, 60)

	for _, s := range l.sabotages() {
		t.Run(s.name, func(t *testing.T) {
			l.t = t
			mend := s.do()
			broken := l.verify()
			mend()
			require.False(t, broken.OK(), "it goes unnoticed")
			var named []string
			for _, c := range broken.Checks {
				if c.OK {
					continue
				}
				assert.NotEmpty(t, c.Advice, c.Check)
				assert.NotEmpty(t, c.Seen, c.Check)
				named = append(named, c.Check+" "+strings.ToLower(c.Resource))
			}
			require.Contains(t, named, s.check+" "+strings.ToLower(s.culprit))
			mended := l.verify()
			for _, c := range mended.Checks {
				require.True(t, c.OK, "after mending: %+v", c)
			}
		})
	}
	l.t = t

	// The verbs themselves: exit codes and documents.
	verified := report(0, "verify")
	assert.True(t, verified.OK())
	contoso := l.outputs.Organizations["contoso"].Provider
	mend := l.change(contoso.VaultID, vaultVersion, func(r map[string]any) {
		properties(r)["networkAcls"].(map[string]any)["defaultAction"] = "Allow"
	})()
	stdout, _, code := execute(t, h.verb("verify")...)
	mend()
	assert.Equal(t, 1, code)
	assert.Contains(t, stdout, "vault-network")
	assert.Contains(t, stdout, "What to do")
	l.steers(h)
	l.certifies(h, contoso)
	l.falls()
}

// falls takes away what cannot be put back in its place, one thing after the other: verify names each.
func (l *live) falls() {
	provider := l.outputs.Organizations["contoso"].Provider
	share := l.outputs.Shares["financial-collaboration-share"]
	g := l.outputs.Governance
	vault := provider.VaultID
	remove := func(id, version string) func() { return func() { l.do(http.MethodDelete, id, version, nil) } }
	steps := []sabotage{}
	step := func(name, check, culprit string, do func()) {
		steps = append(steps, sabotage{name, check, culprit, func() func() { do(); return nil }})
	}
	step("the vault deleted", "vault", vault, remove(vault, vaultVersion))
	step("the share deleted", "share", share.ShareID, remove(share.ShareID, shareVersion))
	step("its subscriptions without a source", "subscription", share.Consumers["fabrikam"].SubscriptionID, func() {})
	// The last primary node type goes with its cluster only: Azure refuses to delete it alone.
	step("the cluster deleted", "cluster", g.ClusterID, remove(g.ClusterID, clusterVersion))
	step("its node types", "node-type", g.ClusterID, func() {})
	for _, s := range steps {
		s.do()
		named := []string{}
		for _, c := range l.verify().Checks {
			if !c.OK {
				assert.NotEmpty(l.t, c.Advice, c.Check)
				named = append(named, c.Check+" "+strings.ToLower(c.Resource))
			}
		}
		assert.Contains(l.t, named, s.check+" "+strings.ToLower(s.culprit), s.name)
	}
}

// restore brings the deleted container of a location back.
func (l *live) restore(accountID string, at stack.Location) {
	l.t.Helper()
	client := l.blobs(accountID, at.BlobEndpoint)
	deleted := azblob.ListContainersInclude{Deleted: true}
	for pager := client.NewListContainersPager(&azblob.ListContainersOptions{Include: deleted}); pager.More(); {
		page, err := pager.NextPage(context.Background())
		require.NoError(l.t, err)
		for _, item := range page.ContainerItems {
			if *item.Name == at.Container && item.Deleted != nil && *item.Deleted {
				_, err := client.ServiceClient().RestoreContainer(context.Background(),
					at.Container, *item.Version, nil)
				require.NoError(l.t, err)
				return
			}
		}
	}
	l.t.Fatal("the deleted container is not listed")
}

// steers takes snapshots by hand, and access away and back.
func (l *live) steers(h *home) {
	const share = "financial-collaboration-share"
	run := func(wanted int, verb string, more ...string) map[string]any {
		l.t.Helper()
		stdout, stderr, code := execute(l.t, h.verb(verb, append(more, "--json")...)...)
		require.Equal(l.t, wanted, code, "%s: %s\n%s", verb, stdout, stderr)
		var document map[string]any
		require.NoError(l.t, json.Unmarshal([]byte(stdout), &document), stdout)
		return document
	}
	full := run(0, "sync", share, "--full")["runs"].([]any)[0].(map[string]any)
	assert.Equal(l.t, "FullSync", full["run"].(map[string]any)["mode"])
	assert.NotEmpty(l.t, full["files"])
	assert.Equal(l.t, full["run"].(map[string]any)["synchronizationId"],
		full["history"].([]any)[0].(map[string]any)["synchronizationId"])
	assert.Equal(l.t, "Revoked", run(0, "revoke", share, "fabrikam")["consumerStatus"])
	refused := run(1, "sync", share)["error"].(map[string]any)["diagnostics"].([]any)[0].(map[string]any)
	assert.Contains(l.t, refused["message"], "Revoked")
	assert.Equal(l.t, "Active",
		run(0, "reinstate", share, "fabrikam", "--expires", "2099-01-01T00:00:00Z")["providerStatus"])
	run(0, "sync", share)
	assert.Contains(l.t, run(1, "revoke", share, "nobody")["error"].(map[string]any)["message"], "fabrikam")
}

// certifies makes the admin certificate: without the role at the vault it says which one is missing; with it the secret
// is stored once; the next up gives the certificate to the cluster.
func (l *live) certifies(h *home, host *stack.Side) {
	out := filepath.Join(l.t.TempDir(), "admin")
	run := func(wanted int) map[string]any {
		l.t.Helper()
		stdout, stderr, code := execute(l.t, h.verb("cert", "--out", out, "--json")...)
		require.Equal(l.t, wanted, code, "%s\n%s", stdout, stderr)
		var document map[string]any
		require.NoError(l.t, json.Unmarshal([]byte(stdout), &document), stdout)
		return document
	}
	denied := run(1)
	assert.Contains(l.t, denied["error"].(map[string]any)["message"], "Key Vault Secrets Officer")
	key, err := os.ReadFile(denied["key"].(string))
	require.NoError(l.t, err)
	assert.NotContains(l.t, fmt.Sprint(denied), string(key))
	for _, file := range []string{"key", "certificate"} {
		info, err := os.Stat(denied[file].(string))
		require.NoError(l.t, err)
		assert.Equal(l.t, os.FileMode(0o600), info.Mode().Perm(), file)
	}

	const secretsOfficer = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
	l.do(http.MethodPut, host.VaultID+"/providers/Microsoft.Authorization/roleAssignments/"+uuid.NewString(),
		roleVersion, map[string]any{
			"properties": map[string]any{
				"principalId": l.objectID(), "principalType": "ServicePrincipal",
				"roleDefinitionId": "/subscriptions/" + host.SubscriptionID +
					"/providers/Microsoft.Authorization/roleDefinitions/" + secretsOfficer,
			}})
	stored := run(0)
	assert.Equal(l.t, denied["thumbprint"], stored["thumbprint"], "what the folder has is used again")
	assert.NotEmpty(l.t, stored["secretId"])
	assert.Equal(l.t, stored["secretId"], run(0)["secretId"], "the same certificate is stored once")

	up := h.do("up")
	assert.Equal(l.t, 2, up.Summary.Update, "the cluster gets the certificate, which its component records")
	clients := properties(l.do(http.MethodGet, l.outputs.Governance.ClusterID, clusterVersion, nil))["clients"].([]any)
	require.Len(l.t, clients, 1)
	assert.Equal(l.t, stored["thumbprint"], clients[0].(map[string]any)["thumbprint"])
}

// objectID is the signed-in principal's, from its own token.
func (l *live) objectID() string {
	l.t.Helper()
	credential, err := l.access.Credential("")
	require.NoError(l.t, err)
	token, err := credential.GetToken(context.Background(),
		policy.TokenRequestOptions{Scopes: []string{"https://management.azure.com/.default"}})
	require.NoError(l.t, err)
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token.Token, ".")[1])
	require.NoError(l.t, err)
	var claims struct {
		ObjectID string `json:"oid"`
	}
	require.NoError(l.t, json.Unmarshal(raw, &claims))
	return claims.ObjectID
}

// verb are the arguments of a verb that is not below local.
func (h *home) verb(verb string, more ...string) []string {
	args := append([]string{verb}, h.arguments("")[2:]...)
	return append(args, more...)
}

func (l *live) sabotages() []sabotage {
	provider, consumer := l.outputs.Organizations["contoso"].Provider, l.outputs.Organizations["fabrikam"].Consumer
	share := l.outputs.Shares["financial-collaboration-share"]
	delivery := share.Consumers["fabrikam"]
	set := delivery.DataSets["financial-transactions"]
	alert := l.outputs.Organizations["contoso"].Monitoring.AlertIDs["snapshot-failed"]
	cluster := l.outputs.Governance.ClusterID
	assignments := func(scope string) string { return scope + "/providers/Microsoft.Authorization/roleAssignments" }
	held := func(s *stack.Side) string {
		list, _ := l.do(http.MethodGet, assignments(s.StorageAccountID), roleVersion, nil)["value"].([]any)
		for _, one := range list {
			if p := properties(one.(map[string]any)); p["principalId"] == s.PrincipalID {
				return one.(map[string]any)["id"].(string)
			}
		}
		l.t.Fatal("the identity holds no role")
		return ""
	}
	extra := assignments(consumer.GroupID()) + "/" + uuid.NewString()
	grant := func(principal, role string) map[string]any {
		return map[string]any{"properties": map[string]any{
			"principalId": principal, "principalType": "ServicePrincipal",
			"roleDefinitionId": "/subscriptions/" + provider.SubscriptionID +
				"/providers/Microsoft.Authorization/roleDefinitions/" + role,
		}}
	}
	role := func(s *stack.Side) func() func() {
		return func() func() {
			id := held(s)
			before := properties(l.do(http.MethodGet, id, roleVersion, nil))
			l.do(http.MethodDelete, id, roleVersion, nil)
			definition := before["roleDefinitionId"].(string)
			return func() {
				l.do(http.MethodPut, id, roleVersion,
					grant(s.PrincipalID, definition[strings.LastIndexByte(definition, '/')+1:]))
			}
		}
	}
	diagnostics := func(id string) string {
		return l.only(id+"/providers/Microsoft.Insights/diagnosticSettings", diagnosticVersion)["id"].(string)
	}
	property := func(key string, value any) func(map[string]any) {
		return func(r map[string]any) { properties(r)[key] = value }
	}
	container := func(s *stack.Side, name string) string {
		return s.StorageAccountID + "/blobServices/default/containers/" + name
	}
	place := func(at stack.Location) string {
		return at.StorageAccountID[strings.LastIndexByte(at.StorageAccountID, '/')+1:] + "/" + at.Container + "/" +
			at.Path
	}
	mapping := delivery.SubscriptionID + "/dataSetMappings/financial-transactions"
	trigger := delivery.SubscriptionID + "/triggers/schedule"
	return []sabotage{
		{"the reader role removed", "data-share-role", provider.StorageAccountID, role(provider)},
		{"the contributor role removed", "data-share-role", consumer.StorageAccountID, role(consumer)},
		{"a role added", "least-privilege", extra, func() func() {
			l.do(http.MethodPut, extra, roleVersion,
				grant(consumer.PrincipalID, "b24988ac-6180-42a0-ab88-20f7382dd24c"))
			return func() { l.do(http.MethodDelete, extra, roleVersion, nil) }
		}},
		{"a mapping deleted", "mapping", mapping, l.remove(mapping, shareVersion)},
		{"a mapping elsewhere", "mapping", mapping,
			l.exchange(mapping, shareVersion, property("filePath", "elsewhere.csv"))},
		{"the trigger deleted", "trigger", delivery.SubscriptionID + "/triggers", l.remove(trigger, shareVersion)},
		{"public access allowed", "no-public-access", provider.StorageAccountID,
			l.change(provider.StorageAccountID, storageVersion, property("allowBlobPublicAccess", true))},
		{"a container made public", "container-private", container(provider, set.Source.Container), func() func() {
			closeAccount := l.change(provider.StorageAccountID, storageVersion,
				property("allowBlobPublicAccess", true))()
			closeContainer := l.change(container(provider, set.Source.Container), storageVersion,
				property("publicAccess", "Blob"))()
			return func() { closeContainer(); closeAccount() }
		}},
		{"HTTP allowed", "https-only", consumer.StorageAccountID,
			l.change(consumer.StorageAccountID, storageVersion, property("supportsHttpsTrafficOnly", false))},
		{"TLS lowered", "tls", provider.StorageAccountID,
			l.change(provider.StorageAccountID, storageVersion, property("minimumTlsVersion", "TLS1_0"))},
		{"cross-tenant replication allowed", "no-cross-tenant-replication", provider.StorageAccountID,
			l.change(provider.StorageAccountID, storageVersion, property("allowCrossTenantReplication", true))},
		{"trusted services kept out", "storage-network", consumer.StorageAccountID,
			l.change(consumer.StorageAccountID, storageVersion, func(r map[string]any) {
				acls := properties(r)["networkAcls"].(map[string]any)
				acls["bypass"], acls["defaultAction"] = "None", "Deny"
			})},
		{"one account closed, the others open", "storage-network-default", provider.StorageAccountID,
			l.change(consumer.StorageAccountID, storageVersion, func(r map[string]any) {
				properties(r)["networkAcls"].(map[string]any)["defaultAction"] = "Deny"
			})},
		{"tags removed", "tags", provider.StorageAccountID, l.change(provider.StorageAccountID, storageVersion,
			func(r map[string]any) { r["tags"] = map[string]any{} })},
		{"soft delete of blobs off", "blob-recovery", provider.StorageAccountID + "/blobServices/default",
			l.change(provider.StorageAccountID+"/blobServices/default", storageVersion,
				property("deleteRetentionPolicy", map[string]any{"enabled": false}))},
		{"versions off", "blob-recovery", provider.StorageAccountID + "/blobServices/default",
			l.change(provider.StorageAccountID+"/blobServices/default", storageVersion,
				property("isVersioningEnabled", false))},
		{"soft delete of containers off", "blob-recovery", consumer.StorageAccountID + "/blobServices/default",
			l.change(consumer.StorageAccountID+"/blobServices/default", storageVersion,
				property("containerDeleteRetentionPolicy", map[string]any{"enabled": false}))},
		{"a container deleted", "container", container(provider, set.Source.Container), func() func() {
			id := container(provider, set.Source.Container)
			l.do(http.MethodDelete, id, storageVersion, nil)
			return func() { l.restore(provider.StorageAccountID, set.Source) }
		}},
		{"a diagnostic setting deleted", "share-logs", provider.DataShareAccountID, func() func() {
			return l.remove(diagnostics(provider.DataShareAccountID), diagnosticVersion)()
		}},
		{"a vault not audited", "vault-audited", consumer.VaultID, func() func() {
			return l.remove(diagnostics(consumer.VaultID), diagnosticVersion)()
		}},
		{"a category off", "blob-logs", provider.StorageAccountID + "/blobServices/default", func() func() {
			return l.change(diagnostics(provider.StorageAccountID+"/blobServices/default"), diagnosticVersion,
				func(r map[string]any) {
					properties(r)["logs"].([]any)[0].(map[string]any)["enabled"] = false
				})()
		}},
		{"logs sent elsewhere", "share-logs", consumer.DataShareAccountID, func() func() {
			return l.change(diagnostics(consumer.DataShareAccountID), diagnosticVersion,
				property("workspaceId", l.outputs.Organizations["contoso"].Monitoring.WorkspaceID))()
		}},
		{"an alert disabled", "alert", alert, l.change(alert, alertVersion, property("enabled", false))},
		{"a vault open to every network", "vault-network", provider.VaultID,
			l.change(provider.VaultID, vaultVersion, func(r map[string]any) {
				properties(r)["networkAcls"].(map[string]any)["defaultAction"] = "Allow"
			})},
		{"a vault without roles", "vault-roles", provider.VaultID,
			l.change(provider.VaultID, vaultVersion, func(r map[string]any) {
				properties(r)["enableRbacAuthorization"], properties(r)["accessPolicies"] = false, []any{}
			})},
		{"a blob altered at the consumer", "blob", place(set.Target), l.overwrite(set.Target, []byte("forged"))},
		{"a blob deleted at the consumer", "blob", place(set.Target), l.overwrite(set.Target, nil)},
		{"a blob altered at the provider", "blob", place(set.Target), l.overwrite(set.Source, []byte("changed"))},
		{"a blob deleted at the provider", "blob", container(provider, set.Source.Container),
			l.overwrite(set.Source, nil)},
		{"a blob altered at both ends", "source", place(set.Source), func() func() {
			source, target := l.overwrite(set.Source, []byte("rotten"))(), l.overwrite(set.Target, []byte("rotten"))()
			return func() { source(); target() }
		}},
		{"another invitation", "invitation", share.ShareID + "/invitations/stranger", func() func() {
			id := share.ShareID + "/invitations/stranger"
			l.do(http.MethodPut, id, shareVersion,
				map[string]any{"properties": map[string]any{"targetEmail": "stranger@example.com"}})
			return func() { l.do(http.MethodDelete, id, shareVersion, nil) }
		}},
		{"the subscription revoked", "subscription", delivery.SubscriptionID, func() func() {
			ctx := context.Background()
			_, err := stack.Revoke(ctx, l.access, "financial-collaboration-share", share, "fabrikam", io.Discard)
			require.NoError(l.t, err)
			return func() {
				_, err := stack.Reinstate(ctx, l.access, "financial-collaboration-share", share, "fabrikam",
					time.Time{}, io.Discard)
				require.NoError(l.t, err)
			}
		}},
		{"management ports opened", "cluster-ports", cluster, l.change(cluster, clusterVersion, func(r map[string]any) {
			properties(r)["networkSecurityRules"] = []any{}
		})},
		{"remote desktop opened", "cluster-rdp", cluster,
			l.change(cluster, clusterVersion, property("allowRdpAccess", true))},
		{"an alert of another workspace", "alert-scope", alert, l.change(alert, alertVersion,
			property("scopes", []any{l.outputs.Organizations["fabrikam"].Monitoring.WorkspaceID}))},
		{"an alert that is gone", "alert", alert, l.remove(alert, alertVersion)},
	}
}
