package conformance

import (
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
)

const (
	storageVersion = "2022-09-01"
	storageType    = "Microsoft.Storage/storageAccounts"
	blobServices   = storageType + "/blobServices"
	containers     = blobServices + "/containers"
)

func (t *T) accountBody() object {
	return object{
		"location": t.Env.Location, "kind": "StorageV2", "sku": object{"name": "Standard_LRS"},
		"tags": object{"made-by": "conformance"},
		"properties": object{"minimumTlsVersion": "TLS1_2", "allowBlobPublicAccess": false,
			"supportsHttpsTrafficOnly": true, "allowSharedKeyAccess": true},
	}
}

// storageAccount is an organization's account that many promises keep containers in. Nobody changes it.
func (t *T) storageAccount(o *Org) string {
	t.Helper()
	return share(t, "storage account of "+o.Subscription, func() string {
		id := t.inGroup(o, storageType, t.name(20))
		t.made(o, id, storageVersion, t.accountBody())
		return id
	})
}

// ownAccount is a storage account for one promise.
func (t *T) ownAccount(o *Org) string {
	t.Helper()
	return t.ownAccountWith(o, t.accountBody())
}

func (t *T) ownAccountWith(o *Org, body object) string {
	t.Helper()
	id := t.inGroup(o, storageType, t.name(20))
	t.made(o, id, storageVersion, body)
	t.Cleanup(func() {
		if err := t.remove(o, id, storageVersion); err != nil {
			t.Logf("%s was not deleted: %v", id, err)
		}
	})
	return id
}

// container is a new container in the organization's shared account.
func (t *T) container(o *Org) string {
	t.Helper()
	return t.containerIn(o, t.storageAccount(o))
}

func (t *T) containerIn(o *Org, account string) string {
	t.Helper()
	id := account + "/blobServices/default/containers/" + t.name(20)
	t.made(o, id, storageVersion, object{"properties": object{}})
	return id
}

// storageTypes are storage accounts and what is in them. Immutability policies, whose DELETE wants an etag, have
// promises of their own.
func storageTypes() []*lifecycle {
	provider := func(t *T) *Org { return t.Env.Provider }
	return []*lifecycle{
		{
			area: storageType, version: storageVersion,
			source:        "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create",
			parent:        func(t *T) string { return groupID(provider(t), t.group(provider(t))) },
			fresh:         func(t *T) string { return groupID(provider(t), t.ownGroup(provider(t))) },
			parentVersion: groupsVersion,
			body:          func(t *T, _ string) object { return t.accountBody() },
			update:        func(b object) object { return with(b, object{"stage": "two"}, "tags") },
			invalid:       func(t *T, b object) object { return with(b, t.Env.OtherLocation, "location") },
			why:           "to another location", code: "InvalidResourceLocation",
			codeSource: "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-storage-account-name",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.storage(o).NewAccountsClient().GetProperties(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.Account, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.storage(o).NewAccountsClient().NewListByResourceGroupPager(groupOf(id), nil))
			},
		},
		{
			area: blobServices, version: storageVersion, always: true,
			source:        "https://learn.microsoft.com/rest/api/storagerp/blob-services/set-service-properties",
			parent:        func(t *T) string { return t.ownAccount(provider(t)) },
			fresh:         func(t *T) string { return t.ownAccount(provider(t)) },
			parentVersion: storageVersion,
			body: func(*T, string) object {
				return object{"properties": object{"isVersioningEnabled": true,
					"deleteRetentionPolicy": object{"enabled": true, "days": 7}}}
			},
			update: func(b object) object { return with(b, 14.0, "properties", "deleteRetentionPolicy", "days") },
			invalid: func(_ *T, b object) object {
				return with(b, 400.0, "properties", "deleteRetentionPolicy", "days")
			},
			why: "that keeps deleted blobs for more than 365 days",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.storage(o).NewBlobServicesClient().GetServiceProperties(t.ctx(), groupOf(id),
					segment(id, "storageAccounts"), nil)
				return res.BlobServiceProperties, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.storage(o).NewBlobServicesClient()
				return listedIDs(t, client.NewListPager(groupOf(id), segment(id, "storageAccounts"), nil))
			},
		},
		{
			area: containers, version: storageVersion,
			source: "https://learn.microsoft.com/rest/api/storagerp/blob-containers/create",
			parent: func(t *T) string { return t.storageAccount(provider(t)) + "/blobServices/default" },
			body: func(*T, string) object {
				return object{"properties": object{"metadata": object{"owner": "finance"}}}
			},
			update: func(b object) object { return with(b, "audit", "properties", "metadata", "owner") },
			invalid: func(_ *T, b object) object {
				return with(b, "Container", "properties", "publicAccess")
			},
			why: "to public access, which its account does not permit,",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.storage(o).NewBlobContainersClient().Get(t.ctx(), groupOf(id),
					segment(id, "storageAccounts"), nameOf(id), nil)
				return object{"properties": res.ContainerProperties}, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.storage(o).NewBlobContainersClient()
				return listedIDs(t, client.NewListPager(groupOf(id), segment(id, "storageAccounts"), nil))
			},
		},
		{
			area: storageType + "/managementPolicies", version: storageVersion,
			source:        "https://learn.microsoft.com/rest/api/storagerp/management-policies/create-or-update",
			parent:        func(t *T) string { return t.ownAccount(provider(t)) },
			fresh:         func(t *T) string { return t.ownAccount(provider(t)) },
			parentVersion: storageVersion,
			name:          func(*T) string { return "default" },
			body: func(*T, string) object {
				return object{"properties": object{"policy": object{"rules": []any{object{
					"name": "archive", "enabled": true, "type": "Lifecycle", "definition": object{
						"filters": object{"blobTypes": []any{"blockBlob"}, "prefixMatch": []any{"landing/"}},
						"actions": object{"baseBlob": object{
							"delete": object{"daysAfterModificationGreaterThan": 365}}},
					}}}}}}
			},
			update: func(b object) object {
				rule := at(b, "properties", "policy", "rules").([]any)[0].(object)
				return with(b, []any{with(rule, false, "enabled")}, "properties", "policy", "rules")
			},
			invalid: func(_ *T, b object) object {
				return with(b, []any{}, "properties", "policy", "rules")
			},
			why: "to no rules at all",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.storage(o).NewManagementPoliciesClient().Get(t.ctx(), groupOf(id),
					segment(id, "storageAccounts"), armstorage.ManagementPolicyNameDefault, nil)
				return res.ManagementPolicy, err
			},
		},
	}
}

// splitScope parts the id of a resource that attaches to another into that one's id and its own name.
func splitScope(id string) (scope, name string) {
	i := strings.LastIndex(id, "/providers/")
	return id[:i], nameOf(id)
}
