package local

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
)

// ended is the event of a step's end.
func ended(op apitype.OpType, urn string, custom bool, properties ...string) apitype.EngineEvent {
	state := &apitype.StepEventStateMetadata{Custom: custom}
	metadata := apitype.StepEventMetadata{Op: op, URN: urn, Type: string(resource.URN(urn).Type()), New: state,
		Diffs: properties}
	if op == apitype.OpDelete {
		metadata.Old, metadata.New = state, nil
	}
	return apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: metadata}}
}

func TestChangesAndComponents(t *testing.T) {
	const stack = "urn:pulumi:dev::crossorg::"
	const org = stack + "crossorg:index:ProviderOrg::contoso"
	const inside = stack + "crossorg:index:ProviderOrg$azure-native:"
	c, _ := collected(t,
		ended(apitype.OpSame, stack+stackType+"::crossorg-dev", false),
		ended(apitype.OpCreate, stack+"pulumi:providers:azure-native::contoso", true),
		ended(apitype.OpCreate, org, false),
		ended(apitype.OpCreate, inside+"storage:StorageAccount::contosodata", true),
		ended(apitype.OpSame, inside+"keyvault:Vault::contoso", true),
		ended(apitype.OpUpdate, inside+"datashare:Account::contoso", true, "tags"),
		ended(apitype.OpDelete, inside+"insights:Workbook::old", true),
		ended(apitype.OpCreate, org, false),
		ended(apitype.OpSame, stack+"azure-native:resources:ResourceGroup::alone", true),
		ended(apitype.OpSame, stack+"crossorg:index:ProviderOrg::another", false),
	)
	assert.Equal(t, []Change{
		{Op: "create", Type: "ProviderOrg", Name: "contoso"},
		{Op: "create", Type: "storage:StorageAccount", Name: "contosodata"},
		{Op: "update", Type: "datashare:Account", Name: "contoso", Properties: []string{"tags"}},
		{Op: "delete", Type: "insights:Workbook", Name: "old"},
	}, c.made, "providers and the stack are Pulumi's own, and a component's end comes twice")
	assert.Equal(t, []Component{
		{Resources: 1},
		{Type: "ProviderOrg", Names: []string{"another", "contoso"}, Resources: 3},
	}, c.components(), "what was deleted does not stand")
}
