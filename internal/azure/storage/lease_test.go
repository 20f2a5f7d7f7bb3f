package storage_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The ids of the tests' leases.
const (
	leaseA = "aaaaaaaa-0000-4000-8000-000000000001"
	leaseB = "bbbbbbbb-0000-4000-8000-000000000002"
	leaseC = "cccccccc-0000-4000-8000-000000000003"
)

// states are the states of a lease, in the order of the columns of the published tables.
var states = []string{"available", "leased", "breaking", "broken", "expired"}

// leased makes a blob whose lease A, if it has one, is in a state.
func (c *cloud) leased(client *azblob.Client, name, state string) *blockblob.Client {
	ctx := context.Background()
	b := client.ServiceClient().NewContainerClient("data").NewBlockBlobClient(name)
	_, err := b.UploadBuffer(ctx, []byte("content"), nil)
	require.NoError(c.T, err)
	if state == "available" {
		return b
	}
	a := leaseOn(c, b, leaseA)
	_, err = a.AcquireLease(ctx, 60, nil)
	require.NoError(c.T, err)
	switch state {
	case "breaking":
		_, err = a.BreakLease(ctx, nil)
	case "broken":
		_, err = a.BreakLease(ctx, &lease.BlobBreakOptions{BreakPeriod: to.Ptr[int32](0)})
	case "expired":
		c.Advance(61 * time.Second)
	}
	require.NoError(c.T, err)
	assert.Equal(c.T, state, c.stateOf(b))
	return b
}

func (c *cloud) stateOf(b *blockblob.Client) string {
	p, err := b.GetProperties(context.Background(), nil)
	require.NoError(c.T, err)
	return string(*p.LeaseState)
}

func leaseOn(c *cloud, b *blockblob.Client, id string) *lease.BlobClient {
	l, err := lease.NewBlobClient(b, &lease.BlobClientOptions{LeaseID: &id})
	require.NoError(c.T, err)
	return l
}

func codeOf(err error) string {
	var refused interface{ Error() string } = err
	for _, code := range []bloberror.Code{bloberror.LeaseAlreadyPresent, bloberror.LeaseIDMismatchWithLeaseOperation,
		bloberror.LeaseNotPresentWithLeaseOperation, bloberror.LeaseIsBreakingAndCannotBeAcquired,
		bloberror.LeaseIsBreakingAndCannotBeChanged, bloberror.LeaseIsBrokenAndCannotBeRenewed,
		bloberror.LeaseIDMissing, bloberror.LeaseIDMismatchWithBlobOperation, bloberror.LeaseLost,
		bloberror.LeaseNotPresentWithBlobOperation} {
		if bloberror.HasCode(err, code) {
			return string(code)
		}
	}
	if err == nil {
		return ""
	}
	return refused.Error()
}

// What an operation on a lease comes to, by the state that the lease A is in: the state afterwards, or the code.
// Source: https://learn.microsoft.com/rest/api/storageservices/lease-blob, "Outcomes of lease operations on blobs by
// lease state"
func TestLeaseOperationsByTheStateOfTheLease(t *testing.T) {
	const (
		present     = "LeaseAlreadyPresent"
		mismatch    = "LeaseIdMismatchWithLeaseOperation"
		absent      = "LeaseNotPresentWithLeaseOperation"
		notAcquired = "LeaseIsBreakingAndCannotBeAcquired"
		notChanged  = "LeaseIsBreakingAndCannotBeChanged"
		notRenewed  = "LeaseIsBrokenAndCannotBeRenewed"
	)
	c := newCloud(t)
	c.create("leases", nil)
	client := c.data("leases", 0)
	ctx := context.Background()
	_, err := client.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	acquire := func(id string) func(b *blockblob.Client) error {
		return func(b *blockblob.Client) error {
			_, err := leaseOn(c, b, id).AcquireLease(ctx, -1, nil)
			return err
		}
	}
	renew := func(id string) func(b *blockblob.Client) error {
		return func(b *blockblob.Client) error {
			_, err := leaseOn(c, b, id).RenewLease(ctx, nil)
			return err
		}
	}
	release := func(id string) func(b *blockblob.Client) error {
		return func(b *blockblob.Client) error {
			_, err := leaseOn(c, b, id).ReleaseLease(ctx, nil)
			return err
		}
	}
	change := func(from, to string) func(b *blockblob.Client) error {
		return func(b *blockblob.Client) error {
			_, err := leaseOn(c, b, from).ChangeLease(ctx, to, nil)
			return err
		}
	}
	breaking := func(period *int32) func(b *blockblob.Client) error {
		return func(b *blockblob.Client) error {
			_, err := leaseOn(c, b, leaseC).BreakLease(ctx, &lease.BlobBreakOptions{BreakPeriod: period})
			return err
		}
	}
	for name, row := range map[string]struct {
		do   func(b *blockblob.Client) error
		want [5]string
	}{
		"acquire A":      {acquire(leaseA), [5]string{"leased", "leased", notAcquired, "leased", "leased"}},
		"acquire B":      {acquire(leaseB), [5]string{"leased", present, present, "leased", "leased"}},
		"renew A":        {renew(leaseA), [5]string{mismatch, "leased", notRenewed, notRenewed, "leased"}},
		"renew B":        {renew(leaseB), [5]string{mismatch, mismatch, mismatch, mismatch, mismatch}},
		"release A":      {release(leaseA), [5]string{mismatch, "available", "available", "available", "available"}},
		"release B":      {release(leaseB), [5]string{mismatch, mismatch, mismatch, mismatch, mismatch}},
		"change A to B":  {change(leaseA, leaseB), [5]string{mismatch, "leased", notChanged, absent, absent}},
		"change B to A":  {change(leaseB, leaseA), [5]string{mismatch, "leased", notChanged, absent, absent}},
		"change B to C":  {change(leaseB, leaseC), [5]string{mismatch, mismatch, mismatch, mismatch, mismatch}},
		"break at once":  {breaking(to.Ptr[int32](0)), [5]string{absent, "broken", "broken", "broken", "broken"}},
		"break in 20 s":  {breaking(to.Ptr[int32](20)), [5]string{absent, "breaking", "breaking", "broken", "broken"}},
		"break as it is": {breaking(nil), [5]string{absent, "breaking", "breaking", "broken", "broken"}},
	} {
		for i, state := range states {
			b := c.leased(client, fmt.Sprintf("%s/%s", name, state), state)
			got := codeOf(row.do(b))
			if got == "" {
				got = c.stateOf(b)
			}
			assert.Equal(t, row.want[i], got, "%s, lease %s", name, state)
		}
	}
}

