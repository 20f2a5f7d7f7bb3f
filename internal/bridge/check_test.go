package bridge_test

import (
	"regexp"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func check(
	t *testing.T, p pulumirpc.ResourceProviderClient, token string, olds, news m,
	change ...func(*pulumirpc.CheckRequest),
) (m, []*pulumirpc.CheckFailure) {
	t.Helper()
	req := &pulumirpc.CheckRequest{Urn: urn(token, "res"), News: pack(t, news),
		RandomSeed: []byte("0123456789abcdef0123456789abcdef")}
	if olds != nil {
		req.Olds = pack(t, olds)
	}
	for _, c := range change {
		c(req)
	}
	resp, err := p.Check(t.Context(), req)
	require.NoError(t, err)
	return unpack(t, resp.GetInputs()), resp.GetFailures()
}

// A name that the program leaves out is made from the logical name: with a random suffix at the top, as it is for
// children, as a UUID for role assignments. The same seed makes the same name.
func TestCheckMakesNames(t *testing.T) {
	p := newARM(t).configured(t)
	random := regexp.MustCompile(`^res[0-9a-f]{8}$`)
	cases := map[string]struct {
		token, input string
		fits         func(string) bool
		replaceable  bool // beside the old one
	}{
		"resource group": {"resources:ResourceGroup", "resourceGroupName", random.MatchString, true},
		"top level":      {accountToken, "accountName", random.MatchString, true},
		"extension":      {"insights:DiagnosticSetting", "name", random.MatchString, true},
		"child": {"storage:BlobContainer", "containerName", func(s string) bool { return s == "res" },
			false},
		"blob": {"storage:Blob", "blobName", func(s string) bool { return s == "res" }, false},
		"child of a share": {"datashare:Invitation", "invitationName", func(s string) bool { return s == "res" },
			false},
		"role assignment": {"authorization:RoleAssignment", "roleAssignmentName",
			func(s string) bool { return uuid.Validate(s) == nil }, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			inputs, _ := check(t, p, c.token, nil, m{})
			made := inputs[resource.PropertyKey(c.input)].StringValue()
			assert.True(t, c.fits(made), made)
			assert.Equal(t, c.replaceable, inputs.HasValue("__createBeforeDelete"))
			again, _ := check(t, p, c.token, nil, m{})
			assert.Equal(t, inputs[resource.PropertyKey(c.input)], again[resource.PropertyKey(c.input)])
			other, _ := check(t, p, c.token, nil, m{},
				func(r *pulumirpc.CheckRequest) { r.RandomSeed = []byte("another seed of 32 bytes, no more") })
			assert.Equal(t, c.replaceable, made != other[resource.PropertyKey(c.input)].StringValue())
		})
	}
}

// A generated name stays for the life of the resource, and so does its mark for replacements.
func TestCheckKeepsNames(t *testing.T) {
	p := newARM(t).configured(t)
	inputs, _ := check(t, p, accountToken,
		m{"accountName": text("res01234567"), "__createBeforeDelete": resource.NewBoolProperty(true)}, m{})
	assert.Equal(t, text("res01234567"), inputs["accountName"])
	assert.True(t, inputs["__createBeforeDelete"].BoolValue())
	inputs, _ = check(t, p, accountToken, m{"accountName": text("res01234567"),
		"__createBeforeDelete": resource.NewBoolProperty(true)}, m{"accountName": text("fixed")})
	assert.Equal(t, text("fixed"), inputs["accountName"])
	assert.False(t, inputs.HasValue("__createBeforeDelete"))
}

// The user's configuration of auto-naming is respected.
func TestCheckRespectsAutonaming(t *testing.T) {
	p := newARM(t).configured(t)
	with := func(mode pulumirpc.CheckRequest_AutonamingOptions_Mode) func(*pulumirpc.CheckRequest) {
		return func(r *pulumirpc.CheckRequest) {
			r.Autonaming = &pulumirpc.CheckRequest_AutonamingOptions{Mode: mode, ProposedName: "proposed"}
		}
	}
	inputs, _ := check(t, p, accountToken, nil, m{}, with(pulumirpc.CheckRequest_AutonamingOptions_PROPOSE))
	assert.Equal(t, text("proposed"), inputs["accountName"])
	inputs, _ = check(t, p, "authorization:RoleAssignment", nil, m{},
		with(pulumirpc.CheckRequest_AutonamingOptions_PROPOSE))
	assert.NoError(t, uuid.Validate(inputs["roleAssignmentName"].StringValue()))
	_, failures := check(t, p, accountToken, nil, account(m{"accountName": resource.NewNullProperty()}),
		with(pulumirpc.CheckRequest_AutonamingOptions_DISABLE))
	require.Len(t, failures, 1)
	assert.Equal(t, "missing required property 'accountName'", failures[0].GetReason())
}

