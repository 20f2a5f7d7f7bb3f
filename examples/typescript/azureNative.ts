import * as pulumi from "@pulumi/pulumi";

/**
 * Who manages the Azure resources of an organization. What is left out comes from the environment: `az login` or the
 * ARM_* variables. This is the provider of `@pulumi/azure-native`, of which the examples need nothing else; with that
 * package installed, use its `Provider`, which has the same arguments.
 */
export class AzureNative extends pulumi.ProviderResource {
    constructor(name: string, args: AzureNativeArgs = {}) {
        super("azure-native", name, { ...args }, { version: "2.92.3" });
    }
}

export interface AzureNativeArgs {
    subscriptionId?: pulumi.Input<string>;
    tenantId?: pulumi.Input<string>;
    clientId?: pulumi.Input<string>;
    clientSecret?: pulumi.Input<string>;
}
