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

// kinds are the types that the program uses, by token without its package.
var kinds = map[string]kind{
	"resources:ResourceGroup": {path: "resourceGroups", nameInput: "resourceGroupName"},

	"storage:StorageAccount": {
		path: "Microsoft.Storage/storageAccounts", nameInput: "accountName", name: storageName,
		computed: func(_ *Azure, _ *Resource, name string, _ login) map[string]any {
			return map[string]any{
				"provisioningState": "Succeeded",
				"primaryEndpoints":  map[string]any{"blob": "https://" + name + ".blob.core.windows.net/"},
			}
		},
	},
	"storage:BlobServiceProperties": {path: "Microsoft.Storage/storageAccounts/*/blobServices",
		parents: []string{"accountName"}, nameInput: "blobServicesName"},
	"storage:ManagementPolicy": {path: "Microsoft.Storage/storageAccounts/*/managementPolicies",
		parents: []string{"accountName"}, nameInput: "managementPolicyName"},
	"storage:BlobContainer": {path: "Microsoft.Storage/storageAccounts/*/blobServices/default/containers",
		parents: []string{"accountName"}, nameInput: "containerName", name: containerName},
	"storage:Blob": {
		path:    "Microsoft.Storage/storageAccounts/*/blobServices/default/containers/*/blobs",
		parents: []string{"accountName", "containerName"}, nameInput: "blobName",
		computed: func(_ *Azure, r *Resource, name string, _ login) map[string]any {
			account, _ := r.Input("accountName").(string)
			container, _ := r.Input("containerName").(string)
			return map[string]any{"url": "https://" + account + ".blob.core.windows.net/" + container + "/" + name}
		},
	},

	"keyvault:Vault": {
		path: "Microsoft.KeyVault/vaults", nameInput: "vaultName", name: vaultName,
		computed: func(_ *Azure, r *Resource, name string, _ login) map[string]any {
			properties, _ := r.Input("properties").(map[string]any)
			properties["vaultUri"] = "https://" + name + ".vault.azure.net/"
			return map[string]any{"properties": properties}
		},
	},

	"authorization:RoleAssignment": {
		path: "Microsoft.Authorization/roleAssignments", nameInput: "roleAssignmentName",
		computed: func(a *Azure, _ *Resource, _ string, _ login) map[string]any {
			created := a.options.RoleAssignedOn
			if created.IsZero() {
				created = time.Now()
			}
			return map[string]any{"createdOn": created.UTC().Format("2006-01-02T15:04:05.0000000Z")}
		},
	},

	"servicefabric:ManagedCluster": {
		path: "Microsoft.ServiceFabric/managedClusters", nameInput: "clusterName", name: clusterName,
		computed: func(_ *Azure, r *Resource, _ string, _ login) map[string]any {
			label, _ := r.Input("dnsName").(string)
			location, _ := r.Input("location").(string)
			return map[string]any{"fqdn": label + "." + location + ".cloudapp.azure.com",
				"clusterState": "WaitingForNodes"}
		},
	},
	"servicefabric:NodeType":                      inCluster("nodeTypes", "nodeTypeName", nodeTypeName),
	"servicefabric:ManagedClusterApplication":     inCluster("applications", "applicationName", nil),
	"servicefabric:ManagedClusterApplicationType": inCluster("applicationTypes", "applicationTypeName", nil),
	"servicefabric:ManagedClusterApplicationTypeVersion": inCluster("applicationTypes/*/versions", "version", nil,
		"applicationTypeName"),
	"servicefabric:ManagedClusterService": inCluster("applications/*/services", "serviceName", nil,
		"applicationName"),

	"operationalinsights:Workspace": {
		path: "Microsoft.OperationalInsights/workspaces", nameInput: "workspaceName", name: workspaceName,
		computed: func(_ *Azure, r *Resource, name string, _ login) map[string]any {
			return map[string]any{"customerId": stable("workspace", r.ID, name)}
		},
	},
	"operationalinsights:SavedSearch": {path: "Microsoft.OperationalInsights/workspaces/*/savedSearches",
		parents: []string{"workspaceName"}, nameInput: "savedSearchId"},
	"insights:DiagnosticSetting":  {path: "Microsoft.Insights/diagnosticSettings", nameInput: "name"},
	"insights:ActionGroup":        {path: "Microsoft.Insights/actionGroups", nameInput: "actionGroupName"},
	"insights:ScheduledQueryRule": {path: "Microsoft.Insights/scheduledQueryRules", nameInput: "ruleName"},
	"insights:Workbook":           {path: "Microsoft.Insights/workbooks", nameInput: "resourceName"},

	"datashare:Account": {
		path: "Microsoft.DataShare/accounts", nameInput: "accountName",
		computed: func(_ *Azure, r *Resource, name string, client login) map[string]any {
			kind, _ := r.Input("identity.type").(string)
			return map[string]any{
				"provisioningState": "Succeeded",
				"identity": map[string]any{"type": kind,
					"principalId": stable("identity", client.subscription, name), "tenantId": client.tenant},
			}
		},
	},
	"datashare:Share": dataShare("accounts/*/shares", "shareName"),
	"datashare:ScheduledSynchronizationSetting": dataShare("accounts/*/shares/*/synchronizationSettings",
		"synchronizationSettingName", "shareName"),
	"datashare:BlobDataSet":          dataSet(),
	"datashare:BlobFolderDataSet":    dataSet(),
	"datashare:BlobContainerDataSet": dataSet(),
	"datashare:Invitation": dataShare("accounts/*/shares/*/invitations", "invitationName",
		"shareName").computing(func(r *Resource, name string) map[string]any {
		return map[string]any{"invitationId": stable("invitation", r.ID, name), "invitationStatus": "Pending"}
	}),
	"datashare:ShareSubscription": dataShare("accounts/*/shareSubscriptions",
		"shareSubscriptionName").computing(func(*Resource, string) map[string]any {
		return map[string]any{"shareSubscriptionStatus": "Active"}
	}),
	"datashare:BlobDataSetMapping":          mapping(),
	"datashare:BlobFolderDataSetMapping":    mapping(),
	"datashare:BlobContainerDataSetMapping": mapping(),
	"datashare:ScheduledTrigger": dataShare("accounts/*/shareSubscriptions/*/triggers", "triggerName",
		"shareSubscriptionName").computing(func(*Resource, string) map[string]any {
		return map[string]any{"triggerStatus": "Active"}
	}),
}

