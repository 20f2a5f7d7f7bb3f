// An organization that offers data: storage with a container, a vault, and a Data Share account that may read.
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
		ctx.Export("dataShareAccountId", contoso.DataShareAccountID)
		ctx.Export("blobEndpoint", contoso.BlobEndpoint)
		return nil
	})
}
