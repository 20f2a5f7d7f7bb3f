// An organization whose audit logs are kept and watched.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		contoso, err := components.NewProviderOrg(ctx, "contoso", &components.ProviderOrgArgs{
			Location:   pulumi.String("eastus"),
			Containers: []string{"reports"},
		})
		if err != nil {
			return err
		}
		monitoring, err := components.NewMonitoring(ctx, "contoso", &components.MonitoringArgs{
			ResourceGroupName: contoso.ResourceGroupName,
			Location:          contoso.Location,
			Recipients:        []string{"data-office@contoso.example"},
			Provider: &components.MonitoredSide{
				DataShareAccountID: contoso.DataShareAccountID,
				StorageAccountID:   contoso.StorageAccountID,
				VaultID:            contoso.VaultID,
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("workspaceId", monitoring.WorkspaceID)
		return nil
	})
}
