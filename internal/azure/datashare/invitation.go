package datashare

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// tableInvitations finds an invitation's resource id by invitation id, over all tenants.
const tableInvitations = "datashare.invitations"

func (p *provider) invitations() *arm.Type {
	return &arm.Type{
		Name:    namespace + "/accounts/shares/invitations",
		NoPatch: true,
		Put:     p.putInvitation,
		Delete:  p.deleteInvitation,
	}
}

// putInvitation invites either an e-mail address, or a tenant with optionally one user or application of it. The same
// invitation may be sent again (https://github.com/Azure/azure-quickstart-templates/issues/11780), another one under
// its name may not: nobody says that Azure takes that.
// Source: https://learn.microsoft.com/rest/api/datashare/invitations/create
func (p *provider) putInvitation(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	email, tenant, object := jsonbody.Text(props, "targetEmail"), jsonbody.Text(props, "targetActiveDirectoryId"),
		jsonbody.Text(props, "targetObjectId")
	switch {
	case email != "" && (tenant != "" || object != ""):
		return arm.BadRequest("InvalidInvitationTarget", "The property 'targetEmail' cannot be combined with "+
			"'targetActiveDirectoryId' and 'targetObjectId'. Keep one of the two ways to name the recipient.")
	case email == "" && tenant == "" && object == "":
		return arm.BadRequest("InvalidInvitationTarget", "An invitation needs a recipient: 'targetEmail', or "+
			"'targetActiveDirectoryId' with 'targetObjectId'.")
	case tenant == "" && object != "":
		return arm.BadRequest("InvalidInvitationTarget", "The property 'targetObjectId' must be given along with "+
			"'targetActiveDirectoryId'.")
	}
	if _, _, err := instant(w.New, "expirationDate"); err != nil {
		return err
	}
	if w.Old != nil {
		if err := unchanged(w, "targetEmail", "targetActiveDirectoryId", "targetObjectId",
			"expirationDate"); err != nil {
			return err
		}
		keep(w, "invitationId", "invitationStatus", "sentAt", "respondedAt", "userName", "userEmail")
		return nil
	}
	if expired(w.New, c.Now) {
		return arm.BadRequest("InvalidExpirationDate", "The property 'expirationDate' must lie in the future, but it "+
			"is '%s'.", jsonbody.Text(props, "expirationDate"))
	}
	id := uuid.NewString()
	props["invitationId"] = id
	props["invitationStatus"] = "Pending"
	props["sentAt"] = arm.Timestamp(c.Now)
	props["userName"] = c.Caller.Name
	if e := emailOf(c.Caller); e != "" {
		props["userEmail"] = e
	}
	if err := c.Tx.Put(tableInvitations, id, w.New.ID.String()); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// deleteInvitation withdraws a pending invitation: nobody can accept it any more. An accepted one has done its work;
// the share subscription stays until it is revoked.
func (p *provider) deleteInvitation(c *arm.Call, r *arm.Resource) *arm.Error {
	if err := c.Tx.Delete(tableInvitations, r.String("properties", "invitationId")); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// invitationNotFound is the answer to callers without a valid invitation.
// Source: https://github.com/Azure/azure-rest-api-specs/issues/9110
func invitationNotFound() *arm.Error {
	return arm.Errorf(http.StatusNotFound, "7001", "Invitation not found")
}

// invitationFor finds the invitation that the caller may answer: sent to it, to the region given, pending, not expired.
func (p *provider) invitationFor(
	c *arm.Call, invitationID, location string,
) (invitation, account *arm.Resource, err *arm.Error) {
	var id string
	ok, terr := c.Tx.Get(tableInvitations, strings.ToLower(invitationID), &id)
	if terr != nil {
		return nil, nil, arm.InternalError(terr)
	}
	if !ok {
		return nil, nil, invitationNotFound()
	}
	invitation, ok = c.GetByID(id)
	if !ok || !invited(invitation, c.Caller) || expired(invitation, c.Now) {
		return nil, nil, invitationNotFound()
	}
	account, _, err = p.account(c, invitation.ID)
	if err != nil {
		return nil, nil, err
	}
	if !sameLocation(account.String("location"), location) {
		return nil, nil, invitationNotFound()
	}
	return invitation, account, nil
}

// invited reports whether the invitation is addressed to the principal.
func invited(invitation *arm.Resource, caller identity.Principal) bool {
	if email := invitation.String("properties", "targetEmail"); email != "" {
		return strings.EqualFold(email, emailOf(caller))
	}
	if !strings.EqualFold(invitation.String("properties", "targetActiveDirectoryId"), caller.TenantID) {
		return false
	}
	object := invitation.String("properties", "targetObjectId")
	return object == "" || strings.EqualFold(object, caller.ObjectID)
}

// answer records the recipient's decision.
func answer(c *arm.Call, invitation *arm.Resource, status string) *arm.Error {
	props := invitation.Properties()
	props["invitationStatus"] = status
	props["respondedAt"] = arm.Timestamp(c.Now)
	return c.Save(invitation)
}

// invitationsFor lists the pending invitations that are addressed to the caller, in all tenants.
func (p *provider) invitationsFor(c *arm.Call) ([]*arm.Resource, *arm.Error) {
	ids, err := store.All[string](c.Tx, tableInvitations, "")
	if err != nil {
		return nil, arm.InternalError(err)
	}
	var out []*arm.Resource
	for _, id := range ids {
		r, ok := c.GetByID(*id)
		if ok && r.String("properties", "invitationStatus") == "Pending" && invited(r, c.Caller) && !expired(r, c.Now) {
			out = append(out, r)
		}
	}
	return out, nil
}