// What a use of a blob comes to, by the state of its lease A and by the lease id that the request gives.
// Source: https://learn.microsoft.com/rest/api/storageservices/lease-blob, "Outcomes of use attempts on blobs by lease
// state"
func TestUsesOfABlobByTheStateOfItsLease(t *testing.T) {
	const (
		missing  = "LeaseIdMissing"
		mismatch = "LeaseIdMismatchWithBlobOperation"
		absent   = "LeaseNotPresentWithBlobOperation"
		lost     = "LeaseLost"
	)
	c := newCloud(t)
	c.create("leases", nil)
	client := c.data("leases", 0)
	ctx := context.Background()
	_, err := client.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	with := func(id string) *azblobblob.AccessConditions {
		if id == "" {
			return nil
		}
		return &azblobblob.AccessConditions{LeaseAccessConditions: &azblobblob.LeaseAccessConditions{LeaseID: &id}}
	}
	writes := map[string]func(b *blockblob.Client, id string) error{
		"put": func(b *blockblob.Client, id string) error {
			_, err := b.UploadBuffer(ctx, []byte("new"), &blockblob.UploadBufferOptions{AccessConditions: with(id)})
			return err
		},
		"put block": func(b *blockblob.Client, id string) error {
			o := &blockblob.StageBlockOptions{}
			if id != "" {
				o.LeaseAccessConditions = with(id).LeaseAccessConditions
			}
			_, err := b.StageBlock(ctx, "YQ==", streaming.NopCloser(bytes.NewReader([]byte("new"))), o)
			return err
		},
		"put block list": func(b *blockblob.Client, id string) error {
			_, err := b.CommitBlockList(ctx, nil, &blockblob.CommitBlockListOptions{AccessConditions: with(id)})
			return err
		},
		"copy": func(b *blockblob.Client, id string) error {
			_, err := b.StartCopyFromURL(ctx, client.URL()+"data/source",
				&azblobblob.StartCopyFromURLOptions{AccessConditions: with(id)})
			return err
		},
		"set metadata": func(b *blockblob.Client, id string) error {
			_, err := b.SetMetadata(ctx, map[string]*string{"a": to.Ptr("b")},
				&azblobblob.SetMetadataOptions{AccessConditions: with(id)})
			return err
		},
		"set headers": func(b *blockblob.Client, id string) error {
			_, err := b.SetHTTPHeaders(ctx, azblobblob.HTTPHeaders{},
				&azblobblob.SetHTTPHeadersOptions{AccessConditions: with(id)})
			return err
		},
		"delete": func(b *blockblob.Client, id string) error {
			_, err := b.Delete(ctx, &azblobblob.DeleteOptions{AccessConditions: with(id)})
			return err
		},
	}
	reads := map[string]func(b *blockblob.Client, id string) error{
		"get": func(b *blockblob.Client, id string) error {
			_, err := b.DownloadStream(ctx, &azblobblob.DownloadStreamOptions{AccessConditions: with(id)})
			return err
		},
		"get properties": func(b *blockblob.Client, id string) error {
			_, err := b.GetProperties(ctx, &azblobblob.GetPropertiesOptions{AccessConditions: with(id)})
			return err
		},
	}
	_, err = client.UploadBuffer(ctx, "data", "source", []byte("source"), nil)
	require.NoError(t, err)
	check := func(uses map[string]func(b *blockblob.Client, id string) error, id string, want [5]string) {
		for name, use := range uses {
			for i, state := range states {
				b := c.leased(client, fmt.Sprintf("%s/%s/%s", name, id, state), state)
				assert.Equal(t, want[i], codeOf(use(b, id)), "%s with '%s', lease %s", name, id, state)
			}
		}
	}
	check(writes, "", [5]string{"", missing, missing, "", ""})
	check(writes, leaseA, [5]string{absent, "", "", lost, lost})
	check(writes, leaseB, [5]string{absent, mismatch, mismatch, mismatch, mismatch})
	check(reads, "", [5]string{})
	check(reads, leaseA, [5]string{absent, "", "", lost, lost})
	check(reads, leaseB, [5]string{absent, mismatch, mismatch, mismatch, mismatch})

	b := c.leased(client, "kept", "leased")
	require.NoError(t, writes["put"](b, leaseA))
	assert.Equal(t, "leased", c.stateOf(b), "Ensure a write by the holder keeps the lease")
	page, err := client.NewListBlobsFlatPager("data",
		&azblob.ListBlobsFlatOptions{Prefix: to.Ptr("kept")}).NextPage(ctx)
	require.NoError(t, err)
	p := page.Segment.BlobItems[0].Properties
	assert.Equal(t, "leased locked fixed", fmt.Sprint(*p.LeaseState, " ", *p.LeaseStatus, " ", *p.LeaseDuration))
	b = c.leased(client, "over", "expired")
	require.NoError(t, writes["set metadata"](b, ""))
	assert.Equal(t, "available", c.stateOf(b), "Ensure a write ends a lease that is over")
	_, err = leaseOn(c, b, leaseA).RenewLease(ctx, nil)
	assert.Equal(t, "LeaseIdMismatchWithLeaseOperation", codeOf(err))
}

