// An organization whose audit logs are kept and watched.
import * as crossorg from "@crossorg/crossorg";

const contoso = new crossorg.ProviderOrg("contoso", { location: "eastus", containers: ["reports"] });
const monitoring = new crossorg.Monitoring("contoso", {
    resourceGroupName: contoso.resourceGroupName,
    location: contoso.location,
    recipients: ["data-office@contoso.example"],
    provider: {
        dataShareAccountId: contoso.dataShareAccountId,
        storageAccountId: contoso.storageAccountId,
        vaultId: contoso.vaultId,
    },
});

export const workspaceId = monitoring.workspaceId;
