package managedidentity

import (
	"regexp"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// identityName is what Azure documents: 3 to 128 letters, digits, hyphens and underscores, a letter or digit first.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
var identityName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$`)

// checkIdentityName answers with a code of ours: Microsoft documents the rule, and no code.
func checkIdentityName(name string) *arm.Error {
	if identityName.MatchString(name) {
		return nil
	}
	return arm.BadRequest("InvalidResourceName", "The name '%s' of the user-assigned identity is invalid: it must "+
		"have 3 to 128 letters, digits, hyphens and underscores, and begin with a letter or a digit.", name)
}

// putIdentity gives a new identity its service principal, which it keeps for life.
// Source: https://learn.microsoft.com/rest/api/managedidentity/user-assigned-identities/create-or-update
func (p *provider) putIdentity(c *arm.Call, w *arm.Write) *arm.Error {
	if !w.Create() {
		w.New.Body["properties"] = w.Old.Properties()
		return nil
	}
	principal, err := p.directory.CreateManagedIdentity(c.Tx, w.New.ID.Subscription, w.New.ID.String())
	if err != nil {
		return arm.InternalError(err)
	}
	w.New.Body["properties"] = map[string]any{
		"tenantId": principal.TenantID, "principalId": principal.ObjectID, "clientId": principal.ClientID,
	}
	return nil
}

// deleteIdentity takes the service principal out of the directory: tokens for it end to be valid at once.
func (p *provider) deleteIdentity(c *arm.Call, r *arm.Resource) *arm.Error {
	if err := p.directory.RemovePrincipal(c.Tx, principalOf(r)); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// principalOf is the object id of an identity's service principal.
func principalOf(r *arm.Resource) string { return r.String("properties", "principalId") }