// A lease on a container keeps it from deletion, on both planes, and nothing else.
// Source: https://learn.microsoft.com/rest/api/storageservices/lease-container
func TestALeasedContainerIsNotDeletedWithoutItsLease(t *testing.T) {
	c := newCloud(t)
	c.create("leases", nil)
	client := c.data("leases", 0)
	ctx := context.Background()
	_, err := client.CreateContainer(ctx, "data", nil)
	require.NoError(t, err)
	one := client.ServiceClient().NewContainerClient("data")
	l, err := lease.NewContainerClient(one, &lease.ContainerClientOptions{LeaseID: to.Ptr(leaseA)})
	require.NoError(t, err)
	before, err := one.GetProperties(ctx, nil)
	require.NoError(t, err)
	_, err = l.AcquireLease(ctx, -1, nil)
	require.NoError(t, err)
	after, err := one.GetProperties(ctx, nil)
	require.NoError(t, err)
	assert.Equal(t, before.ETag, after.ETag, "Ensure a lease leaves the container's tag as it is")
	assert.Equal(t, "leased locked infinite",
		fmt.Sprint(*after.LeaseState, " ", *after.LeaseStatus, " ", *after.LeaseDuration))
	id := accounts + "leases/blobServices/default/containers/data"
	_, shown := c.do("GET", id, nil)
	assert.Equal(t, "Leased Locked Infinite", fmt.Sprint(at(shown, "properties", "leaseState"), " ",
		at(shown, "properties", "leaseStatus"), " ", at(shown, "properties", "leaseDuration")))

	_, err = one.Delete(ctx, nil)
	assert.True(t, bloberror.HasCode(err, bloberror.LeaseIDMissing), "%v", err)
	c.refused(409, "LeaseIdMissing", "DELETE", id, nil)
	_, err = one.Delete(ctx, &container.DeleteOptions{AccessConditions: &container.AccessConditions{
		LeaseAccessConditions: &container.LeaseAccessConditions{LeaseID: to.Ptr(leaseB)}}})
	assert.True(t, bloberror.HasCode(err, bloberror.LeaseIDMismatchWithContainerOperation), "%v", err)
	_, err = client.UploadBuffer(ctx, "data", "x", []byte("x"), nil)
	assert.NoError(t, err, "Ensure blobs are written all the same")
	_, err = one.SetMetadata(ctx, &container.SetMetadataOptions{Metadata: map[string]*string{"a": to.Ptr("b")}})
	assert.NoError(t, err)

	broken, err := l.BreakLease(ctx, &lease.ContainerBreakOptions{BreakPeriod: to.Ptr[int32](30)})
	require.NoError(t, err)
	assert.EqualValues(t, 30, *broken.LeaseTime)
	c.Advance(31 * time.Second)
	_, err = l.AcquireLease(ctx, 15, nil)
	require.NoError(t, err)
	_, err = one.Delete(ctx, &container.DeleteOptions{AccessConditions: &container.AccessConditions{
		LeaseAccessConditions: &container.LeaseAccessConditions{LeaseID: to.Ptr(leaseA)}}})
	assert.NoError(t, err)
}
