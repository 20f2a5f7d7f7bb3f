// A folder of one organization's storage that another one receives every hour.
package main

import (
	"cmp"
	"os"

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
		fabrikam, err := components.NewConsumerOrg(ctx, "fabrikam", &components.ConsumerOrgArgs{
			Location: pulumi.String("eastus"),
		})
		if err != nil {
			return err
		}
		share, err := components.NewShareWithDataset(ctx, "reports", &components.ShareWithDatasetArgs{
			ShareName: pulumi.String("reports"),
			Schedule: components.ShareSchedule{
				Interval: pulumi.String("Hour"), Start: pulumi.String("2026-01-01T00:00:00Z"),
			},
			DataSets: map[string]components.ShareDataSet{
				"monthly": {Kind: components.FolderKind, Container: "reports", Path: "monthly"},
			},
			Provider: contoso.Party(),
			Consumers: map[string]components.ShareConsumer{
				"fabrikam": {Party: fabrikam.Party(), LandingContainer: fabrikam.LandingContainer},
			},
			// How long a new role assignment may take until it is in effect.
			RolePropagation: pulumi.String(cmp.Or(os.Getenv("CROSSORG_ROLE_PROPAGATION"), "10m")),
		})
		if err != nil {
			return err
		}
		ctx.Export("deliveries", share.Deliveries)
		return nil
	})
}
