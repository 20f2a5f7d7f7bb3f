package azuremock

import (
	"regexp"
	"strings"
	"time"
)

var (
	storageName   = regexp.MustCompile(`^[a-z0-9]{3,24}$`)
	vaultName     = regexp.MustCompile(`^[a-zA-Z](-?[a-zA-Z0-9]){2,23}$`)
	containerName = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){2,62}$`)
	clusterName   = regexp.MustCompile(`^[a-z][a-z0-9]{3,22}$`)
	workspaceName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9-]{2,61}[a-zA-Z0-9]$`)
	nodeTypeName  = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]{0,8}$`)
)

// TriggerCreatedAt is when every trigger of the mocks was created.
const TriggerCreatedAt = "2025-03-01T00:00:00Z"

// kinds are the types, by token without the package, whose names are restricted or for which Azure computes properties
// that the program uses. Every other type needs no entry: its id follows from the bridge's table.
var kinds = map[string]kind{
	"storage:StorageAccount": {
		name: storageName,
		computed: func(_ *Azure, _ *Resource, name string, _ login) map[string]any {
			return map[string]any{
				"provisioningState": "Succeeded",
				"primaryEndpoints":  map[string]any{"blob": "https://" + name + ".blob.core.windows.net/"},
			}
		},
	},
	"storage:BlobContainer": {name: containerName},
	"storage:Blob": computing(func(r *Resource, name string) map[string]any {
		account, _ := r.Input("accountName").(string)
		container, _ := r.Input("containerName").(string)
		return map[string]any{"url": "https://" + account + ".blob.core.windows.net/" + container + "/" + name}
	}),

	"keyvault:Vault": {
		name: vaultName,
		computed: func(_ *Azure, r *Resource, name string, _ login) map[string]any {
			properties, _ := r.Input("properties").(map[string]any)
			properties["vaultUri"] = "https://" + name + ".vault.azure.net/"
			return map[string]any{"properties": properties}
		},
	},

	"authorization:RoleAssignment": {
		computed: func(a *Azure, _ *Resource, _ string, _ login) map[string]any {
			created := a.options.RoleAssignedOn
			if created.IsZero() {
				created = time.Now()
			}
			return map[string]any{"createdOn": created.UTC().Format("2006-01-02T15:04:05.0000000Z")}
		},
	},

	"servicefabric:ManagedCluster": {
		name: clusterName,
		computed: func(_ *Azure, r *Resource, _ string, _ login) map[string]any {
			label, _ := r.Input("dnsName").(string)
			location, _ := r.Input("location").(string)
			return map[string]any{"fqdn": label + "." + location + ".cloudapp.azure.com",
				"clusterState": "WaitingForNodes"}
		},
	},
	"servicefabric:NodeType": {name: nodeTypeName},

	"operationalinsights:Workspace": {
		name: workspaceName,
		computed: func(_ *Azure, r *Resource, name string, _ login) map[string]any {
			return map[string]any{"customerId": stable("workspace", r.ID, name)}
		},
	},

	"datashare:Account": {
		computed: func(_ *Azure, r *Resource, name string, client login) map[string]any {
			kind, _ := r.Input("identity.type").(string)
			return map[string]any{
				"provisioningState": "Succeeded",
				"identity": map[string]any{"type": kind,
					"principalId": stable("identity", client.subscription, name), "tenantId": client.tenant},
			}
		},
	},
	"datashare:BlobDataSet":          dataSet,
	"datashare:BlobFolderDataSet":    dataSet,
	"datashare:BlobContainerDataSet": dataSet,
	"datashare:Invitation": computing(func(r *Resource, name string) map[string]any {
		return map[string]any{"invitationId": stable("invitation", r.ID, name), "invitationStatus": "Pending"}
	}),
	"datashare:ShareSubscription": computing(func(*Resource, string) map[string]any {
		return map[string]any{"shareSubscriptionStatus": "Active"}
	}),
	"datashare:BlobDataSetMapping":          mapping,
	"datashare:BlobFolderDataSetMapping":    mapping,
	"datashare:BlobContainerDataSetMapping": mapping,
	"datashare:ScheduledTrigger": computing(func(*Resource, string) map[string]any {
		return map[string]any{"triggerStatus": "Active", "createdAt": TriggerCreatedAt}
	}),
}

func computing(f func(r *Resource, name string) map[string]any) kind {
	return kind{computed: func(_ *Azure, r *Resource, name string, _ login) map[string]any { return f(r, name) }}
}

var dataSet = computing(func(r *Resource, _ string) map[string]any {
	return map[string]any{"dataSetId": stable("dataSet", strings.ToLower(r.ID))}
})

var mapping = computing(func(*Resource, string) map[string]any {
	return map[string]any{"dataSetMappingStatus": "Ok"}
})
