package conformance

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/stretchr/testify/require"
)

const (
	immutability  = containers + "/immutabilityPolicies"
	docsImmutable = "https://learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview"
)

// protected is a container with an unlocked immutability policy of a day, and the policy's etag.
func (t *T) protected(o *Org) (container, etag string) {
	t.Helper()
	container = t.container(o)
	res, err := t.keepFor(o, container, 1, nil)
	require.NoError(t, err)
	require.Equal(t, armstorage.ImmutabilityPolicyStateUnlocked, *res.Properties.State)
	return container, *res.Etag
}

// keepFor puts the container's immutability policy: a period, and the etag to match if there is one.
func (t *T) keepFor(
	o *Org, container string, days int32, etag *string,
) (armstorage.BlobContainersClientCreateOrUpdateImmutabilityPolicyResponse, error) {
	t.Helper()
	return t.storage(o).NewBlobContainersClient().CreateOrUpdateImmutabilityPolicy(t.ctx(), groupOf(container),
		segment(container, "storageAccounts"), nameOf(container),
		&armstorage.BlobContainersClientCreateOrUpdateImmutabilityPolicyOptions{IfMatch: etag,
			Parameters: period(days)})
}

func period(days int32) *armstorage.ImmutabilityPolicy {
	return &armstorage.ImmutabilityPolicy{Properties: &armstorage.ImmutabilityPolicyProperty{
		ImmutabilityPeriodSinceCreationInDays: &days}}
}

