import * as crossorg from "@crossorg/crossorg";

/** An organization as a side of a share. */
export function party(org: crossorg.ProviderOrg | crossorg.ConsumerOrg): crossorg.types.input.SharePartyArgs {
    return {
        providerUrn: org.providerUrn,
        resourceGroupName: org.resourceGroupName,
        location: org.location,
        subscriptionId: org.subscriptionId,
        dataShareAccountName: org.dataShareAccountName,
        storageAccountName: org.storageAccountName,
        storageAccountId: org.storageAccountId,
        blobEndpoint: org.blobEndpoint,
        containers: org.containers,
        files: org instanceof crossorg.ProviderOrg ? org.files : undefined,
        roleAssignedOn: org.roleAssignedOn,
    };
}
