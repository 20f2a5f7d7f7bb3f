package datashare

import (
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

func (p *provider) shareSubscriptions() *arm.Type {
	return &arm.Type{
		Name:        namespace + "/accounts/shareSubscriptions",
		NoPatch:     true,
		NoUpdate:    noUpdate,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         p.putShareSubscription,
		Show:        showShareSubscription,
		Delete:      p.deleteShareSubscription,
		Actions: map[string]arm.Action{
			"synchronize": {Permission: "synchronize/action", Async: arm.AzureAsyncOperation,
				Run: p.synchronize},
			"cancelsynchronization": {Permission: "cancelSynchronization/action", Async: arm.AzureAsyncOperation,
				Run: p.cancelSynchronization},
			"listsynchronizations": {Permission: "listSynchronizations/action",
				Run: p.listSubscriptionSynchronizations},
			"listsynchronizationdetails": {
				Permission: "listSynchronizationDetails/action", Run: p.listSubscriptionSynchronizationDetails,
			},
			"listsourcesharesynchronizationsettings": {
				Permission: "listSourceShareSynchronizationSettings/action", Run: p.listSourceSettings,
			},
		},
		Jobs: map[string]arm.Job{jobSnapshot: p.snapshotJob, jobScheduled: p.scheduledJob},
	}
}

// putShareSubscription accepts an invitation: the caller must be the invited principal, and an invitation is accepted
// once. The provider's side gets its record of the subscription in the same transaction.
// Source: https://learn.microsoft.com/rest/api/datashare/share-subscriptions/create
func (p *provider) putShareSubscription(c *arm.Call, w *arm.Write) *arm.Error {
	if _, _, err := instant(w.New, "expirationDate"); err != nil {
		return err
	}
	props := w.New.Properties()
	invitation, account, err := p.invitationFor(c, jsonbody.Text(props, "invitationId"),
		jsonbody.Text(props, "sourceShareLocation"))
	if err != nil {
		return err
	}
	if invitation.String("properties", "invitationStatus") != "Pending" {
		return invitationNotFound()
	}
	shareID, _ := invitation.ID.Parent()
	share, ok := c.Get(shareID)
	if !ok {
		return invitationNotFound()
	}
	stamp(c, w, true)
	copyText(props, "shareName", shareID.Name())
	copyText(props, "shareDescription", share.String("properties", "description"))
	copyText(props, "shareKind", share.String("properties", "shareKind"))
	copyText(props, "shareTerms", share.String("properties", "terms"))
	copyText(props, "providerName", share.String("properties", "userName"))
	copyText(props, "providerEmail", share.String("properties", "userEmail"))
	copyText(props, "providerTenantName", account.String("identity", "tenantId"))
	props["shareSubscriptionStatus"] = "Active"
	if err := withinExpiry(w.New, invitation); err != nil {
		return err
	}

	consumer, _, err := p.account(c, w.New.ID)
	if err != nil {
		return err
	}
	objectID(w)
	record := &arm.Resource{
		ID:        shareID.Child("providerShareSubscriptions", uuid.NewString()),
		CreatedAt: c.Now,
		CreatedBy: c.Caller.ClientID,
		Body:      map[string]any{},
		Private:   map[string]any{"shareSubscription": w.New.ID.String()},
	}
	theirs := record.Properties()
	theirs["createdAt"] = arm.Timestamp(c.Now)
	theirs["sharedAt"] = invitation.String("properties", "sentAt")
	theirs["shareSubscriptionObjectId"] = w.New.Private["objectId"]
	theirs["shareSubscriptionStatus"] = "Active"
	copyText(theirs, "consumerName", c.Caller.Name)
	copyText(theirs, "consumerEmail", emailOf(c.Caller))
	copyText(theirs, "consumerTenantName", consumer.String("identity", "tenantId"))
	copyText(theirs, "providerName", share.String("properties", "userName"))
	copyText(theirs, "providerEmail", share.String("properties", "userEmail"))
	copyText(theirs, "expirationDate", jsonbody.Text(props, "expirationDate"))
	if err := c.Save(record); err != nil {
		return err
	}
	if err := logOperation(c, record.ID, record.ID.Type()+"/write"); err != nil {
		return err
	}
	w.New.Private["share"] = shareID.String()
	w.New.Private["shareObjectId"] = hidden(share, "objectId")
	w.New.Private["providerShareSubscription"] = record.ID.String()
	return answer(c, invitation, "Accepted")
}

// withinExpiry lets a subscription end before the provider's date, not after it; without a date of its own it gets the
// provider's.
func withinExpiry(sub, limit *arm.Resource) *arm.Error {
	until, limited, err := instant(limit, "expirationDate")
	if err != nil || !limited {
		return err
	}
	wanted, given, err := instant(sub, "expirationDate")
	switch {
	case err != nil:
		return err
	case !given:
		sub.Properties()["expirationDate"] = limit.String("properties", "expirationDate")
	case wanted.After(until):
		return arm.BadRequest("InvalidExpirationDate",
			"The property 'expirationDate' is '%s', but the provider shares until '%s' only.", arm.Timestamp(wanted),
			arm.Timestamp(until))
	}
	return nil
}

// showShareSubscription ends the subscription at its expiration date. The service names no status of its own for that;
// an expired subscription is shown as revoked, because no snapshot can be taken through it.
func showShareSubscription(c *arm.Call, r *arm.Resource, body map[string]any) {
	props, _ := body["properties"].(map[string]any)
	if props != nil {
		props["shareSubscriptionStatus"] = statusOf(r, c.Now)
	}
}

func statusOf(r *arm.Resource, now time.Time) string {
	status := r.String("properties", "shareSubscriptionStatus")
	if status == "Active" && expired(r, now) {
		return "Revoked"
	}
	return status
}

// deleteShareSubscription takes the provider's record along. The data that snapshots have copied stays.
func (p *provider) deleteShareSubscription(c *arm.Call, r *arm.Resource) *arm.Error {
	if id, err := arm.ParseID(hidden(r, "providerShareSubscription")); err == nil {
		if err := c.Remove(id); err != nil {
			return err
		}
	}
	if share, ok := c.GetByID(hidden(r, "share")); !ok || hidden(share, "objectId") != hidden(r, "shareObjectId") {
		return forgetRuns(c, runPrefix(r))
	}
	return nil
}

// source is the share behind a subscription; ok is false once it is deleted.
func source(c *arm.Call, sub *arm.Resource) (share *arm.Resource, ok bool) {
	share, ok = c.GetByID(hidden(sub, "share"))
	return share, ok && hidden(share, "objectId") == hidden(sub, "shareObjectId")
}

func (p *provider) listSourceSettings(c *arm.Call, sub *arm.Resource, _ map[string]any) (any, *arm.Error) {
	var out []any
	if share, ok := source(c, sub); ok {
		for _, s := range c.Children(share.ID, "synchronizationSettings") {
			out = append(out, map[string]any{
				"kind": s.Body["kind"],
				"properties": map[string]any{
					"recurrenceInterval":  s.Value("properties", "recurrenceInterval"),
					"synchronizationTime": s.Value("properties", "synchronizationTime"),
				},
			})
		}
	}
	return jsonbody.Collection(out), nil
}

func copyText(props map[string]any, key, value string) {
	if value != "" {
		props[key] = value
	}
}
