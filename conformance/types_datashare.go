package conformance

import (
	"github.com/google/uuid"
)

const (
	shareVersion  = "2021-08-01"
	shareAccounts = "Microsoft.DataShare/accounts"
	shares        = shareAccounts + "/shares"
	subscriptions = shareAccounts + "/shareSubscriptions"
	docsShareREST = "https://learn.microsoft.com/rest/api/datashare/"
	// scheduleStart is when the schedules of the promises began: long ago, so that nothing is due while they are asked.
	scheduleStart = "2025-01-01T06:00:00Z"
	sourceFile    = "reports/transactions.csv"
	sourceText    = "transaction_id,amount\nTXN001,15000.00\n"
)

func datashareTypes() []*lifecycle {
	provider := func(t *T) *Org { return t.Env.Provider }
	location := func(t *T, b object) object { return with(b, t.Env.OtherLocation, "location") }
	out := []*lifecycle{
		{
			area: shareAccounts, version: shareVersion, source: docsShareREST + "accounts/create",
			parent:        func(t *T) string { return groupID(provider(t), t.group(provider(t))) },
			fresh:         func(t *T) string { return groupID(provider(t), t.ownGroup(provider(t))) },
			parentVersion: groupsVersion,
			body:          func(t *T, _ string) object { return t.shareAccountBody() },
			update:        func(b object) object { return with(b, object{"stage": "two"}, "tags") },
			invalid:       location, why: "to another location",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewAccountsClient().Get(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.Account, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.datashare(o).NewAccountsClient().NewListByResourceGroupPager(groupOf(id), nil))
			},
		},
		{
			area: shares, version: shareVersion, source: docsShareREST + "shares/create",
			parent:        func(t *T) string { return t.shareAccount(provider(t)).id },
			fresh:         func(t *T) string { return t.newShareAccount(provider(t)).id },
			parentVersion: shareVersion,
			body: func(*T, string) object {
				return object{"properties": object{"shareKind": "CopyBased", "description": "Finance",
					"terms": "Internal use only"}}
			},
			update: func(b object) object { return with(b, "Finance, revised", "properties", "description") },
			invalid: func(_ *T, b object) object {
				return with(b, "ByCarrierPigeon", "properties", "shareKind")
			},
			why: "to a kind that does not exist",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewSharesClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
					nameOf(id), nil)
				return res.Share, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.datashare(o).NewSharesClient()
				return listedIDs(t, client.NewListByAccountPager(groupOf(id), segment(id, "accounts"), nil))
			},
		},
		{
			area: shares + "/synchronizationSettings", version: shareVersion,
			source: docsShareREST + "synchronization-settings/create", deep: true,
			once:          docsShareTwice,
			parent:        func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			fresh:         func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			parentVersion: shareVersion,
			body:          func(*T, string) object { return scheduleBody() },
			invalid: func(_ *T, b object) object {
				return with(b, "Fortnight", "properties", "recurrenceInterval")
			},
			why: "to an interval that does not exist",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewSynchronizationSettingsClient().Get(t.ctx(), groupOf(id),
					segment(id, "accounts"), segment(id, "shares"), nameOf(id), nil)
				return res.SynchronizationSettingClassification, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.datashare(o).NewSynchronizationSettingsClient()
				account, share := segment(id, "accounts"), segment(id, "shares")
				return listedIDs(t, client.NewListBySharePager(groupOf(id), account, share, nil))
			},
		},
		{
			area: shares + "/invitations", version: shareVersion, source: docsShareREST + "invitations/create",
			deep:          true,
			parent:        func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			fresh:         func(t *T) string { return t.newShare(t.shareAccount(provider(t)).id) },
			parentVersion: shareVersion,
			body:          func(t *T, _ string) object { return t.invitationBody() },
			invalid: func(_ *T, b object) object {
				return with(b, "ada@fabrikam.example", "properties", "targetEmail")
			},
			why: "to an e-mail address beside a directory object",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewInvitationsClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
					segment(id, "shares"), nameOf(id), nil)
				return res.Invitation, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.datashare(o).NewInvitationsClient()
				account, share := segment(id, "accounts"), segment(id, "shares")
				return listedIDs(t, client.NewListBySharePager(groupOf(id), account, share, nil))
			},
		},
		{
			area: subscriptions, version: shareVersion, source: docsShareREST + "share-subscriptions/create",
			consumer:      true,
			unsaid:        true,
			parent:        func(t *T) string { return t.target().id },
			fresh:         func(t *T) string { return t.newShareAccount(t.Env.Consumer).id },
			parentVersion: shareVersion,
			body: func(t *T, _ string) object {
				_, invitation := t.invite(t.newShare(t.source().id)) // an invitation can be accepted once
				return t.acceptBody(invitation)
			},
			invalid: func(t *T, b object) object {
				return with(b, t.Env.OtherLocation, "properties",
					"sourceShareLocation")
			},
			why: "to a share elsewhere",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewShareSubscriptionsClient().Get(t.ctx(), groupOf(id),
					segment(id, "accounts"), nameOf(id), nil)
				return res.ShareSubscription, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.datashare(o).NewShareSubscriptionsClient()
				return listedIDs(t, client.NewListByAccountPager(groupOf(id), segment(id, "accounts"), nil))
			},
		},
		{
			area: subscriptions + "/triggers", version: shareVersion, source: docsShareREST + "triggers/create",
			consumer: true, deep: true, unsaid: true,
			parent:        func(t *T) string { return t.scheduled() },
			fresh:         func(t *T) string { return t.scheduled() },
			parentVersion: shareVersion,
			body: func(*T, string) object {
				return object{"kind": "ScheduleBased", "properties": object{
					"recurrenceInterval": "Day", "synchronizationTime": scheduleStart,
					"synchronizationMode": "Incremental",
				}}
			},
			invalid: func(_ *T, b object) object {
				return with(b, "Hour", "properties", "recurrenceInterval")
			},
			why: "to a schedule that is not the provider's",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.datashare(o).NewTriggersClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
					segment(id, "shareSubscriptions"), nameOf(id), nil)
				return res.TriggerClassification, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.datashare(o).NewTriggersClient()
				account, subscription := segment(id, "accounts"), segment(id, "shareSubscriptions")
				return listedIDs(t, client.NewListByShareSubscriptionPager(groupOf(id), account, subscription, nil))
			},
		},
	}
	for _, k := range kinds {
		out = append(out, dataSetType(k.kind), mappingType(k.kind))
	}
	return out
}

