package components_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/components"
)

// everyResource is every resource that the components can register, of Azure.
func everyResource(t *testing.T) []sent {
	t.Helper()
	sharing := newSharing("fabrikam")
	sharing.args.DataSets["folder"] = components.ShareDataSet{Kind: components.FolderKind,
		Container: "shared-datasets", Path: "2025"}
	sharing.args.DataSets["whole"] = components.ShareDataSet{Kind: components.ContainerKind,
		Container: "shared-datasets"}
	sharing.args.Expiration = pulumi.String("2030-01-01T00:00:00Z")
	var all []sent
	for _, program := range []pulumi.RunFunc{
		sharing.program, governance(withPackage(t, "1.0.0"), nil), monitoring(bothSides, nil),
	} {
		for _, s := range record(t, program).all {
			if strings.HasPrefix(s.request.GetType(), "azure-native:") {
				all = append(all, s)
			}
		}
	}
	return all
}

// Ensure that everything the components register says what Azure fixes of it, in the SDK's names.
func TestEveryResourceSaysWhatAzureFixes(t *testing.T) {
	for _, s := range everyResource(t) {
		kind := strings.TrimPrefix(s.request.GetType(), "azure-native:")
		fixed, oneAtATime, known := components.FixedAtCreation(kind)
		if !assert.True(t, known, "%s is not listed in replace.go", kind) {
			continue
		}
		assert.ElementsMatch(t, fixed, s.request.GetReplaceOnChanges(), kind)
		assert.Equal(t, oneAtATime, s.request.GetDeleteBeforeReplace(), kind)
		for _, path := range fixed {
			if path == "*" || path == "delegatedManagedIdentityResourceId" {
				continue // no input
			}
			parsed, err := resource.ParsePropertyPath(path)
			require.NoError(t, err)
			_, given := parsed.Get(resource.NewProperty(s.inputs))
			assert.True(t, given, "%s has no input %s", kind, path)
		}
	}
}

// Ensure an invitation is made anew for another account of its consumer: an accepted one cannot be accepted again.
func TestAnotherAccountOfAConsumerNeedsAnotherInvitation(t *testing.T) {
	m := record(t, newSharing("fabrikam").program)
	trigger := m.sent(t, "datashare:Invitation", "").request.GetReplacementTrigger()
	account := m.sent(t, "datashare:ShareSubscription", "").inputs["accountName"].StringValue()
	require.NotNil(t, trigger)
	var values []string
	for _, v := range trigger.GetListValue().GetValues() {
		values = append(values, v.GetStringValue())
	}
	assert.Contains(t, values, account)
}

// Ensure another size of the nodes makes another cluster, without a request to delete the last primary node type.
func TestAnotherSizeOfNodesNeedsAnotherCluster(t *testing.T) {
	size := func(change func(*components.GovernanceClusterArgs)) string {
		m := record(t, governance(change, nil))
		assert.True(t, m.sent(t, "servicefabric:NodeType", "").request.GetRetainOnDelete())
		return m.sent(t, "servicefabric:ManagedCluster", "").request.GetReplacementTrigger().String()
	}
	usual := size(nil)
	assert.NotEmpty(t, usual)
	assert.Equal(t, usual, size(func(a *components.GovernanceClusterArgs) { a.NodeCount = pulumi.Int(7) }))
	assert.NotEqual(t, usual, size(func(a *components.GovernanceClusterArgs) {
		a.VMSize = pulumi.String("Standard_D4s_v3")
	}))
}
