package main

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/settings"
)

// The engine's own functions that read a stack's outputs, and those of its resources.
const (
	readStackOutputs         = "pulumi:pulumi:readStackOutputs"
	readStackResourceOutputs = "pulumi:pulumi:readStackResourceOutputs"
)

// standingStack is what Azure cannot change of the stack that stands, from the state that the last update left. It has
// no sides before the first update.
func standingStack(ctx *pulumi.Context) (settings.Standing, error) {
	// Most backends want the whole name. Old folders with state know stacks by their own names alone.
	name := ctx.Organization() + "/" + ctx.Project() + "/" + ctx.Stack()
	stack, err := read(ctx, readStackOutputs, &stackNamed{Name: name})
	if err != nil {
		name = ctx.Stack()
		if stack, err = read(ctx, readStackOutputs, &stackNamed{Name: name}); err != nil {
			return settings.Standing{}, err
		}
	}
	if stack["organizations"] == nil {
		return settings.Standing{}, nil
	}
	resources, err := read(ctx, readStackResourceOutputs, &stackNamed{StackName: name})
	if err != nil {
		return settings.Standing{}, err
	}
	standing := toStanding(resources)
	standing.Protected, _ = stack["protect"].(bool)
	return standing, nil
}

// stackNamed names a stack to the engine's functions, which call that differently.
type stackNamed struct {
	Name      string `pulumi:"name,optional"`
	StackName string `pulumi:"stackName,optional"`
}

// read asks the engine for outputs by name or URN. Those that are secret come along, and none of them is used.
func read(ctx *pulumi.Context, function string, arguments *stackNamed) (map[string]any, error) {
	var result map[string]any
	if _, err := ctx.InvokePackageRaw(function, arguments, &result, ""); err != nil {
		return nil, err
	}
	outputs, _ := result["outputs"].(map[string]any)
	return outputs, nil
}

// toStanding reads the outputs of a stack's resources by URN.
func toStanding(resources map[string]any) settings.Standing {
	standing := settings.Standing{Sides: map[string]settings.StandingSide{}}
	vaults, accounts := map[string]map[string]any{}, map[string]map[string]any{}
	for urn, of := range resources {
		outputs := object(of, "outputs")
		switch u := resource.URN(urn); u.Type() {
		case "azure-native:keyvault:Vault":
			vaults[text(outputs, "name")] = object(outputs, "properties")
		case "azure-native:storage:StorageAccount":
			accounts[text(outputs, "name")] = outputs
		case "azure-native:storage:BlobContainer":
			// Packages of the cluster's application are not protected.
			if !strings.Contains(string(u.QualifiedType()), "GovernanceCluster") {
				standing.Containers = append(standing.Containers, u.Name())
			}
		}
	}
	for urn, of := range resources {
		u := resource.URN(urn)
		if u.Type() != "crossorg:index:ProviderOrg" && u.Type() != "crossorg:index:ConsumerOrg" {
			continue
		}
		outputs := object(of, "outputs")
		vault := vaults[lastName(text(outputs, "vaultId"))]
		days, _ := vault["softDeleteRetentionInDays"].(float64)
		purge, _ := vault["enablePurgeProtection"].(bool)
		standing.Sides[u.Name()] = settings.StandingSide{
			Location: text(outputs, "location"), SubscriptionID: text(outputs, "subscriptionId"),
			StorageSKU: text(object(accounts[text(outputs, "storageAccountName")], "sku"), "name"),
			VaultDays:  int(days), PurgeProtection: purge,
		}
	}
	return standing
}

// follows refuses settings that Azure cannot bring the stack that stands to.
func follows(ctx *pulumi.Context, s *settings.Settings) error {
	standing, err := standingStack(ctx)
	if err != nil {
		return ctx.Log.Warn(fmt.Sprintf("What Azure cannot change is not checked, as the state of the standing stack "+
			"cannot be read: %v", err), nil)
	}
	return s.Follows(standing)
}

func object(of any, key string) map[string]any {
	outer, _ := of.(map[string]any)
	inner, _ := outer[key].(map[string]any)
	return inner
}

func text(of map[string]any, key string) string {
	value, _ := of[key].(string)
	return value
}

// lastName is the name at the end of an ARM id.
func lastName(id string) string { return id[strings.LastIndex(id, "/")+1:] }
