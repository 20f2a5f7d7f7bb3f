// Two organizations: contoso offers financial data, fabrikam receives a snapshot of it every day. Contoso also hosts
// the governance cluster, and each organization has its own monitoring.
import * as pulumi from "@pulumi/pulumi";
import * as crossorg from "@crossorg/crossorg";
import { AzureNative } from "../azureNative";
import { party } from "../party";

const config = new pulumi.Config();
const { adminUser, adminCertificate } = config.requireObject<{
    adminUser: string;
    adminCertificate: { thumbprint: string };
}>("governance");

const location = "eastus";
const tags = { environment: pulumi.getStack(), purpose: "cross-org-data-sharing" };
const storage = { coolAfterDays: 30, deleteVersionsAfterDays: 90 };
const keyVault = { enabledForDeployment: true, enabledForTemplateDeployment: true, softDeleteDays: 7 };

// Each organization signs in for itself: another subscription or tenant is a matter of these arguments.
const contosoAzure = new AzureNative("contoso");
const fabrikamAzure = new AzureNative("fabrikam");

const contoso = new crossorg.ProviderOrg("contoso-provider", {
    location, tags, storage, keyVault,
    containers: ["shared-datasets"],
    files: [{
        container: "shared-datasets",
        path: "financial_transactions_2025.csv",
        source: "../../../data/financial_transactions_2025.csv",
    }],
}, { providers: [contosoAzure] });

const fabrikam = new crossorg.ConsumerOrg("fabrikam-consumer", {
    location, tags, storage, keyVault,
}, { providers: [fabrikamAzure] });

const schedule = { interval: "Day", start: "2025-02-01T02:00:00Z" };
const share = new crossorg.ShareWithDataset("financial-collaboration-share", {
    shareName: "financial-collaboration-share",
    description: "Cross-organization financial data sharing for analytics",
    terms: "Data for internal use only. No redistribution allowed.",
    schedule,
    dataSets: {
        "financial-transactions": {
            kind: "blob",
            container: "shared-datasets",
            path: "financial_transactions_2025.csv",
        },
    },
    provider: party(contoso),
    consumers: {
        fabrikam: { party: party(fabrikam), landingContainer: fabrikam.landingContainer },
    },
    // How long a new role assignment may take until it is in effect.
    rolePropagation: process.env.CROSSORG_ROLE_PROPAGATION ?? "10m",
}, { providers: [contosoAzure] });

const governance = new crossorg.GovernanceCluster("contoso-governance", {
    resourceGroupName: contoso.resourceGroupName,
    location, tags,
    nodeCount: 5,
    image: { sku: "2019-Datacenter" },
    adminUserName: adminUser,
    adminPassword: config.requireSecret("adminPassword"),
    adminCertificate,
    vaultId: contoso.vaultId,
    storageAccountName: contoso.storageAccountName,
}, { providers: [contosoAzure] });

const expected = { snapshotInterval: schedule.interval, snapshotStart: schedule.start };
const contosoMonitoring = new crossorg.Monitoring("contoso-monitoring", {
    resourceGroupName: contoso.resourceGroupName,
    location, tags,
    provider: {
        dataShareAccountId: contoso.dataShareAccountId,
        storageAccountId: contoso.storageAccountId,
        vaultId: contoso.vaultId,
        ...expected,
    },
}, { providers: [contosoAzure] });

const fabrikamMonitoring = new crossorg.Monitoring("fabrikam-monitoring", {
    resourceGroupName: fabrikam.resourceGroupName,
    location, tags,
    consumer: {
        dataShareAccountId: fabrikam.dataShareAccountId,
        storageAccountId: fabrikam.storageAccountId,
        vaultId: fabrikam.vaultId,
        ...expected,
    },
}, { providers: [fabrikamAzure] });

// What "crossorg local up" compares the snapshots by.
export const shares = { "financial-collaboration-share": { provider: "contoso", consumers: share.deliveries } };
export const managementEndpoint = governance.managementEndpoint;
export const workspaces = { contoso: contosoMonitoring.workspaceId, fabrikam: fabrikamMonitoring.workspaceId };
