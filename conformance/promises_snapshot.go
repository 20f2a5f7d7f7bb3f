package conformance

import (
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/require"
)

const (
	areaSnapshots   = "Data Share snapshots"
	docsSynchronize = docsShareREST + "share-subscriptions/synchronize"
	docsTerms       = "https://learn.microsoft.com/azure/data-share/terminology"
)

// synchronize starts a snapshot and waits until it has ended.
func (t *T) synchronize(r received, mode string) error {
	t.Helper()
	p, err := t.datashare(t.Env.Consumer).NewShareSubscriptionsClient().BeginSynchronize(t.ctx(),
		groupOf(r.subscription), segment(r.subscription, "accounts"), nameOf(r.subscription),
		armdatashare.Synchronize{SynchronizationMode: to.Ptr(armdatashare.SynchronizationMode(mode))}, nil)
	_, err = done(t, p, err)
	return err
}

// snapshot takes a snapshot and returns how it ended. What comes of it is in the history: the operation itself may fail
// with it.
func (t *T) snapshot(r received, mode string) string {
	t.Helper()
	before := len(t.history(r))
	if err := t.synchronize(r, mode); err != nil {
		t.failed(err)
	}
	t.eventually("the snapshot to end", func() bool {
		runs := t.history(r)
		return len(runs) > before && runs[0].EndTime != nil
	})
	return *t.history(r)[0].Status
}

// history is the consumer's, newest first.
func (t *T) history(r received) []*armdatashare.ShareSubscriptionSynchronization {
	t.Helper()
	client := t.datashare(t.Env.Consumer).NewShareSubscriptionsClient()
	return pages[*armdatashare.ShareSubscriptionSynchronization](t, client.NewListSynchronizationsPager(
		groupOf(r.subscription), segment(r.subscription, "accounts"), nameOf(r.subscription), nil))
}

// details are what a run did for each data set.
func (t *T) details(
	r received, run *armdatashare.ShareSubscriptionSynchronization,
) []*armdatashare.SynchronizationDetails {
	t.Helper()
	client := t.datashare(t.Env.Consumer).NewShareSubscriptionsClient()
	return pages[*armdatashare.SynchronizationDetails](t, client.NewListSynchronizationDetailsPager(
		groupOf(r.subscription), segment(r.subscription, "accounts"), nameOf(r.subscription),
		armdatashare.ShareSubscriptionSynchronization{SynchronizationID: run.SynchronizationID}, nil))
}

// mapped is a share of one kind of data set that the consumer has mapped.
func (t *T) mapped(kind string) received {
	t.Helper()
	r := t.receive(kind)
	t.mapTo(r, kind)
	return r
}

