package conformance

import (
	"net/http"

	"github.com/stretchr/testify/require"
)

const (
	locks       = "Microsoft.Authorization/locks"
	lockVersion = "2020-05-01"
	docsLocks   = "https://learn.microsoft.com/azure/azure-resource-manager/management/lock-resources"
	docsLimits  = "https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling"
	docsETags   = "https://learn.microsoft.com/rest/api/storagerp/blob-containers/lock-immutability-policy"
)

// lock puts a management lock on a scope until the promise is over, or unlock is called.
func (t *T) lock(o *Org, scope, level string) (unlock func()) {
	t.Helper()
	id := scope + "/providers/" + locks + "/" + t.name(10)
	t.made(o, id, lockVersion, object{"properties": object{"level": level, "notes": "conformance"}})
	there := true
	unlock = func() {
		if there {
			require.NoError(t, t.remove(o, id, lockVersion))
			there = false
		}
	}
	t.Cleanup(unlock)
	return unlock
}

// denied asserts that a lock forbids something: 409, whose code no documentation gives.
func (t *T) denied(err error) {
	t.Helper()
	require.Equal(t, http.StatusConflict, t.response(err).StatusCode, err)
	require.NotEmpty(t, t.response(err).ErrorCode)
}

// governancePromises are about locks, registration and entity tags.
func governancePromises() []Promise {
	return []Promise{
		{
			Name: "CanNotDelete", Area: locks, Source: docsLocks, Undocumented: true,
			Statement: "What is locked with CanNotDelete can be changed and cannot be deleted, until the lock is " +
				"deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				unlock := t.lock(o, account, "CanNotDelete")
				t.denied(t.remove(o, account, storageVersion))
				require.NoError(t, t.patch(o, account, storageVersion, object{"tags": object{"stage": "two"}}))
				unlock()
				require.NoError(t, t.remove(o, account, storageVersion))
			},
		},
		{
			Name: "ReadOnly", Area: locks, Source: docsLocks, Undocumented: true,
			Statement: "What is locked with ReadOnly can be read, and neither changed nor deleted; an account's keys " +
				"cannot be listed, and no container made in it.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				defer t.lock(o, account, "ReadOnly")()
				t.there(o, account, storageVersion)
				t.denied(t.patch(o, account, storageVersion, object{"tags": object{"stage": "two"}}))
				t.denied(t.remove(o, account, storageVersion))
				_, err := t.storage(o).NewAccountsClient().ListKeys(t.ctx(), groupOf(account), nameOf(account), nil)
				t.denied(err)
				_, err = t.put(o, account+"/blobServices/default/containers/locked", storageVersion,
					object{"properties": object{}})
				t.denied(err)
			},
		},
		{
			Name: "inheritance", Area: locks, Source: docsLocks, Undocumented: true,
			Statement: "A lock holds for everything below it, what is created later and what is attached included.",
			Test: func(t *T) {
				o := t.Env.Provider
				group := groupID(o, t.ownGroup(o))
				defer t.lock(o, group, "CanNotDelete")()
				account := group + "/providers/" + storageType + "/" + t.name(20)
				t.made(o, account, storageVersion, t.accountBody())
				t.denied(t.remove(o, account, storageVersion))
				setting := settingID(account, "audit")
				t.made(o, setting, diagnosticsVersion, with(with(t.auditBody(), nil, "properties", "logs"),
					[]any{object{"category": "Transaction", "enabled": true}}, "properties", "metrics"))
				t.denied(t.remove(o, setting, diagnosticsVersion))
			},
		},
		{
			Name: "delete of the group", Area: locks, Source: docsLocks, Undocumented: true,
			Statement: "A resource group with a locked resource in it is not deleted, nor is any part of it.",
			Test: func(t *T) {
				o := t.Env.Provider
				group := groupID(o, t.ownGroup(o))
				first, second := group+"/providers/"+storageType+"/"+t.name(20),
					group+"/providers/"+storageType+"/"+t.name(20)
				for _, id := range []string{first, second} {
					t.made(o, id, storageVersion, t.accountBody())
				}
				defer t.lock(o, second, "CanNotDelete")()
				t.denied(t.remove(o, group, groupsVersion))
				t.there(o, first, storageVersion)
				t.there(o, second, storageVersion)
			},
		},
		{
			Name: "role assignments", Area: locks, Source: docsLocks, Undocumented: true,
			Statement: "CanNotDelete on a resource keeps its role assignments from being deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				role := t.assign(o, account, roleReader, t.shareAccount(o).principal)
				defer t.lock(o, account, "CanNotDelete")()
				t.denied(t.remove(o, role, rolesVersion))
			},
		},
		{
			Name: "data", Area: locks, Source: docsLocks,
			Statement: "A lock on a storage account does not keep its blobs from being written or deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				account := t.ownAccount(o)
				c := t.containerIn(o, account)
				blobs := t.blobs(o, account)
				defer t.lock(o, account, "ReadOnly")()
				_, err := blobs.UploadBuffer(t.ctx(), nameOf(c), "a.txt", []byte("a"), nil)
				require.NoError(t, err)
				_, err = blobs.DeleteBlob(t.ctx(), nameOf(c), "a.txt", nil)
				require.NoError(t, err)
			},
		},
		{
			Name: "level", Area: locks,
			Source: "https://learn.microsoft.com/rest/api/resources/management-locks/create-or-update-at-resource-level", Undocumented: true,
			Statement: "A lock's level is CanNotDelete or ReadOnly.",
			Test: func(t *T) {
				o := t.Env.Provider
				_, err := t.put(o, t.container(o)+"/providers/"+locks+"/lock", lockVersion,
					object{"properties": object{"level": "Sometimes"}})
				t.refusedSomehow(err)
			},
		},
		{
			Name: "namespace not registered", Area: areaARM, Source: docsRegister,
			Code: "MissingSubscriptionRegistration", Needs: []Need{Spare},
			Statement: "Nothing of a namespace can be created in a subscription that is not registered for it; " +
				"registering mends it.",
			Test: unregistered,
		},
		{
			Name: "remaining requests", Area: areaARM, Source: docsLimits,
			Statement: "Every answer says how many reads, or writes, its subscription has left.",
			Test: func(t *T) {
				o := t.Env.Provider
				res := t.raw(http.MethodGet, groupID(o, t.group(o))+"?api-version="+groupsVersion, nil)
				require.NotEmpty(t, res.Header.Get("x-ms-ratelimit-remaining-subscription-reads"))
				res, _ = t.request(o, http.MethodPut, groupID(o, t.group(o))+"?api-version="+groupsVersion,
					object{"location": t.Env.Location})
				require.NotEmpty(t, res.Header.Get("x-ms-ratelimit-remaining-subscription-writes"))
			},
		},
		{
			Name: "another etag", Area: immutability,
			Source:     "https://learn.microsoft.com/rest/api/storagerp/blob-containers/delete-immutability-policy",
			Code:       "ContainerImmutabilityPolicyFailure",
			CodeSource: "https://github.com/pulumi/pulumi-azure-native/pull/2154",
			Statement: "An immutability policy is not changed, locked or deleted without its etag, nor with one that " +
				"is no longer its own.",
			Test: func(t *T) {
				o := t.Env.Provider
				c, old := t.protected(o)
				client := t.storage(o).NewBlobContainersClient()
				group, account, name := groupOf(c), segment(c, "storageAccounts"), nameOf(c)
				changed, err := t.keepFor(o, c, 2, &old)
				require.NoError(t, err)
				_, err = t.keepFor(o, c, 3, nil)
				t.refused(err, http.StatusPreconditionFailed, "ContainerImmutabilityPolicyFailure")
				_, err = client.LockImmutabilityPolicy(t.ctx(), group, account, name, old, nil)
				t.refused(err, http.StatusPreconditionFailed, "ContainerImmutabilityPolicyFailure")
				_, err = client.DeleteImmutabilityPolicy(t.ctx(), group, account, name, old, nil)
				t.refused(err, http.StatusPreconditionFailed, "ContainerImmutabilityPolicyFailure")
				_, err = client.DeleteImmutabilityPolicy(t.ctx(), group, account, name, *changed.Etag, nil)
				require.NoError(t, err)
			},
		},
	}
}

// unregistered takes a namespace from the spare subscription and gives it back.
func unregistered(t *T) {
	o := t.Env.Spare
	const namespace = "Microsoft.DataShare"
	client := t.resources(o).NewProvidersClient()
	state := func(wanted string) func() bool {
		return func() bool {
			p, err := client.Get(t.ctx(), namespace, nil)
			require.NoError(t, err)
			return *p.RegistrationState == wanted
		}
	}
	group := groupID(o, t.ownGroup(o))
	id := group + "/providers/" + shareAccounts + "/" + t.name(20)
	_, err := client.Unregister(t.ctx(), namespace, nil)
	require.NoError(t, err)
	t.eventually("the namespace to be "+
		"unregistered", func() bool { return state("NotRegistered")() || state("Unregistered")() })
	_, err = t.put(o, id, shareVersion, t.shareAccountBody())
	t.refused(err, http.StatusConflict, "MissingSubscriptionRegistration")
	_, err = client.Register(t.ctx(), namespace, nil)
	require.NoError(t, err)
	t.eventually("the namespace to be registered", state("Registered"))
	t.made(o, id, shareVersion, t.shareAccountBody())
}
