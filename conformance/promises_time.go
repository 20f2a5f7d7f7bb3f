package conformance

import (
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/stretchr/testify/require"
)

// pass lets time pass.
func (t *T) pass(by time.Duration) {
	t.Helper()
	require.NoError(t, t.Env.Advance(by))
}

const day = 24 * time.Hour

// timePromises are about what time brings. No real Azure can be asked for them within a test run.
func timePromises() []Promise {
	needs := []Need{Clock}
	return []Promise{
		{
			Name: "tokens expire", Area: areaIdentity,
			Source: "https://learn.microsoft.com/entra/identity-platform/access-tokens", Needs: needs,
			Undocumented: true,
			Statement:    "An access token opens nothing a day after it was issued; a new one does.",
			Test: func(t *T) {
				old := t.bearing(fixed(t.token(t.Env.Provider, t.scope())))
				id := groupID(t.Env.Provider, t.group(t.Env.Provider))
				t.there(old, id, groupsVersion)
				t.pass(day)
				t.unauthorized(old)
				t.there(t.Env.Provider, id, groupsVersion)
			},
		},
		{
			Name: "SAS expires", Area: areaBlobs, Source: docsBlobAPI + "create-service-sas",
			Code: "AuthenticationFailed", CodeSource: docsStorageCodes, Needs: needs,
			Statement: "A shared access signature opens its blob until its expiry and nothing after.",
			Test: func(t *T) {
				_, client := t.blobbed()
				require.NoError(t, put(t, client.NewBlockBlobClient("a.txt"), "a", nil))
				reader := t.signed(client, "a.txt", sas.BlobPermissions{Read: true}, time.Now().Add(2*time.Hour))
				t.pass(time.Hour)
				res, err := reader.DownloadStream(t.ctx(), nil)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				t.pass(2 * time.Hour)
				_, err = reader.DownloadStream(t.ctx(), nil)
				t.refused(err, http.StatusForbidden, "AuthenticationFailed")
			},
		},
		{
			Name: "purge at its date", Area: vaultType, Source: docsSoftDelete, Needs: needs,
			Statement: "A deleted vault is there until its retention has ended; then it is purged and its name is " +
				"free.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.deletedVault(o)
				t.pass(6 * day)
				_, err := t.put(o, id, vaultVersion, t.vaultBody(o))
				t.refused(err, http.StatusConflict, "ConflictError")
				t.pass(2 * day)
				_, err = t.vaults(o).NewVaultsClient().GetDeleted(t.ctx(), nameOf(id), t.Env.Location, nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
				t.made(o, id, vaultVersion, t.vaultBody(o))
			},
		},
		{
			Name: "purge protection ends with the retention", Area: vaultType, Source: docsSoftDelete, Needs: needs,
			Statement: "A protected vault, too, is purged when its retention has ended.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.inGroup(o, vaultType, t.name(20))
				t.made(o, id, vaultVersion, with(t.vaultBody(o), true, "properties", "enablePurgeProtection"))
				require.NoError(t, t.remove(o, id, vaultVersion))
				t.pass(8 * day)
				t.made(o, id, vaultVersion, t.vaultBody(o))
			},
		},
		{
			Name: "recovery ends", Area: workspaceType, Source: docsDeleteWorkspace, Needs: needs,
			Statement: "A workspace that is created again more than 14 days after its deletion is another one.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.inGroup(o, workspaceType, t.name(20))
				t.made(o, id, workspaceVersion, t.workspaceBody())
				first := text(t.there(o, id, workspaceVersion), "properties", "customerId")
				require.NoError(t, t.remove(o, id, workspaceVersion))
				t.pass(15 * day)
				t.made(o, id, workspaceVersion, t.workspaceBody())
				require.NotEqual(t, first, text(t.there(o, id, workspaceVersion), "properties", "customerId"))
			},
		},
		{
			Name: "expired", Area: shares + "/invitations", Source: docsShareREST + "invitations/create", Needs: needs,
			Undocumented: true,
			Statement:    "An invitation cannot be accepted after its expiration date.",
			Test: func(t *T) {
				share := t.newShare(t.source().id)
				id := share + "/invitations/" + t.name(20)
				t.made(t.Env.Provider, id, shareVersion, with(t.invitationBody(),
					time.Now().Add(day).UTC().Format(time.RFC3339), "properties", "expirationDate"))
				invitation := text(t.there(t.Env.Provider, id, shareVersion), "properties", "invitationId")
				t.pass(2 * day)
				_, err := t.accept(t.Env.Consumer, t.target().id, invitation)
				t.refusedSomehow(err)
			},
		},
		{
			Name: "expired", Area: subscriptions, Source: docsShareREST + "provider-share-subscriptions/adjust",
			Needs: needs, Undocumented: true,
			Statement: "A subscription takes no snapshot after its expiration date, and its schedule rests.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				taken := t.trigger(r)
				t.expire(r.share, time.Now().Add(day+time.Minute))
				t.pass(3 * day)
				t.refusedSomehow(t.synchronize(r, "Incremental"))
				require.Len(t, t.history(r), taken)
			},
		},
		{
			Name: "first of a trigger", Area: areaSnapshots, Source: docsReceive, Needs: needs,
			Statement: "Within a minute of a schedule's time there is a snapshot, also when it is the trigger's first.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				begin := time.Now().Add(day).UTC().Truncate(time.Second)
				body := with(scheduleBody(), begin.Format(time.RFC3339), "properties", "synchronizationTime")
				t.made(t.Env.Provider, r.share+"/synchronizationSettings/daily", shareVersion, body)
				t.made(t.Env.Consumer, r.subscription+"/triggers/daily", shareVersion, body)
				t.pass(day + time.Minute)
				t.eventually("the first snapshot", func() bool {
					runs := t.history(r)
					return len(runs) > 0 && runs[0].EndTime != nil && !runs[0].StartTime.Before(begin)
				})
				first := t.history(r)[0]
				require.Equal(t, "Succeeded", *first.Status)
				require.WithinDuration(t, begin, *first.StartTime, time.Minute)
				content, ok := t.download(t.Env.Consumer, r.target, sourceFile)
				require.True(t, ok)
				require.Equal(t, sourceText, content)
			},
		},
		{
			Name: "schedule", Area: areaSnapshots, Source: docsReceive, Needs: needs,
			Statement: "A daily schedule takes a snapshot a day, at its time in UTC.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				taken := t.trigger(r)
				t.pass(3 * day)
				t.eventually("three snapshots", func() bool {
					runs := t.history(r)
					return len(runs) == taken+3 && runs[0].EndTime != nil
				})
				for _, run := range t.history(r)[:3] {
					require.Equal(t, "Succeeded", *run.Status)
					require.Equal(t, 6, run.StartTime.UTC().Hour())
					require.Less(t, run.StartTime.UTC().Minute(), 2)
				}
			},
		},
		{
			Name: "schedule of a revoked consumer", Area: areaSnapshots, Source: docsRevoke, Needs: needs,
			Statement: "The schedule of a revoked consumer takes no snapshots.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				taken := t.trigger(r)
				t.revoke(r.share)
				t.pass(3 * day)
				require.Len(t, t.history(r), taken)
			},
		},
		{
			Name: "history ends", Area: areaSnapshots,
			Source: "https://learn.microsoft.com/azure/data-share/how-to-monitor", Needs: needs,
			Statement: "The history of snapshots goes back 30 days.",
			Test: func(t *T) {
				r := t.receive("Blob")
				t.mapTo(r, "Blob")
				require.Equal(t, "Succeeded", t.snapshot(r, "FullSync"))
				t.pass(29 * day)
				require.Len(t, t.history(r), 1)
				t.pass(2 * day)
				require.Empty(t, t.history(r))
			},
		},
	}
}

// trigger enables the share's schedule, lets a day pass, in which a snapshot is due, and returns how many were taken.
// Whether enabling it takes one beside is left open: Microsoft's pages differ.
func (t *T) trigger(r received) int {
	t.Helper()
	t.schedule(r.share)
	t.made(t.Env.Consumer, r.subscription+"/triggers/daily", shareVersion, scheduleBody())
	t.pass(day)
	taken := 0
	t.eventually("the first snapshot", func() bool {
		runs := t.history(r)
		taken = len(runs)
		return taken > 0 && runs[0].EndTime != nil
	})
	return taken
}
