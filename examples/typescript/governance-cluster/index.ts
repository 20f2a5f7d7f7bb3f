// A Service Fabric managed cluster for governance services, administered with a client certificate. It stands in the
// resource group of an organization.
import * as pulumi from "@pulumi/pulumi";
import * as crossorg from "@crossorg/crossorg";

const config = new pulumi.Config();
const { adminUser, adminCertificate } = config.requireObject<{
    adminUser: string;
    adminCertificate: { thumbprint: string };
}>("governance");

const contoso = new crossorg.ProviderOrg("contoso", { location: "eastus", containers: ["reports"] });
const cluster = new crossorg.GovernanceCluster("governance", {
    resourceGroupName: contoso.resourceGroupName,
    location: contoso.location,
    sku: "Basic",
    adminUserName: adminUser,
    adminPassword: config.requireSecret("adminPassword"),
    adminCertificate,
});

export const managementEndpoint = cluster.managementEndpoint;