func dataSetType(kind string) *lifecycle {
	return &lifecycle{
		area: shares + "/dataSets", variant: kind, version: shareVersion, source: docsShareREST + "data-sets/create",
		deep:          true,
		once:          docsShareTwice,
		parent:        func(t *T) string { return t.granted(t.newShare(t.source().id)) },
		fresh:         func(t *T) string { return t.granted(t.newShare(t.source().id)) },
		parentVersion: shareVersion,
		body: func(t *T, _ string) object {
			return dataOf(kind, where(t.Env.Provider, t.sourceContainer()))
		},
		invalid: func(t *T, b object) object {
			return with(b, nameOf(t.sourceContainer()), "properties", "containerName")
		},
		why: "to another container",
		get: func(t *T, o *Org, id string) (any, error) {
			res, err := t.datashare(o).NewDataSetsClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
				segment(id, "shares"), nameOf(id), nil)
			return res.DataSetClassification, err
		},
		ids: func(t *T, o *Org, id string) []string {
			client := t.datashare(o).NewDataSetsClient()
			account, share := segment(id, "accounts"), segment(id, "shares")
			return listedIDs(t, client.NewListBySharePager(groupOf(id), account, share, nil))
		},
	}
}

func mappingType(kind string) *lifecycle {
	accepted := func(t *T) string {
		r := t.receive(kind)
		share(t, "grant of the target", func() bool {
			t.mapTo(t.receive("Container"), "Container")
			return true
		})
		return r.subscription
	}
	return &lifecycle{
		area: subscriptions + "/dataSetMappings", variant: kind, version: shareVersion,
		source: docsShareREST + "data-set-mappings/create", consumer: true, deep: true, unsaid: true,
		parent: accepted, fresh: accepted, parentVersion: shareVersion,
		body: func(t *T, id string) object {
			container := t.containerIn(t.Env.Consumer, t.target().storage)
			return dataOf(kind, with(where(t.Env.Consumer, container), t.offered(id), "dataSetId"))
		},
		invalid: func(t *T, b object) object { return with(b, uuid.NewString(), "properties", "dataSetId") },
		why:     "to a data set that is not in the share",
		get: func(t *T, o *Org, id string) (any, error) {
			res, err := t.datashare(o).NewDataSetMappingsClient().Get(t.ctx(), groupOf(id), segment(id, "accounts"),
				segment(id, "shareSubscriptions"), nameOf(id), nil)
			return res.DataSetMappingClassification, err
		},
		ids: func(t *T, o *Org, id string) []string {
			client := t.datashare(o).NewDataSetMappingsClient()
			account, subscription := segment(id, "accounts"), segment(id, "shareSubscriptions")
			return listedIDs(t, client.NewListByShareSubscriptionPager(groupOf(id), account, subscription, nil))
		},
	}
}
