package conformance

import (
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/stretchr/testify/require"
)

const (
	areaARM         = "Azure Resource Manager"
	docsAsync       = "https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations"
	docsRegister    = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider"
	docsAccountName = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-storage-account-name"
	docsARMREST     = "https://learn.microsoft.com/rest/api/resources/"
	docsREST        = "https://learn.microsoft.com/rest/api/azure/"
)

// answered asserts the status and code of an answer that was not read with a client of its own.
func (t *T) answered(res *http.Response, body object, status int, code string) {
	t.Helper()
	require.Equal(t, status, res.StatusCode, body)
	if code != "" {
		require.Equal(t, code, text(body, "error", "code"), body)
	}
	require.NotEmpty(t, text(body, "error", "code"), body)
	require.NotEmpty(t, text(body, "error", "message"), body)
}

// resourceManagerPromises are about what all types have in common.
func resourceManagerPromises() []Promise {
	return []Promise{
		{
			Name: "api-version missing", Area: areaARM, Source: docsREST, Undocumented: true,
			Statement: "A request without an api-version is refused with 400.",
			Test: func(t *T) {
				res, body := t.request(t.Env.Provider, http.MethodGet, groupID(t.Env.Provider, t.group(t.Env.Provider)),
					nil)
				t.answered(res, body, http.StatusBadRequest, "")
			},
		},
		{
			Name: "api-version unknown", Area: areaARM, Source: docsRegister, Code: "NoRegisteredProviderFound",
			Statement: "A type is served only with the api-versions that it was published with.",
			Test: func(t *T) {
				res, body := t.request(t.Env.Provider, http.MethodGet,
					t.inGroup(t.Env.Provider, storageType, t.name(20))+"?api-version=1999-12-31", nil)
				require.Equal(t, "NoRegisteredProviderFound", text(body, "error", "code"), body)
				require.Equal(t, http.StatusBadRequest, res.StatusCode)
				require.Contains(t, text(body, "error", "message"), storageVersion,
					"the message names the known versions")
			},
		},
		{
			Name: "unknown member", Area: areaARM, Source: docsErrors, Code: "InvalidRequestContent",
			Statement: "A body with a member that Azure Resource Manager does not know is refused.",
			Test: func(t *T) {
				id := t.inGroup(t.Env.Provider, storageType, t.name(20))
				res, body := t.request(t.Env.Provider, http.MethodPut, id+"?api-version="+storageVersion,
					with(t.accountBody(), "red", "colour"))
				t.answered(res, body, http.StatusBadRequest, "InvalidRequestContent")
				t.gone(t.Env.Provider, id, storageVersion)
			},
		},
		{
			Name: "location missing", Area: areaARM, Source: docsErrors, Code: "LocationRequired",
			Statement: "A resource group cannot be created without a location.",
			Test: func(t *T) {
				_, err := t.put(t.Env.Provider, groupID(t.Env.Provider, t.name(20)), groupsVersion,
					object{"tags": object{}})
				t.refusedWith(err, "LocationRequired")
			},
		},
		{
			Name: "unknown region", Area: areaARM, Source: docsErrors, Code: "LocationNotAvailableForResourceType",
			Statement: "A resource cannot be created in a region that there is not.",
			Test: func(t *T) {
				for _, r := range []struct {
					kind, version string
					body          object
				}{
					{storageType, storageVersion, t.accountBody()},
					{workspaceType, workspaceVersion, t.workspaceBody()},
					{shareAccounts, shareVersion, t.shareAccountBody()},
				} {
					id := t.inGroup(t.Env.Provider, r.kind, t.name(20))
					_, err := t.put(t.Env.Provider, id, r.version, with(r.body, "atlantis", "location"))
					t.refusedWith(err, "LocationNotAvailableForResourceType")
				}
			},
		},
		{
			Name: "control characters", Area: areaARM, Source: docsNames, Undocumented: true,
			Statement: "No name has control characters.",
			Test: func(t *T) {
				for _, name := range []string{"%00", "a%0Ab", "a%7F"} {
					res, _ := t.request(t.Env.Provider, http.MethodPut, t.inGroup(t.Env.Provider, storageType, name)+
						"?api-version="+storageVersion, t.accountBody())
					require.Equal(t, http.StatusBadRequest, res.StatusCode, name)
				}
			},
		},
		{
			Name: "unknown namespace", Area: areaARM, Source: docsErrors, Code: "InvalidResourceNamespace",
			Statement: "A namespace that does not exist is refused.",
			Test: func(t *T) {
				_, err := t.read(t.Env.Provider, t.inGroup(t.Env.Provider, "Microsoft.Conformance/things", "thing"),
					"2024-01-01")
				t.refusedWith(err, "InvalidResourceNamespace")
			},
		},
		{
			Name: "unknown type", Area: areaARM, Source: docsErrors, Code: "InvalidResourceType",
			Statement: "A type that its namespace has not is refused.",
			Test: func(t *T) {
				_, err := t.read(t.Env.Provider, t.inGroup(t.Env.Provider, "Microsoft.Storage/things", "thing"),
					storageVersion)
				t.refusedWith(err, "InvalidResourceType")
			},
		},
		{
			Name: "resource not found", Area: areaARM, Source: docsErrors, Code: "ResourceNotFound",
			Statement: "A GET of a resource that is not there answers 404 ResourceNotFound.",
			Test: func(t *T) {
				_, err := t.storage(t.Env.Provider).NewAccountsClient().GetProperties(t.ctx(), t.group(t.Env.Provider),
					t.name(20), nil)
				t.refused(err, http.StatusNotFound, "ResourceNotFound")
			},
		},
		{
			Name: "resource group not found", Area: areaARM, Source: docsErrors, Code: "ResourceGroupNotFound",
			Statement: "A GET in a resource group that is not there answers 404 ResourceGroupNotFound.",
			Test: func(t *T) {
				_, err := t.storage(t.Env.Provider).NewAccountsClient().GetProperties(t.ctx(), t.name(20), t.name(20),
					nil)
				t.refused(err, http.StatusNotFound, "ResourceGroupNotFound")
				_, err = t.groups(t.Env.Provider).Get(t.ctx(), t.name(20), nil)
				t.refused(err, http.StatusNotFound, "ResourceGroupNotFound")
			},
		},
		{
			Name: "subscription not found", Area: areaARM, Source: docsErrors, Code: "SubscriptionNotFound",
			Statement: "A subscription that does not exist answers 404 SubscriptionNotFound.",
			Test: func(t *T) {
				_, err := t.read(t.Env.Provider,
					"/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/none", groupsVersion)
				t.refused(err, http.StatusNotFound, "SubscriptionNotFound")
			},
		},
		{
			Name: "existence of a group", Area: areaARM, Source: docsARMREST + "resource-groups/check-existence",
			Statement: "A HEAD of a resource group answers 204 if it is there, 404 if not.",
			Test: func(t *T) {
				res, err := t.groups(t.Env.Provider).CheckExistence(t.ctx(), t.group(t.Env.Provider), nil)
				require.NoError(t, err)
				require.True(t, res.Success)
				res, err = t.groups(t.Env.Provider).CheckExistence(t.ctx(), t.name(20), nil)
				require.NoError(t, err)
				require.False(t, res.Success)
			},
		},
		{
			Name: "names ignore case", Area: areaARM,
			Source:    "https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules",
			Statement: "Ids are compared without regard to letter case.",
			Test: func(t *T) {
				id := t.storageAccount(t.Env.Provider)
				res, body := t.request(t.Env.Provider, http.MethodGet,
					strings.ToUpper(id[:len(id)-20])+id[len(id)-20:]+"?api-version="+storageVersion, nil)
				require.Equal(t, http.StatusOK, res.StatusCode, body)
				require.True(t, strings.EqualFold(id, text(body, "id")))
			},
		},
		{
			Name: "update of a part", Area: areaARM, Source: docsARMREST + "resource-groups/update",
			Statement: "A PATCH changes what it names and keeps the rest.",
			Test: func(t *T) {
				id := t.ownAccount(t.Env.Provider)
				require.NoError(t, t.patch(t.Env.Provider, id, storageVersion, object{"tags": object{"stage": "two"}}))
				got := t.there(t.Env.Provider, id, storageVersion)
				require.Equal(t, object{"stage": "two"}, at(got, "tags"))
				require.Equal(t, "TLS1_2", text(got, "properties", "minimumTlsVersion"))
			},
		},
		{
			Name: "asynchronous operation", Area: areaARM, Source: docsAsync,
			Statement: "An operation that takes time answers 201 or 202 with the URL of its status, which ends as " +
				"Succeeded.",
			Test: asynchronous,
		},
		{
			Name: "request ids", Area: areaARM, Source: docsREST,
			Statement: "Every answer has a request id, and repeats the correlation id of its request.",
			Test: func(t *T) {
				const id = "7e8ab9f6-4f2e-4d2c-9f0a-0123456789ab"
				res := t.raw(http.MethodGet,
					groupID(t.Env.Provider, t.group(t.Env.Provider))+"?api-version="+groupsVersion,
					http.Header{"X-Ms-Correlation-Request-Id": {id}})
				require.Equal(t, id, res.Header.Get("x-ms-correlation-request-id"))
				first := res.Header.Get("x-ms-request-id")
				require.NotEmpty(t, first)
				res = t.raw(http.MethodGet, groupID(t.Env.Provider, t.name(20))+"?api-version="+groupsVersion, nil)
				require.NotEmpty(t, res.Header.Get("x-ms-request-id"), "of a refusal too")
				require.NotEqual(t, first, res.Header.Get("x-ms-request-id"))
			},
		},
		{
			Name: "resources of a group", Area: areaARM, Source: docsARMREST + "resources/list-by-resource-group",
			Statement: "The list of a group's resources has those that are tracked, and not what lies in them.",
			Test: func(t *T) {
				account := t.storageAccount(t.Env.Provider)
				container := t.container(t.Env.Provider)
				found := listedIDs(t, t.generic(t.Env.Provider).NewListByResourceGroupPager(groupOf(account), nil))
				require.Contains(t, found, account)
				require.NotContains(t, found, container)
			},
		},
		{
			Name: "types of a namespace", Area: areaARM, Source: docsARMREST + "providers/get",
			Statement: "Every namespace lists its types with the api-versions that they are served with.",
			Test: func(t *T) {
				client := t.resources(t.Env.Provider).NewProvidersClient()
				for _, l := range lifecycles() {
					namespace, tail, _ := strings.Cut(l.area, "/")
					p, err := client.Get(t.ctx(), namespace, nil)
					require.NoError(t, err)
					require.Equal(t, "Registered", *p.RegistrationState)
					if l.deep || l.scoped {
						continue // Azure leaves some of the deeper types out
					}
					found := false
					for _, rt := range p.ResourceTypes {
						if strings.EqualFold(*rt.ResourceType, tail) {
							found = true
							require.Contains(t, rt.APIVersions, to.Ptr(l.version), l.area)
						}
					}
					require.True(t, found, "%s lists no type %s", namespace, tail)
				}
			},
		},
		{
			Name: "name of another's account", Area: areaARM, Source: docsAccountName,
			Code: "StorageAccountAlreadyTaken", Needs: []Need{TwoTenants},
			Statement: "The name of a storage account is taken in all of Azure.",
			Test: func(t *T) {
				taken := nameOf(t.storageAccount(t.Env.Provider))
				_, err := t.put(t.Env.Consumer, t.inGroup(t.Env.Consumer, storageType, taken), storageVersion,
					t.accountBody())
				t.refusedWith(err, "StorageAccountAlreadyTaken")
			},
		},
		{
			Name: "name of an account in another group", Area: areaARM, Source: docsErrors,
			Code:      "StorageAccountInAnotherResourceGroup",
			Statement: "The name of one's own storage account is taken in one's other resource groups.",
			Test: func(t *T) {
				taken := nameOf(t.storageAccount(t.Env.Provider))
				group := t.ownGroup(t.Env.Provider)
				_, err := t.put(t.Env.Provider, groupID(t.Env.Provider, group)+"/providers/"+storageType+"/"+taken,
					storageVersion, t.accountBody())
				t.refusedWith(err, "StorageAccountInAnotherResourceGroup")
			},
		},
		{
			Name: "name of an account", Area: areaARM, Source: docsAccountName, Code: "AccountNameInvalid",
			Statement: "The name of a storage account has 3 to 24 lowercase letters and digits.",
			Test: func(t *T) {
				for _, name := range []string{"ab", "abcdefghijklmnopqrstuvwxy", "with-hyphen"} {
					_, err := t.put(t.Env.Provider, t.inGroup(t.Env.Provider, storageType, name), storageVersion,
						t.accountBody())
					t.refusedWith(err, "AccountNameInvalid")
				}
			},
		},
		{
			Name: "name available", Area: areaARM,
			Source:    "https://learn.microsoft.com/rest/api/storagerp/storage-accounts/check-name-availability",
			Statement: "Whether an account's name is valid and free can be asked beforehand.",
			Test: func(t *T) {
				for name, reason := range map[string]armstorage.Reason{
					t.name(20): "", nameOf(t.storageAccount(t.Env.Provider)): armstorage.ReasonAlreadyExists,
					"UPPER": armstorage.ReasonAccountNameInvalid,
				} {
					res, err := t.storage(t.Env.Consumer).NewAccountsClient().CheckNameAvailability(t.ctx(),
						armstorage.AccountCheckNameAvailabilityParameters{
							Name: &name, Type: to.Ptr(storageType),
						}, nil)
					require.NoError(t, err)
					require.Equal(t, reason == "", *res.NameAvailable, name)
					if reason != "" {
						require.Equal(t, reason, *res.Reason)
					}
				}
			},
		},
	}
}

// asynchronous creates a Data Share account and follows the operation by hand.
func asynchronous(t *T) {
	o := t.Env.Provider
	id := t.inGroup(o, shareAccounts, t.name(20))
	res, body := t.request(o, http.MethodPut, id+"?api-version="+shareVersion, t.shareAccountBody())
	t.Cleanup(func() {
		if err := t.remove(o, id, shareVersion); err != nil {
			t.Logf("%s was not deleted: %v", id, err)
		}
	})
	require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, res.StatusCode, body)
	url := res.Header.Get("Azure-AsyncOperation")
	require.True(t, strings.HasPrefix(url, t.endpoint()+"/subscriptions/"), "Azure-AsyncOperation is %q", url)
	t.eventually("the operation to end", func() bool {
		res, body := t.request(o, http.MethodGet, strings.TrimPrefix(url, t.endpoint()), nil)
		require.Equal(t, http.StatusOK, res.StatusCode, body)
		status := text(body, "status")
		require.NotContains(t, []string{"", "Failed", "Canceled"}, status, body)
		return status == "Succeeded"
	})
	require.Equal(t, "Succeeded", text(t.there(o, id, shareVersion), "properties", "provisioningState"))
}