// inCluster is a type of a Service Fabric managed cluster, below what parents name.
func inCluster(path, nameInput string, name *regexp.Regexp, parents ...string) kind {
	return kind{path: "Microsoft.ServiceFabric/managedClusters/*/" + path, nameInput: nameInput, name: name,
		parents: append([]string{"clusterName"}, parents...)}
}

// dataShare is a type of Microsoft.DataShare below an account, and below what parents name.
func dataShare(path, nameInput string, parents ...string) kind {
	return kind{path: "Microsoft.DataShare/" + path, nameInput: nameInput,
		parents: append([]string{"accountName"}, parents...)}
}

func (k kind) computing(f func(r *Resource, name string) map[string]any) kind {
	k.computed = func(_ *Azure, r *Resource, name string, _ login) map[string]any { return f(r, name) }
	return k
}

func dataSet() kind {
	return dataShare("accounts/*/shares/*/dataSets", "dataSetName",
		"shareName").computing(func(r *Resource, _ string) map[string]any {
		return map[string]any{"dataSetId": stable("dataSet", strings.ToLower(r.ID))}
	})
}

func mapping() kind {
	return dataShare("accounts/*/shareSubscriptions/*/dataSetMappings", "dataSetMappingName",
		"shareSubscriptionName").computing(func(*Resource, string) map[string]any {
		return map[string]any{"dataSetMappingStatus": "Ok"}
	})
}