// A location that the program leaves out is the old one, the provider's, or the resource group's.
func TestCheckFindsTheLocation(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	arm.put(groupID, map[string]any{"location": "westeurope"})
	in := m{"resourceGroupName": text("contoso")}

	inputs, _ := check(t, p, accountToken, m{"location": text("northeurope")}, in)
	assert.Equal(t, text("northeurope"), inputs["location"])
	inputs, _ = check(t, p, accountToken, nil, in)
	assert.Equal(t, text("westeurope"), inputs["location"])
	before := len(arm.seen(""))
	check(t, p, accountToken, nil, in)
	assert.Len(t, arm.seen(""), before, "the location is asked for once")
	inputs, _ = check(t, p, accountToken, nil, m{"resourceGroupName": someValue})
	assert.True(t, inputs["location"].IsComputed())
	inputs, failures := check(t, p, accountToken, nil,
		account(m{"location": resource.NewNullProperty(), "resourceGroupName": text("nowhere")}))
	assert.False(t, inputs.HasValue("location"))
	require.Len(t, failures, 1)
	assert.Equal(t, "location", failures[0].GetProperty())
	inputs, _ = check(t, p, "storage:BlobContainer", nil, in)
	assert.False(t, inputs.HasValue("location"), "a container has none")

	configured := arm.dial(t)
	require.NoError(t, configure(t, configured, map[string]string{"location": "uksouth"}))
	inputs, _ = check(t, configured, accountToken, nil, in)
	assert.Equal(t, text("uksouth"), inputs["location"])
}

// What Azure would refuse is reported before anything is sent, each problem with its property.
func TestCheckReportsProblems(t *testing.T) {
	p := newARM(t).configured(t)
	number := resource.NewNumberProperty
	cases := map[string]struct {
		token            string
		news             m
		property, reason string
	}{
		"missing parameter": {accountToken, account(m{"resourceGroupName": resource.NewNullProperty()}),
			"resourceGroupName", "missing required property 'resourceGroupName'"},
		"missing property": {accountToken, account(m{"kind": resource.NewNullProperty()}), "kind",
			"missing required property 'kind'"},
		"missing inside": {accountToken, account(m{"sku": object(m{})}), "sku.name",
			"missing required property 'sku.name'"},
		"wrong type": {accountToken, account(m{"isHnsEnabled": text("yes")}), "isHnsEnabled",
			"'isHnsEnabled' should be of type 'boolean' but got a string"},
		"wrong item": {accountToken,
			account(m{"networkRuleSet": object(m{"defaultAction": text("Deny"),
				"ipRules": resource.NewArrayProperty([]resource.PropertyValue{number(1)})})}),
			"networkRuleSet.ipRules[0]", "'networkRuleSet.ipRules[0]' should be of type 'object' but got a " +
				"number"},
		"no such value": {accountToken, account(m{"kind": text("StorageV3")}), "kind", "but got 'StorageV3'"},
		"too high": {"insights:ScheduledQueryRule", m{"resourceGroupName": text("contoso"),
			"location": text("eastus"), "severity": number(7)}, "severity", "'severity' is too high (7 > 4)"},
		"not an integer": {"insights:ScheduledQueryRule",
			m{"resourceGroupName": text("contoso"), "location": text("eastus"), "severity": number(1.5)}, "severity",
			"'severity' must be an integer but got 1.5"},
		"too long": {"insights:ActionGroup",
			m{"resourceGroupName": text("contoso"), "location": text("global"),
				"enabled": resource.NewBoolProperty(true), "groupShortName": text("much-too-long-a-name")},
			"groupShortName", "at most 12 characters allowed"},
		"pattern": {"servicefabric:NodeType",
			m{"resourceGroupName": text("contoso"), "clusterName": text("gov"),
				"isPrimary": resource.NewBoolProperty(true), "vmInstanceCount": number(5),
				"dataDiskLetter": text("12")}, "dataDiskLetter", "does not match expression"},
		"wrong constant": {"datashare:ScheduledTrigger",
			m{"resourceGroupName": text("contoso"), "accountName": text("ds"), "shareSubscriptionName": text("s"),
				"kind": text("Blob"), "recurrenceInterval": text("Day"),
				"synchronizationTime": text("2030-01-01T00:00:00Z")}, "kind", "should be 'ScheduleBased'"},
		"no variant": {"servicefabric:ManagedClusterService",
			m{"resourceGroupName": text("contoso"), "clusterName": text("gov"), "applicationName": text("app"),
				"properties": object(m{})}, "properties.serviceKind", "missing required property " +
				"'properties.serviceKind'"},
		"not a string param": {accountToken, account(m{"resourceGroupName": number(1)}), "resourceGroupName",
			"should be of type 'string'"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, failures := check(t, p, c.token, nil, c.news)
			require.Len(t, failures, 1)
			assert.Equal(t, c.property, failures[0].GetProperty())
			assert.Contains(t, failures[0].GetReason(), c.reason)
		})
	}
}

// Unknown values cannot be wrong yet, and secrets stay secrets.
func TestCheckLetsUnknownsAndSecretsThrough(t *testing.T) {
	p := newARM(t).configured(t)
	inputs, failures := check(t, p, accountToken, nil, account(m{
		"kind": someValue, "sku": someValue, "tags": object(m{"code": resource.MakeSecret(text("x"))}),
		"accountName": someValue,
	}))
	assert.Empty(t, failures)
	assert.True(t, inputs["kind"].IsComputed())
	assert.True(t, inputs["accountName"].IsComputed())
	assert.True(t, inputs["tags"].ObjectValue()["code"].IsSecret())
}

// A type beyond the table is refused by name.
func TestCheckRefusesUnknownTypes(t *testing.T) {
	p := newARM(t).configured(t)
	_, err := p.Check(t.Context(),
		&pulumirpc.CheckRequest{Urn: urn("network:VirtualNetwork", "net"), News: pack(t, m{})})
	require.ErrorContains(t, err, "azure-native:network:VirtualNetwork")
}
