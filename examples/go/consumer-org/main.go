// An organization that receives data: storage with a landing container, a vault, and a Data Share account that may
// write.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/components"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		fabrikam, err := components.NewConsumerOrg(ctx, "fabrikam", &components.ConsumerOrgArgs{
			Location: pulumi.String("eastus"),
		})
		if err != nil {
			return err
		}
		ctx.Export("landingContainer", fabrikam.LandingContainer)
		ctx.Export("blobEndpoint", fabrikam.BlobEndpoint)
		return nil
	})
}
