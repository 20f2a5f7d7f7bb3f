package components

import (
	"reflect"

	"github.com/pulumi/pulumi-azure-native-sdk/v2/utilities"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The modules insights and authorization are big, and a Go package is compiled whole: 27 s and 15 s of CPU time, in
// every program that uses them. Beside that package, which has a resource of each type, a module has a package for each
// API version. The types of resources in these two modules are taken from the package of the very version that the
// module itself uses for them, which takes 7 s and 1 s, and register makes the resource under the module's own token.
// So type tokens, URNs and what is sent to Azure are those of insights.NewActionGroup and the like.

// register registers a resource of azure-native under the token of its module, such as "insights:ActionGroup", with
// arguments and outputs from a package of one API version. It does what the module's own constructor does.
func register[R pulumi.CustomResource](
	ctx *pulumi.Context, kind, name string, args pulumi.Input, resource R, opts ...pulumi.ResourceOption,
) (R, error) {
	opts = utilities.PkgResourceDefaultOpts(opts)
	if err := ctx.RegisterResource("azure-native:"+kind, name, args, resource, opts...); err != nil {
		var none R
		return none, err
	}
	return resource, nil
}

// clientConfig is who a provider signs in as, and for which subscription.
type clientConfig struct {
	ObjectID       string `pulumi:"objectId"`
	SubscriptionID string `pulumi:"subscriptionId"`
	TenantID       string `pulumi:"tenantId"`
}

type clientConfigOutput struct{ *pulumi.OutputState }

func (clientConfigOutput) ElementType() reflect.Type { return reflect.TypeFor[clientConfig]() }

// getClientConfig asks a provider who it signs in as.
func getClientConfig(ctx *pulumi.Context, opts ...pulumi.InvokeOption) clientConfigOutput {
	options := pulumi.InvokeOutputOptions{InvokeOptions: utilities.PkgInvokeDefaultOpts(opts)}
	answer := ctx.InvokeOutput("azure-native:authorization:getClientConfig", nil, clientConfigOutput{}, options)
	return answer.(clientConfigOutput)
}

func (o clientConfigOutput) objectID() pulumi.StringOutput {
	return o.ApplyT(func(c clientConfig) string { return c.ObjectID }).(pulumi.StringOutput)
}

func (o clientConfigOutput) subscriptionID() pulumi.StringOutput {
	return o.ApplyT(func(c clientConfig) string { return c.SubscriptionID }).(pulumi.StringOutput)
}

func (o clientConfigOutput) tenantID() pulumi.StringOutput {
	return o.ApplyT(func(c clientConfig) string { return c.TenantID }).(pulumi.StringOutput)
}

func init() { pulumi.RegisterOutputType(clientConfigOutput{}) }
