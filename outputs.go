package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/components"
)

// outputs are what a person or a script needs next: ids, names, endpoints, states, and links into the portal.
func (t *topology) outputs() pulumi.Map {
	organizations := pulumi.Map{}
	for _, name := range sorted(t.settings.Organizations) {
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
	for _, name := range sorted(t.shares) {
		shares[name] = t.shareOutputs(name)
	}
	outputs := pulumi.Map{"organizations": organizations, "shares": shares}
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
	consumers := pulumi.Map{}
	for _, consumer := range sorted(share.Deliveries) {
		d := share.Deliveries[consumer]
		sets := pulumi.Map{}
		for _, set := range sorted(d.DataSets) {
			route := d.DataSets[set]
			sets[set] = pulumi.Map{
				"kind":   route.Kind,
				"source": locationOutputs(route.Source),
				"target": locationOutputs(route.Target),
			}
		}
		consumers[consumer] = pulumi.Map{
			"subscriptionId":     d.SubscriptionID,
			"invitationId":       d.InvitationID,
			"invitationStatus":   d.InvitationStatus,
			"subscriptionStatus": d.SubscriptionStatus,
			"triggerStatus":      d.TriggerStatus,
			"dataSets":           sets,
			"portal":             portal(t.consumers[consumer].TenantID, d.SubscriptionID),
		}
	}
	return pulumi.Map{
		"provider":  pulumi.String(provider),
		"accountId": t.providers[provider].DataShareAccountID,
		"shareId":   share.ShareID,
		"portal":    portal(t.providers[provider].TenantID, share.ShareID),
		"consumers": consumers,
	}
}

func locationOutputs(l components.BlobLocation) pulumi.Map {
	return pulumi.Map{
		"storageAccountId": l.StorageAccountID,
		"blobEndpoint":     l.BlobEndpoint,
		"container":        l.Container,
		"path":             l.Path,
	}
}

// portal is a link to a resource in the Azure portal, opened in its own tenant.
func portal(tenant, id pulumi.StringInput) pulumi.StringOutput {
	return pulumi.Sprintf("https://portal.azure.com/#@%s/resource%s", tenant, id)
}
