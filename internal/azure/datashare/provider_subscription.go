package datashare

import (
	"context"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

const jobRevoke = "revoke"

// providerShareSubscriptions are the provider's records of the consumers that have accepted a share. They come with an
// acceptance and go with either side; nobody writes them directly.
// Source: https://learn.microsoft.com/rest/api/datashare/provider-share-subscriptions
func (p *provider) providerShareSubscriptions() *arm.Type {
	return &arm.Type{
		Name:     namespace + "/accounts/shares/providerShareSubscriptions",
		NoPut:    true,
		NoPatch:  true,
		NoDelete: true,
		Show:     showShareSubscription,
		Delete:   p.deleteProviderShareSubscription,
		Actions: map[string]arm.Action{
			"revoke":    {Permission: "revoke/action", Async: arm.AzureAsyncOperation, Run: p.revoke},
			"reinstate": {Permission: "reinstate/action", Run: p.reinstate},
			"adjust":    {Permission: "adjust/action", Run: p.adjust},
		},
		Jobs: map[string]arm.Job{jobRevoke: p.finishRevoke},
	}
}

// deleteProviderShareSubscription is called when the share goes: the consumer's subscription stays, without a source.
func (p *provider) deleteProviderShareSubscription(c *arm.Call, r *arm.Resource) *arm.Error {
	sub, ok := c.GetByID(hidden(r, "shareSubscription"))
	if !ok || hidden(sub, "objectId") != r.String("properties", "shareSubscriptionObjectId") {
		return nil
	}
	sub.Properties()["shareSubscriptionStatus"] = "SourceDeleted"
	if err := c.Save(sub); err != nil {
		return err
	}
	return markTriggersOf(c, sub.ID, "SourceSynchronizationSettingDeleted")
}

// setStatus sets the status on both sides.
func setStatus(c *arm.Call, r *arm.Resource, status string) *arm.Error {
	return change(c, r, func(side *arm.Resource) { side.Properties()["shareSubscriptionStatus"] = status })
}

// change applies a change to the provider's record and to the consumer's subscription.
func change(c *arm.Call, r *arm.Resource, apply func(side *arm.Resource)) *arm.Error {
	apply(r)
	if err := c.Save(r); err != nil {
		return err
	}
	sub, ok := c.GetByID(hidden(r, "shareSubscription"))
	if !ok {
		return nil
	}
	apply(sub)
	return c.Save(sub)
}

// revoke ends the consumer's access: no snapshot starts from now on; what was copied stays with the consumer.
func (p *provider) revoke(c *arm.Call, r *arm.Resource, _ map[string]any) (any, *arm.Error) {
	if status := r.String("properties", "shareSubscriptionStatus"); status == "Active" {
		if err := setStatus(c, r, "Revoking"); err != nil {
			return nil, err
		}
		if err := c.Enqueue(r.ID, jobRevoke, c.Now.Add(c.Server.Latency(r.ID.Type(), arm.OpAction)), nil); err != nil {
			return nil, err
		}
		if err := logBothSides(c, r, "revoke"); err != nil {
			return nil, err
		}
	}
	return view(r), nil
}

func (p *provider) finishRevoke(_ context.Context, s *arm.Server, r *arm.Resource, _ map[string]any) *arm.Error {
	return update(s, func(c *arm.Call) *arm.Error {
		now, ok := c.Same(r)
		if !ok || now.String("properties", "shareSubscriptionStatus") != "Revoking" {
			return nil
		}
		return setStatus(c, now, "Revoked")
	})
}

// reinstate gives access back, optionally until a new expiration date.
func (p *provider) reinstate(c *arm.Call, r *arm.Resource, body map[string]any) (any, *arm.Error) {
	if status := r.String("properties", "shareSubscriptionStatus"); status != "Revoked" && !expired(r, c.Now) {
		return nil, arm.BadRequest("InvalidShareSubscriptionStatus",
			"Only a revoked share subscription can be reinstated; the status of '%s' is '%s'.", r.ID.Name(), status)
	}
	if err := p.setExpiration(c, r, body); err != nil {
		return nil, err
	}
	if expired(r, c.Now) {
		return nil, arm.BadRequest("InvalidExpirationDate",
			"The share subscription '%s' has expired at '%s': give an 'expirationDate' in the future.", r.ID.Name(),
			r.String("properties", "expirationDate"))
	}
	if err := setStatus(c, r, "Active"); err != nil {
		return nil, err
	}
	if err := logBothSides(c, r, "reinstate"); err != nil {
		return nil, err
	}
	return view(r), nil
}

// adjust changes the expiration date of the consumer's access.
func (p *provider) adjust(c *arm.Call, r *arm.Resource, body map[string]any) (any, *arm.Error) {
	if err := p.setExpiration(c, r, body); err != nil {
		return nil, err
	}
	if err := logBothSides(c, r, "adjust"); err != nil {
		return nil, err
	}
	return view(r), nil
}

func (p *provider) setExpiration(c *arm.Call, r *arm.Resource, body map[string]any) *arm.Error {
	props, _ := body["properties"].(map[string]any)
	date := jsonbody.Text(props, "expirationDate")
	if date == "" {
		return nil
	}
	wanted := &arm.Resource{Body: map[string]any{"properties": map[string]any{"expirationDate": date}}}
	if _, _, err := instant(wanted, "expirationDate"); err != nil {
		return err
	}
	return change(c, r, func(side *arm.Resource) { side.Properties()["expirationDate"] = date })
}

// view is the resource as a GET shows it, for the reply of an action.
func view(r *arm.Resource) map[string]any {
	out := map[string]any{"id": r.ID.String(), "name": r.ID.Name(), "type": r.ID.Type()}
	for k, v := range r.Body {
		out[k] = v
	}
	return out
}
