package main

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/components"
)

// outputs are what a person or a script needs next: ids, names, endpoints, states, and links into the portal.
func (t *topology) outputs() pulumi.Map {
	organizations := pulumi.Map{}
	for _, name := range slices.Sorted(maps.Keys(t.settings.Organizations)) {
		sides := pulumi.Map{}
		if org, ok := t.providers[name]; ok {
			sides["provider"] = boundaryOutputs(org.Boundary())
		}
		if org, ok := t.consumers[name]; ok {
			side := boundaryOutputs(org.Boundary())
			side["landingContainer"] = org.LandingContainer
			sides["consumer"] = side
		}
		if m, ok := t.monitoring[name]; ok {
			home := t.boundary(name)
			sides["monitoring"] = pulumi.Map{
				"workspaceId":   m.WorkspaceID,
				"customerId":    m.CustomerID,
				"workbookId":    m.WorkbookID,
				"actionGroupId": m.ActionGroupID,
				"alertIds":      m.AlertIDs,
				"portal": pulumi.Map{
					"workspace": portal(home.TenantID, m.WorkspaceID),
					"workbook":  portal(home.TenantID, m.WorkbookID),
				},
			}
		}
		organizations[name] = sides
	}
	shares := pulumi.Map{}
	for _, name := range slices.Sorted(maps.Keys(t.shares)) {
		shares[name] = t.shareOutputs(name)
	}
	outputs := pulumi.Map{"organizations": organizations, "shares": shares,
		"protect": pulumi.Bool(t.settings.Protect)}
	if g := t.governance; g != nil {
		// Without the cluster's state: it was recorded before there were nodes, and so misleads once there are.
		outputs["governance"] = pulumi.Map{
			"clusterId":          g.ClusterID,
			"fqdn":               g.FQDN,
			"managementEndpoint": g.ManagementEndpoint,
			"applicationId":      g.ApplicationID,
			"serviceIds":         g.ServiceIDs,
			"portal":             portal(t.boundary(t.settings.Governance.Organization).TenantID, g.ClusterID),
		}
	}
	return outputs
}

func boundaryOutputs(b *components.Boundary) pulumi.Map {
	return pulumi.Map{
		"location":           b.Location,
		"subscriptionId":     b.SubscriptionID,
		"tenantId":           b.TenantID,
		"resourceGroup":      b.ResourceGroupName,
		"storageAccountId":   b.StorageAccountID,
		"blobEndpoint":       b.BlobEndpoint,
		"vaultId":            b.VaultID,
		"vaultUri":           b.VaultURI,
		"dataShareAccountId": b.DataShareAccountID,
		"principalId":        b.PrincipalID,
		"portal": pulumi.Map{
			"resourceGroup":    portal(b.TenantID, b.ResourceGroupID),
			"storageAccount":   portal(b.TenantID, b.StorageAccountID),
			"vault":            portal(b.TenantID, b.VaultID),
			"dataShareAccount": portal(b.TenantID, b.DataShareAccountID),
		},
	}
}

func (t *topology) shareOutputs(name string) pulumi.Map {
	share := t.shares[name]
	provider := t.settings.Shares[name].Provider
	tenants := pulumi.StringMap{}
	for _, consumer := range t.settings.Shares[name].Consumers {
		tenants[consumer] = t.consumers[consumer].TenantID
	}
	return pulumi.Map{
		"provider":  pulumi.String(provider),
		"accountId": t.providers[provider].DataShareAccountID,
		"shareId":   share.ShareID,
		"portal":    portal(t.providers[provider].TenantID, share.ShareID),
		"consumers": pulumi.All(share.Deliveries, tenants).ApplyT(func(known []any) map[string]any {
			deliveries, tenants := known[0].(map[string]components.ShareDelivery), known[1].(map[string]string)
			consumers := map[string]any{}
			for consumer, d := range deliveries {
				consumers[consumer] = deliveryOutputs(d, tenants[consumer], t.digests[name])
			}
			return consumers
		}).(pulumi.MapOutput),
	}
}

func deliveryOutputs(d components.ShareDelivery, tenant string, digests map[string]sourceDigest) map[string]any {
	sets := map[string]any{}
	for name, route := range d.DataSets {
		source := locationOutputs(route.Source)
		if digest, uploaded := digests[name]; uploaded {
			source["files"], source["sha256"] = digest.files, digest.sha256
		}
		sets[name] = map[string]any{
			"kind":   route.Kind,
			"source": source,
			"target": locationOutputs(route.Target),
		}
	}
	return map[string]any{
		"subscriptionId":     d.SubscriptionID,
		"invitationId":       d.InvitationID,
		"invitationStatus":   d.InvitationStatus,
		"subscriptionStatus": d.SubscriptionStatus,
		"triggerStatus":      d.TriggerStatus,
		"dataSets":           sets,
		"portal":             portalURL(tenant, d.SubscriptionID),
	}
}

func locationOutputs(l components.BlobLocation) map[string]any {
	return map[string]any{
		"storageAccountId": l.StorageAccountID,
		"blobEndpoint":     l.BlobEndpoint,
		"container":        l.Container,
		"path":             l.Path,
	}
}

// portal is a link to a resource in the Azure portal, opened in its own tenant.
func portal(tenant, id pulumi.StringInput) pulumi.StringOutput {
	return pulumi.All(tenant, id).ApplyT(func(known []any) string {
		return portalURL(known[0].(string), known[1].(string))
	}).(pulumi.StringOutput)
}

func portalURL(tenant, id string) string {
	return "https://portal.azure.com/#@" + tenant + "/resource" + id
}
