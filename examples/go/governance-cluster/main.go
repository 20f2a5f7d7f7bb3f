// A Service Fabric managed cluster for governance services, administered with a client certificate.
package main

import (
	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/crossorg/crossorg/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		settings := config.New(ctx, "")
		var governance struct {
			AdminUser        string
			AdminCertificate struct{ Thumbprint string }
		}
		settings.RequireObject("governance", &governance)
		group, err := resources.NewResourceGroup(ctx, "governance", &resources.ResourceGroupArgs{
			Location: pulumi.String("eastus"),
		})
		if err != nil {
			return err
		}
		cluster, err := components.NewGovernanceCluster(ctx, "governance", &components.GovernanceClusterArgs{
			ResourceGroupName: group.Name,
			Location:          group.Location,
			SKU:               pulumi.String("Basic"),
			AdminUserName:     pulumi.String(governance.AdminUser),
			AdminPassword:     settings.RequireSecret("adminPassword"),
			AdminCertificate: &components.ClusterCertificate{
				Thumbprint: pulumi.String(governance.AdminCertificate.Thumbprint),
			},
		})
		if err != nil {
			return err
		}
		ctx.Export("managementEndpoint", cluster.ManagementEndpoint)
		return nil
	})
}
