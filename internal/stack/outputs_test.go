package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestOutputsOfAStackThatDoesNotStand(t *testing.T) {
	_, err := ParseOutputs(map[string]any{})
	assert.ErrorIs(t, err, ErrNoStack)
}

func TestTheClustersHostIsWhoseGroupItIsIn(t *testing.T) {
	o, err := ParseOutputs(map[string]any{
		"organizations": map[string]any{
			"contoso":  map[string]any{"provider": map[string]any{"subscriptionId": "S", "resourceGroup": "rg"}},
			"fabrikam": map[string]any{"consumer": map[string]any{"subscriptionId": "S", "resourceGroup": "rg2"}},
		},
		"governance": map[string]any{"clusterId": "/subscriptions/s/resourcegroups/RG2" +
			"/providers/Microsoft.ServiceFabric/managedClusters/c"},
	})
	require.NoError(t, err)
	host, _, err := o.Host()
	require.NoError(t, err)
	assert.Equal(t, "fabrikam", host, "rg2 is not below rg")
}

func TestUnknownSharesAndConsumersNameTheKnown(t *testing.T) {
	o := Outputs{Shares: map[string]Share{"finance": {Consumers: map[string]Consumer{"fabrikam": {}}}}}
	_, err := o.Find("finanz")
	assert.ErrorContains(t, err, "finance")
	_, err = o.Shares["finance"].Find("nobody")
	assert.ErrorContains(t, err, "fabrikam")
}
