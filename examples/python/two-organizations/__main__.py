"""Two organizations: contoso offers financial data, fabrikam receives a snapshot of it every day. Contoso also hosts
the governance cluster, and each organization has its own monitoring."""

import os

import pulumi
import pulumi_crossorg as crossorg


def azure_native(name, **arguments):
    """Who manages the Azure resources of an organization. What is left out comes from the environment: `az login` or
    the ARM_* variables. This is the provider of pulumi_azure_native, of which the example needs nothing else; with that
    package installed, use its Provider, which has the same arguments."""
    return pulumi.ProviderResource("azure-native", name, arguments, pulumi.ResourceOptions(version="2.92.3"))


def party(org):
    """An organization as a side of a share."""
    return crossorg.SharePartyArgs(
        provider_urn=org.provider_urn,
        resource_group_name=org.resource_group_name,
        location=org.location,
        subscription_id=org.subscription_id,
        data_share_account_name=org.data_share_account_name,
        storage_account_name=org.storage_account_name,
        storage_account_id=org.storage_account_id,
        blob_endpoint=org.blob_endpoint,
        containers=org.containers,
        files=getattr(org, "files", None),
        role_assigned_on=org.role_assigned_on,
    )


def monitored(org, schedule):
    """A side of an organization that snapshots are expected of."""
    return crossorg.MonitoredSideArgs(
        data_share_account_id=org.data_share_account_id,
        storage_account_id=org.storage_account_id,
        vault_id=org.vault_id,
        snapshot_interval=schedule.interval,
        snapshot_start=schedule.start,
    )


def received(deliveries):
    """What arrives where, in the names that "crossorg local up" compares the snapshots by."""

    def place(location):
        return {
            "storageAccountId": location.storage_account_id,
            "blobEndpoint": location.blob_endpoint,
            "container": location.container,
            "path": location.path,
        }

    return {
        consumer: {
            "subscriptionId": delivery.subscription_id,
            "dataSets": {
                name: {"kind": route.kind, "source": place(route.source), "target": place(route.target)}
                for name, route in delivery.data_sets.items()
            },
        }
        for consumer, delivery in deliveries.items()
    }


config = pulumi.Config()
governance = config.require_object("governance")

location = "eastus"
tags = {"environment": pulumi.get_stack(), "purpose": "cross-org-data-sharing"}
storage = crossorg.StorageSettingsArgs(cool_after_days=30, delete_versions_after_days=90)
key_vault = crossorg.VaultSettingsArgs(
    enabled_for_deployment=True, enabled_for_template_deployment=True, soft_delete_days=7
)

# Each organization signs in for itself: another subscription or tenant is a matter of these arguments.
contoso_azure = azure_native("contoso")
fabrikam_azure = azure_native("fabrikam")

contoso = crossorg.ProviderOrg(
    "contoso-provider",
    location=location,
    tags=tags,
    storage=storage,
    key_vault=key_vault,
    containers=["shared-datasets"],
    files=[
        crossorg.SourceFilesArgs(
            container="shared-datasets",
            path="financial_transactions_2025.csv",
            source="../../../data/financial_transactions_2025.csv",
        ),
    ],
    opts=pulumi.ResourceOptions(providers=[contoso_azure]),
)
fabrikam = crossorg.ConsumerOrg(
    "fabrikam-consumer",
    location=location,
    tags=tags,
    storage=storage,
    key_vault=key_vault,
    opts=pulumi.ResourceOptions(providers=[fabrikam_azure]),
)

schedule = crossorg.ShareScheduleArgs(interval="Day", start="2025-02-01T02:00:00Z")
share = crossorg.ShareWithDataset(
    "financial-collaboration-share",
    share_name="financial-collaboration-share",
    description="Cross-organization financial data sharing for analytics",
    terms="Data for internal use only. No redistribution allowed.",
    schedule=schedule,
    data_sets={
        "financial-transactions": crossorg.ShareDataSetArgs(
            kind="blob",
            container="shared-datasets",
            path="financial_transactions_2025.csv",
        ),
    },
    provider=party(contoso),
    consumers={
        "fabrikam": crossorg.ShareConsumerArgs(party=party(fabrikam), landing_container=fabrikam.landing_container),
    },
    # How long a new role assignment may take until it is in effect.
    role_propagation=os.environ.get("CROSSORG_ROLE_PROPAGATION", "10m"),
    opts=pulumi.ResourceOptions(providers=[contoso_azure]),
)

cluster = crossorg.GovernanceCluster(
    "contoso-governance",
    resource_group_name=contoso.resource_group_name,
    location=location,
    tags=tags,
    node_count=5,
    image=crossorg.ClusterImageArgs(sku="2019-Datacenter"),
    admin_user_name=governance["adminUser"],
    admin_password=config.require_secret("adminPassword"),
    admin_certificate=crossorg.ClusterCertificateArgs(thumbprint=governance["adminCertificate"]["thumbprint"]),
    vault_id=contoso.vault_id,
    storage_account_name=contoso.storage_account_name,
    opts=pulumi.ResourceOptions(providers=[contoso_azure]),
)

contoso_monitoring = crossorg.Monitoring(
    "contoso-monitoring",
    resource_group_name=contoso.resource_group_name,
    location=location,
    tags=tags,
    provider=monitored(contoso, schedule),
    opts=pulumi.ResourceOptions(providers=[contoso_azure]),
)
fabrikam_monitoring = crossorg.Monitoring(
    "fabrikam-monitoring",
    resource_group_name=fabrikam.resource_group_name,
    location=location,
    tags=tags,
    consumer=monitored(fabrikam, schedule),
    opts=pulumi.ResourceOptions(providers=[fabrikam_azure]),
)

pulumi.export(
    "shares",
    {"financial-collaboration-share": {"provider": "contoso", "consumers": share.deliveries.apply(received)}},
)
pulumi.export("managementEndpoint", cluster.management_endpoint)
pulumi.export(
    "workspaces", {"contoso": contoso_monitoring.workspace_id, "fabrikam": fabrikam_monitoring.workspace_id}
)
