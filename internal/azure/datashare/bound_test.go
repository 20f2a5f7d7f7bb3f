package datashare_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// recreate deletes an organization's storage, and makes it anew in the same transaction: with its container and without
// the blobs.
func (o *org) recreate(account bool) {
	container, err := arm.ParseID(o.containerID())
	require.NoError(o.w.T, err)
	storage, err := arm.ParseID(o.storageID())
	require.NoError(o.w.T, err)
	o.w.Update(func(c *arm.Call) *arm.Error {
		ids := []arm.ID{container}
		if account {
			ids = append(ids, storage)
		}
		for _, id := range ids {
			r, _ := c.Get(id)
			if err := c.Remove(id); err != nil {
				return err
			}
			if err := c.Save(&arm.Resource{ID: id, Body: r.Body, CreatedAt: c.Now}); err != nil {
				return err
			}
		}
		if err := o.w.Content().DropContainer(c.Tx, o.storage, o.container); err != nil {
			return arm.InternalError(err)
		}
		return nil
	})
}

// While a snapshot copies, the container that it writes to, or the account, is deleted and made anew. The role of the
// identity, inherited from the group, still holds; the snapshot writes nothing into the new one, and fails.
func TestASnapshotStopsWhenItsTargetIsAnother(t *testing.T) {
	for _, account := range []bool{false, true} {
		t.Run(fmt.Sprint(account), func(t *testing.T) {
			w := newWorld(t)
			var files []string
			for i := range 400 {
				files = append(files, fmt.Sprintf("%03d.csv", i))
			}
			w.sharedContainer(files...)
			w.Grant(w.fabrikam.identity, w.fabrikam.role, "/subscriptions/"+w.fabrikam.Subscription)
			failed := make(chan error, 1)
			go func() { failed <- w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental) }()
			require.Eventually(t, func() bool { return len(w.fabrikam.blobs()) > 0 }, time.Minute, time.Millisecond)
			w.fabrikam.recreate(account)

			err := <-failed
			require.ErrorContains(t, err, "could not be copied", "Ensure the swap came in time")
			assert.Empty(t, w.fabrikam.blobs(), "Ensure the new container has nothing of the old one's snapshot")

			require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
			assert.Equal(t, w.contoso.blobs(), w.fabrikam.blobs(), "Ensure the next snapshot leaves nothing out")
		})
	}
}

// The source is another by now: what others put there is not what was shared.
func TestASnapshotStopsWhenItsSourceIsAnother(t *testing.T) {
	w := newWorld(t)
	var files []string
	for i := range 400 {
		files = append(files, fmt.Sprintf("%03d.csv", i))
	}
	w.sharedContainer(files...)
	failed := make(chan error, 1)
	go func() { failed <- w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental) }()
	require.Eventually(t, func() bool { return len(w.fabrikam.blobs()) > 0 }, time.Minute, time.Millisecond)
	w.contoso.recreate(false)
	w.contoso.put("399.csv", "of others")
	others := w.contoso.blobs()["399.csv"]

	require.ErrorContains(t, <-failed, "could not be copied")
	assert.NotContains(t, slices.Collect(maps.Values(w.fabrikam.blobs())), others)
}
