// Two organizations: contoso offers financial data, fabrikam receives a snapshot of it every day. Contoso also hosts
// the governance cluster, and each organization has its own monitoring.
package main

import (
	"cmp"
	"os"

	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"github.com/crossorg/crossorg/components"
)

const (
	location = "eastus"
	interval = "Day"
	start    = "2025-02-01T02:00:00Z"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		t := &topology{tags: pulumi.StringMap{
			"environment": pulumi.String(ctx.Stack()), "purpose": pulumi.String("cross-org-data-sharing"),
		}}
		for _, step := range []func(*pulumi.Context) error{
			t.addOrganizations, t.addShare, t.addGovernance, t.addMonitoring,
		} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

type topology struct {
	tags                        pulumi.StringMap
	contosoAzure, fabrikamAzure *azurenative.Provider
	contoso                     *components.ProviderOrg
	fabrikam                    *components.ConsumerOrg
}

func (t *topology) addOrganizations(ctx *pulumi.Context) error {
	// Each organization signs in for itself: another subscription or tenant is a matter of these arguments.
	var err error
	if t.contosoAzure, err = azurenative.NewProvider(ctx, "contoso", &azurenative.ProviderArgs{}); err != nil {
		return err
	}
	if t.fabrikamAzure, err = azurenative.NewProvider(ctx, "fabrikam", &azurenative.ProviderArgs{}); err != nil {
		return err
	}

	storage := &components.StorageSettings{CoolAfterDays: 30, DeleteVersionsAfterDays: 90}
	vault := &components.VaultSettings{
		EnabledForDeployment:         pulumi.Bool(true),
		EnabledForTemplateDeployment: pulumi.Bool(true),
		SoftDeleteDays:               pulumi.Int(7),
	}
	t.contoso, err = components.NewProviderOrg(ctx, "contoso-provider", &components.ProviderOrgArgs{
		Location:   pulumi.String(location),
		Tags:       t.tags,
		Storage:    storage,
		KeyVault:   vault,
		Containers: []string{"shared-datasets"},
		Files: []components.SourceFiles{{
			Container: "shared-datasets",
			Path:      "financial_transactions_2025.csv",
			Source:    "../../../data/financial_transactions_2025.csv",
		}},
	}, pulumi.Provider(t.contosoAzure))
	if err != nil {
		return err
	}
	t.fabrikam, err = components.NewConsumerOrg(ctx, "fabrikam-consumer", &components.ConsumerOrgArgs{
		Location: pulumi.String(location),
		Tags:     t.tags,
		Storage:  storage,
		KeyVault: vault,
	}, pulumi.Provider(t.fabrikamAzure))
	return err
}

func (t *topology) addShare(ctx *pulumi.Context) error {
	const name = "financial-collaboration-share"
	share, err := components.NewShareWithDataset(ctx, name, &components.ShareWithDatasetArgs{
		ShareName:   pulumi.String(name),
		Description: pulumi.String("Cross-organization financial data sharing for analytics"),
		Terms:       pulumi.String("Data for internal use only. No redistribution allowed."),
		Schedule:    components.ShareSchedule{Interval: pulumi.String(interval), Start: pulumi.String(start)},
		DataSets: map[string]components.ShareDataSet{
			"financial-transactions": {
				Kind:      components.BlobKind,
				Container: "shared-datasets",
				Path:      "financial_transactions_2025.csv",
			},
		},
		Provider: t.contoso.Party(),
		Consumers: map[string]components.ShareConsumer{
			"fabrikam": {Party: t.fabrikam.Party(), LandingContainer: t.fabrikam.LandingContainer},
		},
		// How long a new role assignment may take until it is in effect.
		RolePropagation: pulumi.String(cmp.Or(os.Getenv("CROSSORG_ROLE_PROPAGATION"), "10m")),
	}, pulumi.Provider(t.contosoAzure))
	if err != nil {
		return err
	}
	// What "crossorg local up" compares the snapshots by.
	ctx.Export("shares", pulumi.Map{
		name: pulumi.Map{"provider": pulumi.String("contoso"), "consumers": share.Deliveries},
	})
	return nil
}

func (t *topology) addGovernance(ctx *pulumi.Context) error {
	settings := config.New(ctx, "")
	var governance struct {
		AdminUser        string
		AdminCertificate struct{ Thumbprint string }
	}
	settings.RequireObject("governance", &governance)
	cluster, err := components.NewGovernanceCluster(ctx, "contoso-governance", &components.GovernanceClusterArgs{
		ResourceGroupName: t.contoso.ResourceGroupName,
		Location:          pulumi.String(location),
		Tags:              t.tags,
		NodeCount:         pulumi.Int(5),
		Image:             &components.ClusterImage{SKU: pulumi.String("2019-Datacenter")},
		AdminUserName:     pulumi.String(governance.AdminUser),
		AdminPassword:     settings.RequireSecret("adminPassword"),
		AdminCertificate: &components.ClusterCertificate{
			Thumbprint: pulumi.String(governance.AdminCertificate.Thumbprint),
		},
		VaultID:            t.contoso.VaultID,
		StorageAccountName: t.contoso.StorageAccountName,
	}, pulumi.Provider(t.contosoAzure))
	if err != nil {
		return err
	}
	ctx.Export("managementEndpoint", cluster.ManagementEndpoint)
	return nil
}

func (t *topology) addMonitoring(ctx *pulumi.Context) error {
	contoso, err := components.NewMonitoring(ctx, "contoso-monitoring", &components.MonitoringArgs{
		ResourceGroupName: t.contoso.ResourceGroupName,
		Location:          pulumi.String(location),
		Tags:              t.tags,
		Provider: &components.MonitoredSide{
			DataShareAccountID: t.contoso.DataShareAccountID,
			StorageAccountID:   t.contoso.StorageAccountID,
			VaultID:            t.contoso.VaultID,
			SnapshotInterval:   interval,
			SnapshotStart:      pulumi.String(start),
		},
	}, pulumi.Provider(t.contosoAzure))
	if err != nil {
		return err
	}
	fabrikam, err := components.NewMonitoring(ctx, "fabrikam-monitoring", &components.MonitoringArgs{
		ResourceGroupName: t.fabrikam.ResourceGroupName,
		Location:          pulumi.String(location),
		Tags:              t.tags,
		Consumer: &components.MonitoredSide{
			DataShareAccountID: t.fabrikam.DataShareAccountID,
			StorageAccountID:   t.fabrikam.StorageAccountID,
			VaultID:            t.fabrikam.VaultID,
			SnapshotInterval:   interval,
			SnapshotStart:      pulumi.String(start),
		},
	}, pulumi.Provider(t.fabrikamAzure))
	if err != nil {
		return err
	}
	ctx.Export("workspaces", pulumi.StringMap{"contoso": contoso.WorkspaceID, "fabrikam": fabrikam.WorkspaceID})
	return nil
}
