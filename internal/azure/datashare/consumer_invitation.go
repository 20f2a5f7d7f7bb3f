package datashare

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// consumerInvitationRoutes are the recipient's side of an invitation. They lie at the tenant's root because the
// recipient has no rights in the provider's subscription: being addressed is the right.
// Source: https://learn.microsoft.com/rest/api/datashare/consumer-invitations
func (p *provider) consumerInvitationRoutes() []arm.Route {
	const location = "/providers/Microsoft.DataShare/locations/{location}"
	return []arm.Route{
		{Method: http.MethodGet, Path: "/providers/Microsoft.DataShare/listInvitations", OpenTo: arm.SignedIn,
			Handle: p.listInvitations},
		{Method: http.MethodGet, Path: location + "/consumerInvitations/{invitationId}", OpenTo: arm.SignedIn,
			Handle: p.getConsumerInvitation},
		{Method: http.MethodPost, Path: location + "/rejectInvitation", OpenTo: arm.SignedIn,
			Handle: p.rejectInvitation},
	}
}

func (p *provider) listInvitations(c *arm.Call, _ map[string]string, _ map[string]any) (any, *arm.Error) {
	invitations, err := p.invitationsFor(c)
	if err != nil {
		return nil, err
	}
	var out []any
	for _, r := range invitations {
		account, _, err := p.account(c, r.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, consumerInvitation(c, r, account))
	}
	return jsonbody.Collection(out), nil
}

func (p *provider) getConsumerInvitation(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	invitation, account, err := p.invitationFor(c, params["invitationId"], params["location"])
	if err != nil {
		return nil, err
	}
	return consumerInvitation(c, invitation, account), nil
}

func (p *provider) rejectInvitation(c *arm.Call, params map[string]string, body map[string]any) (any, *arm.Error) {
	props, _ := body["properties"].(map[string]any)
	invitation, account, err := p.invitationFor(c, jsonbody.Text(props, "invitationId"), params["location"])
	if err != nil {
		return nil, err
	}
	if invitation.String("properties", "invitationStatus") != "Pending" {
		return nil, invitationNotFound()
	}
	if err := answer(c, invitation, "Rejected"); err != nil {
		return nil, err
	}
	if err := logOperation(c, invitation.ID, namespace+"/locations/rejectInvitation/action"); err != nil {
		return nil, err
	}
	return consumerInvitation(c, invitation, account), nil
}

// consumerInvitation is the recipient's view of an invitation.
func consumerInvitation(c *arm.Call, r, account *arm.Resource) map[string]any {
	props := map[string]any{
		"invitationId":       r.String("properties", "invitationId"),
		"invitationStatus":   r.String("properties", "invitationStatus"),
		"location":           account.String("location"),
		"sentAt":             r.String("properties", "sentAt"),
		"providerName":       account.String("properties", "userName"),
		"providerTenantName": account.String("identity", "tenantId"),
		"userName":           r.String("properties", "userName"),
	}
	for _, n := range []string{"expirationDate", "respondedAt", "userEmail"} {
		if v := r.String("properties", n); v != "" {
			props[n] = v
		}
	}
	if v := account.String("properties", "userEmail"); v != "" {
		props["providerEmail"] = v
	}
	shareID, _ := r.ID.Parent()
	if share, ok := c.Get(shareID); ok {
		props["shareName"] = shareID.Name()
		props["dataSetCount"] = len(c.Children(shareID, "dataSets"))
		if v := share.String("properties", "description"); v != "" {
			props["description"] = v
		}
		if v := share.String("properties", "terms"); v != "" {
			props["termsOfUse"] = v
		}
	}
	name := r.String("properties", "invitationId")
	return map[string]any{
		"id": "/providers/Microsoft.DataShare/locations/" + account.String("location") +
			"/consumerInvitations/" + name,
		"name":       name,
		"type":       "Microsoft.DataShare/locations/consumerInvitations",
		"properties": props,
	}
}
