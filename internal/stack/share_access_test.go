package stack

import (
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func record(name, consumer string, created time.Time) *armdatashare.ProviderShareSubscription {
	return &armdatashare.ProviderShareSubscription{Name: &name,
		Properties: &armdatashare.ProviderShareSubscriptionProperties{
			ConsumerName: &consumer, CreatedAt: &created,
		}}
}

func TestTheProvidersRecordOfASubscriptionIsFound(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	theirs := &armdatashare.ShareSubscriptionProperties{UserName: to.Ptr("ann"), CreatedAt: &at}

	found, err := match([]*armdatashare.ProviderShareSubscription{record("bob's", "bob", at),
		record("ann's", "ann", at.Add(time.Hour))}, theirs)
	require.NoError(t, err)
	assert.Equal(t, "ann's", *found.Name, "who accepted tells more than when")

	found, err = match([]*armdatashare.ProviderShareSubscription{
		record("late", "ann", at.Add(time.Minute)), record("same", "ann", at.Add(time.Second)),
	}, theirs)
	require.NoError(t, err)
	assert.Equal(t, "same", *found.Name, "of one person's, the one made at the same time")

	_, err = match([]*armdatashare.ProviderShareSubscription{record("a", "ann", at), record("b", "ann", at)}, theirs)
	assert.ErrorContains(t, err, "look alike", "another's access must not be taken away by mistake")
	_, err = match([]*armdatashare.ProviderShareSubscription{record("bob's", "bob", at)}, theirs)
	assert.ErrorContains(t, err, "no record")
}