// immutabilityPromises are about the immutability policies of containers.
func immutabilityPromises() []Promise {
	return []Promise{
		{
			Name: "create and read", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create-or-update-immutability-policy",
			Statement: "A container's immutability policy is created unlocked, and shown with the container.",
			Test: func(t *T) {
				c, _ := t.protected(t.Env.Provider)
				shown, err := t.storage(t.Env.Provider).NewBlobContainersClient().Get(t.ctx(), groupOf(c),
					segment(c, "storageAccounts"), nameOf(c), nil)
				require.NoError(t, err)
				require.True(t, *shown.ContainerProperties.HasImmutabilityPolicy)
				require.Equal(t, int32(1),
					*shown.ContainerProperties.ImmutabilityPolicy.Properties.ImmutabilityPeriodSinceCreationInDays)
			},
		},
		{
			Name: "update", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create-or-update-immutability-policy",
			Statement: "An unlocked immutability policy can be shortened and prolonged.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				client := t.storage(o).NewBlobContainersClient()
				for _, days := range []int32{3, 2} {
					changed, err := t.keepFor(o, c, days, &etag)
					require.NoError(t, err)
					etag = *changed.Etag
					got, err := client.GetImmutabilityPolicy(t.ctx(), groupOf(c), segment(c, "storageAccounts"),
						nameOf(c), nil)
					require.NoError(t, err)
					require.Equal(t, days, *got.Properties.ImmutabilityPeriodSinceCreationInDays)
				}
				shown, err := client.Get(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c), nil)
				require.NoError(t, err)
				require.True(t, *shown.ContainerProperties.HasImmutabilityPolicy)
				require.Equal(t, int32(2),
					*shown.ContainerProperties.ImmutabilityPolicy.Properties.ImmutabilityPeriodSinceCreationInDays)
			},
		},
		{
			Name: "invalid update", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A change of the retention period to 0 or more than 146,000 days is refused and changes " +
				"nothing.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				t.Cleanup(func() {
					got, err := t.storage(o).NewBlobContainersClient().GetImmutabilityPolicy(t.ctx(), groupOf(c),
						segment(c, "storageAccounts"), nameOf(c), nil)
					require.NoError(t, err)
					require.Equal(t, int32(1), *got.Properties.ImmutabilityPeriodSinceCreationInDays)
				})
				for _, days := range []int32{0, 146001} {
					_, err := t.keepFor(o, c, days, &etag)
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "recreate", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create-or-update-immutability-policy",
			Statement: "A deleted immutability policy can be created again, and starts unlocked.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				client := t.storage(o).NewBlobContainersClient()
				_, err := client.DeleteImmutabilityPolicy(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c),
					etag, nil)
				require.NoError(t, err)
				again, err := t.keepFor(o, c, 5, nil)
				require.NoError(t, err)
				require.Equal(t, armstorage.ImmutabilityPolicyStateUnlocked, *again.Properties.State)
				require.Equal(t, int32(5), *again.Properties.ImmutabilityPeriodSinceCreationInDays)
			},
		},
		{
			Name: "delete of its parent", Area: immutability,
			Source: "https://learn.microsoft.com/azure/storage/blobs/immutable-container-level-worm-policies",
			Statement: "An empty container can be deleted although it has an immutability policy, which is deleted " +
				"with it.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, _ := t.protected(o)
				require.NoError(t, t.remove(o, c, storageVersion))
				_, err := t.storage(o).NewBlobContainersClient().GetImmutabilityPolicy(t.ctx(), groupOf(c),
					segment(c, "storageAccounts"), nameOf(c), nil)
				require.Equal(t, http.StatusNotFound, t.response(err).StatusCode)
			},
		},
		{
			Name: "period", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A retention period of 0 or more than 146,000 days is refused.",
			Test: func(t *T) {
				o := t.Env.Provider
				c := t.container(o)
				for _, days := range []int32{0, 146001} {
					_, err := t.keepFor(o, c, days, nil)
					t.refusedSomehow(err)
				}
			},
		},
		{
			Name: "delete", Area: immutability,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/blob-containers/delete-immutability-policy",
			Statement: "An unlocked immutability policy can be deleted with its etag; the container then has none.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				client := t.storage(o).NewBlobContainersClient()
				_, err := client.DeleteImmutabilityPolicy(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c),
					etag, nil)
				require.NoError(t, err)
				shown, err := client.Get(t.ctx(), groupOf(c), segment(c, "storageAccounts"), nameOf(c), nil)
				require.NoError(t, err)
				require.False(t, *shown.ContainerProperties.HasImmutabilityPolicy)
			},
		},
		{
			Name: "locked", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A locked immutability policy can be extended, and neither shortened nor deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o) // without blobs the container can still be deleted
				client := t.storage(o).NewBlobContainersClient()
				group, account, name := groupOf(c), segment(c, "storageAccounts"), nameOf(c)
				locked, err := client.LockImmutabilityPolicy(t.ctx(), group, account, name, etag, nil)
				require.NoError(t, err)
				require.Equal(t, armstorage.ImmutabilityPolicyStateLocked, *locked.Properties.State)
				extended, err := client.ExtendImmutabilityPolicy(t.ctx(), group, account, name, *locked.Etag,
					&armstorage.BlobContainersClientExtendImmutabilityPolicyOptions{Parameters: period(2)})
				require.NoError(t, err)
				require.Equal(t, int32(2), *extended.Properties.ImmutabilityPeriodSinceCreationInDays)
				_, err = client.ExtendImmutabilityPolicy(t.ctx(), group, account, name, *extended.Etag,
					&armstorage.BlobContainersClientExtendImmutabilityPolicyOptions{Parameters: period(1)})
				t.refusedSomehow(err)
				_, err = t.keepFor(o, c, 1, extended.Etag)
				t.refusedSomehow(err)
				_, err = client.DeleteImmutabilityPolicy(t.ctx(), group, account, name, *extended.Etag, nil)
				t.refusedSomehow(err)
				got, err := client.GetImmutabilityPolicy(t.ctx(), group, account, name, nil)
				require.NoError(t, err)
				require.Equal(t, armstorage.ImmutabilityPolicyStateLocked, *got.Properties.State)
			},
		},
		{
			Name: "blobs", Area: immutability, Source: docsBlobCodes, Code: "BlobImmutableDueToPolicy",
			Statement: "Under an immutability policy a blob can be written once and read, and neither overwritten " +
				"nor deleted, with the account's key either.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				t.Cleanup(func() { // so that the account can be deleted
					_, err := t.storage(o).NewBlobContainersClient().DeleteImmutabilityPolicy(t.ctx(), groupOf(c),
						segment(c, "storageAccounts"), nameOf(c), etag, nil)
					require.NoError(t, err)
				})
				t.upload(o, c, "a.txt", "first")
				blobs := t.blobs(o, accountOf(c))
				_, err := blobs.UploadBuffer(t.ctx(), nameOf(c), "a.txt", []byte("second"), nil)
				t.refused(err, http.StatusConflict, "BlobImmutableDueToPolicy")
				_, err = blobs.DeleteBlob(t.ctx(), nameOf(c), "a.txt", nil)
				t.refused(err, http.StatusConflict, "BlobImmutableDueToPolicy")
				content, ok := t.download(o, c, "a.txt")
				require.True(t, ok)
				require.Equal(t, "first", content)
			},
		},
		{
			Name: "container with blobs", Area: immutability, Source: docsImmutable, Undocumented: true,
			Statement: "A container whose policy protects blobs cannot be deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, etag := t.protected(o)
				t.upload(o, c, "a.txt", "first")
				require.Equal(t, http.StatusConflict, t.response(t.remove(o, c, storageVersion)).StatusCode)
				_, err := t.storage(o).NewBlobContainersClient().DeleteImmutabilityPolicy(t.ctx(), groupOf(c),
					segment(c, "storageAccounts"), nameOf(c), etag, nil)
				require.NoError(t, err)
				require.NoError(t, t.remove(o, c, storageVersion))
			},
		},
	}
}