// snapshotPromises are about what a snapshot copies.
func snapshotPromises() []Promise {
	return []Promise{
		{
			Name: "content", Area: areaSnapshots, Source: docsSynchronize,
			Statement: "A snapshot copies what a data set names: one blob, a folder, or a whole container.",
			Test: func(t *T) {
				for _, k := range kinds {
					r := t.receive(k.kind)
					t.upload(t.Env.Provider, r.container, "elsewhere.txt", "not in the folder")
					t.mapTo(r, k.kind)
					require.Equal(t, "Succeeded", t.snapshot(r, "FullSync"), k.kind)
					content, ok := t.download(t.Env.Consumer, r.target, sourceFile)
					require.True(t, ok, k.kind)
					require.Equal(t, sourceText, content)
					_, ok = t.download(t.Env.Consumer, r.target, "elsewhere.txt")
					require.Equal(t, k.kind == "Container", ok, k.kind)
				}
			},
		},
		{
			Name: "history", Area: areaSnapshots, Source: "https://learn.microsoft.com/azure/data-share/how-to-monitor",
			Statement: "Both sides see the same run, and what it copied: files, bytes and duration.",
			Test: func(t *T) {
				r := t.mapped("Blob")
				require.Equal(t, "Succeeded", t.snapshot(r, "FullSync"))
				run := t.history(r)[0]
				details := t.details(r, run)
				require.Len(t, details, 1)
				require.Equal(t, int64(1), *details[0].FilesWritten)
				require.Equal(t, int64(len(sourceText)), *details[0].SizeWritten)
				require.Equal(t, armdatashare.DataSetTypeBlob, *details[0].DataSetType)
				require.False(t, run.EndTime.Before(*run.StartTime))
				client := t.datashare(t.Env.Provider).NewSharesClient()
				sent := pages[*armdatashare.ShareSynchronization](t, client.NewListSynchronizationsPager(
					groupOf(r.share), segment(r.share, "accounts"), nameOf(r.share), nil))
				require.Len(t, sent, 1)
				require.Equal(t, *run.SynchronizationID, *sent[0].SynchronizationID)
				require.Equal(t, "Succeeded", *sent[0].Status)
			},
		},
		{
			Name: "incremental", Area: areaSnapshots, Source: docsTerms,
			Statement: "An incremental snapshot copies what is new or changed since the last; a full one copies " +
				"everything.",
			Test: func(t *T) {
				r := t.mapped("Container")
				t.upload(t.Env.Provider, r.container, "second.txt", "two")
				for _, step := range []struct {
					mode  string
					files int64
				}{{"Incremental", 2}, {"Incremental", 0}, {"FullSync", 2}} {
					require.Equal(t, "Succeeded", t.snapshot(r, step.mode))
					var files int64
					for _, d := range t.details(r, t.history(r)[0]) {
						files += *d.FilesWritten
					}
					require.Equal(t, step.files, files, step.mode)
				}
				time.Sleep(time.Second) // the service tells changes by their time, in seconds
				t.upload(t.Env.Provider, r.container, "second.txt", "two, revised")
				require.Equal(t, "Succeeded", t.snapshot(r, "Incremental"))
				require.Equal(t, int64(1), *t.details(r, t.history(r)[0])[0].FilesWritten)
				content, _ := t.download(t.Env.Consumer, r.target, "second.txt")
				require.Equal(t, "two, revised", content)
			},
		},
		{
			Name: "overwrites, and deletes nothing", Area: areaSnapshots, Source: docsReceive,
			Statement: "A snapshot overwrites blobs of the same name and leaves those that are gone from the source.",
			Test: func(t *T) {
				r := t.mapped("Container")
				t.upload(t.Env.Provider, r.container, "gone.txt", "soon gone")
				t.upload(t.Env.Consumer, r.target, sourceFile, "the consumer's own")
				require.Equal(t, "Succeeded", t.snapshot(r, "FullSync"))
				content, _ := t.download(t.Env.Consumer, r.target, sourceFile)
				require.Equal(t, sourceText, content)
				_, err := t.blobs(t.Env.Provider, accountOf(r.container)).DeleteBlob(t.ctx(), nameOf(r.container),
					"gone.txt", nil)
				require.NoError(t, err)
				require.Equal(t, "Succeeded", t.snapshot(r, "FullSync"))
				_, ok := t.download(t.Env.Consumer, r.target, "gone.txt")
				require.True(t, ok)
			},
		},
		{
			Name: "source not there", Area: areaSnapshots, Source: docsTrouble,
			Statement: "A snapshot of a container that was deleted fails, and its history says so.",
			Test: func(t *T) {
				r := t.mapped("Container")
				require.NoError(t, t.remove(t.Env.Provider, r.container, storageVersion))
				require.Equal(t, "Failed", t.snapshot(r, "FullSync"))
			},
		},
		{
			Name: "target not there", Area: areaSnapshots, Source: docsTrouble,
			Statement: "A snapshot into a container that was deleted fails.",
			Test: func(t *T) {
				r := t.mapped("Container")
				require.NoError(t, t.remove(t.Env.Consumer, r.target, storageVersion))
				require.Equal(t, "Failed", t.snapshot(r, "FullSync"))
			},
		},
		{
			Name: "role taken away", Area: areaSnapshots, Source: docsTrouble,
			Statement: "A snapshot fails when the provider's identity may no longer read the source.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.newShareAccount(o)
				container := t.containerIn(o, t.ownAccount(o))
				t.upload(o, container, sourceFile, sourceText)
				role := t.assign(o, accountOf(container), roleBlobReader, account.principal)
				r := received{share: t.newShare(account.id), container: container, dataSets: map[string]string{}}
				r.dataSets["Blob"] = text(t.newDataSet(r.share, container, "Blob"), "properties", "dataSetId")
				_, invitation := t.invite(r.share)
				var err error
				r.subscription, err = t.accept(t.Env.Consumer, t.target().id, invitation)
				require.NoError(t, err)
				r.target = t.containerIn(t.Env.Consumer, t.target().storage)
				t.mapTo(r, "Blob")
				require.Equal(t, "Succeeded", t.snapshot(r, "FullSync"))
				require.NoError(t, t.remove(o, role, rolesVersion))
				t.eventually("a snapshot to fail", func() bool { return t.snapshot(r, "FullSync") == "Failed" })
			},
		},
	}
}
