package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
)

// azureNative is the package whose provider manages everything that the components register, and so the key of that
// provider among a component's Providers.
const azureNative = "azure-native"

// component is a component resource that can say which providers it was registered with.
type component interface {
	pulumi.ComponentResource
	GetProvider(token string) pulumi.ProviderResource
}

// providerAt is the provider at a key of the Providers that a component was registered with, or nil.
// Pulumi looks providers up by the package of a type token, and it keeps keys that are no packages.
func providerAt(c component, key string) pulumi.ProviderResource {
	return c.GetProvider(key + ":index:Provider")
}

// providerURN is the URN of the azure-native provider of a component, empty with the default provider.
func providerURN(c component) pulumi.StringOutput {
	azure := providerAt(c, azureNative)
	if azure == nil {
		return pulumi.String("").ToStringOutput()
	}
	return azure.URN().ApplyT(func(urn pulumi.URN) string { return string(urn) }).(pulumi.StringOutput)
}

// providerOf is the provider with a URN, nil for the empty one. It waits until the URN is known, which it is once the
// provider is registered.
func providerOf(ctx *pulumi.Context, urn pulumi.StringPtrInput) (pulumi.ProviderResource, error) {
	text, err := awaited(ctx, urn)
	if err != nil || text == "" {
		return nil, err
	}
	parsed, err := resource.ParseURN(text)
	if err != nil || string(parsed.Type()) != "pulumi:providers:"+azureNative {
		return nil, fmt.Errorf("providerUrn is %q: set the URN of an azure-native provider", text)
	}
	azure := &pulumi.ProviderResourceState{}
	// With a URN among its options a resource is looked up and not registered.
	err = ctx.RegisterResource(string(parsed.Type()), parsed.Name(), nil, azure, pulumi.URN_(text))
	return azure, err
}

// awaited is the value of a text that is known once what it belongs to is registered. It is empty for one that is
// missing, and for one that a preview does not know.
func awaited(ctx *pulumi.Context, in pulumi.StringPtrInput) (string, error) {
	if !isSet(in) {
		return "", nil
	}
	result, err := internals.UnsafeAwaitOutput(ctx.Context(), stringOr(in, "").ToStringOutput())
	if err != nil || !result.Known {
		return "", err
	}
	text, _ := result.Value.(string)
	return text, nil
}
