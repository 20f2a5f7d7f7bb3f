package main

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	groupURN = "urn:pulumi:bench::crossorg::azure-native:resources:ResourceGroup::group"
	exported = `{"version": 3, "deployment": {"resources": [
		{"urn": "urn:pulumi:bench::crossorg::pulumi:pulumi:Stack::crossorg-bench", "type": "pulumi:pulumi:Stack"},
		{"urn": "urn:pulumi:bench::crossorg::pulumi:providers:azure-native::contoso",
		 "type": "pulumi:providers:azure-native", "custom": true, "id": "1"},
		{"urn": "` + groupURN + `", "type": "azure-native:resources:ResourceGroup", "custom": true,
		 "id": "/subscriptions/sub/resourceGroups/group1a2b",
		 "inputs": {"resourceGroupName": "group1a2b"},
		 "outputs": {"name": "group1a2b", "identity": {"tenantId": "ten"}, "keys": [
			{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
			 "plaintext": "{\"value\":\"hidden\"}"}]}}
	]}}`
)

func recordedProvider(t *testing.T) *idle {
	t.Helper()
	recording, err := record([]byte(exported))
	require.NoError(t, err)
	p := &idle{}
	p.play(recording)
	return p
}

// The idle provider answers for a stack of any name what the recorded one came out as, with secrets still secret.
func TestAnswersAreTheRecordedState(t *testing.T) {
	p := recordedProvider(t)
	const urn = "urn:pulumi:floor::crossorg::azure-native:resources:ResourceGroup::group"
	checked, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn})
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"resourceGroupName": "group1a2b"}, checked.GetInputs().AsMap())

	created, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn})
	require.NoError(t, err)
	assert.Equal(t, "/subscriptions/sub/resourceGroups/group1a2b", created.GetId())
	outputs, err := plugin.UnmarshalProperties(created.GetProperties(), plugin.MarshalOptions{KeepSecrets: true})
	require.NoError(t, err)
	key := outputs["keys"].ArrayValue()[0]
	require.True(t, key.IsSecret())
	assert.Equal(t, resource.NewPropertyValue(map[string]any{"value": "hidden"}), key.SecretValue().Element)

	read, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn})
	require.NoError(t, err)
	assert.Equal(t, created.GetProperties().AsMap(), read.GetProperties().AsMap())
}

func TestWhoDeploysIsOfTheRecordedSubscription(t *testing.T) {
	p := recordedProvider(t)
	answer, err := p.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "azure-native:authorization:getClientConfig"})
	require.NoError(t, err)
	assert.Equal(t, "sub", answer.GetReturn().AsMap()["subscriptionId"])
	assert.Equal(t, "ten", answer.GetReturn().AsMap()["tenantId"])
}

// Another graph than the recorded one is no floor, so nothing is made up for it.
func TestWhatWasNotRecordedIsRefused(t *testing.T) {
	p := recordedProvider(t)
	_, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: groupURN + "2"})
	assert.ErrorContains(t, err, "was not recorded")
	_, err = p.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "azure-native:storage:listStorageAccountKeys"})
	assert.ErrorContains(t, err, "listStorageAccountKeys is not recorded")
}

func TestOnlyResourcesOfTheProviderCountAsAzures(t *testing.T) {
	recording, err := record([]byte(exported))
	require.NoError(t, err)
	assert.Equal(t, 3, recording.total)
	assert.Equal(t, 1, recording.azure)
	_, err = record([]byte(`{"deployment": {"resources": []}}`))
	assert.ErrorContains(t, err, "nothing was recorded")
}
