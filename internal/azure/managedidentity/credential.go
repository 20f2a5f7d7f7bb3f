package managedidentity

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// Limits of federated credentials.
// Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
const (
	maxCredentials = 20  // of one identity
	maxText        = 600 // characters of issuer, subject and audience
)

// credentialName is the pattern of the published specification.
// Source: azure-rest-api-specs, Microsoft.ManagedIdentity/stable/2023-01-31/ManagedIdentity.json
var credentialName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`)

// checkCredentialName answers with a code of ours: Microsoft documents the rule, and no code.
func checkCredentialName(name string) *arm.Error {
	if credentialName.MatchString(name) {
		return nil
	}
	return arm.BadRequest("InvalidResourceName", "The name '%s' of the federated identity credential is invalid: it "+
		"must have 3 to 120 letters, digits, hyphens and underscores, and begin with a letter or a digit.", name)
}

// putCredential checks a credential and has the directory trust it.
func (p *provider) putCredential(c *arm.Call, w *arm.Write) *arm.Error {
	id := w.New.ID
	trust, aerr := trustOf(w.New)
	if aerr != nil {
		return aerr
	}
	parent, _ := id.Parent()
	owner, ok := c.Get(parent)
	if !ok {
		return arm.NotFound(parent)
	}
	if aerr := checkSiblings(c, owner, w, trust); aerr != nil {
		return aerr
	}
	if err := p.directory.Trust(c.Tx, principalOf(owner), id.Name(), trust); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// trustOf reads a credential. The rules are Microsoft's, the codes ours: none are documented.
func trustOf(r *arm.Resource) (identity.Trust, *arm.Error) {
	properties := r.Properties()
	trust := identity.Trust{Issuer: jsonbody.Text(properties, "issuer"), Subject: jsonbody.Text(properties, "subject")}
	audiences := jsonbody.List(properties, "audiences")
	if len(audiences) != 1 {
		return trust, invalidCredential("audiences must have one value, and it has %d", len(audiences))
	}
	trust.Audience, _ = audiences[0].(string)
	for _, p := range []struct{ name, value string }{
		{"issuer", trust.Issuer}, {"subject", trust.Subject}, {"audiences", trust.Audience},
	} {
		switch {
		case p.value == "":
			return trust, invalidCredential("%s is empty", p.name)
		case p.value != strings.TrimSpace(p.value):
			return trust, invalidCredential("%s begins or ends with a space", p.name)
		case len(p.value) > maxText:
			return trust, invalidCredential("%s has %d characters, and %d are allowed", p.name, len(p.value), maxText)
		}
	}
	if u, err := url.Parse(trust.Issuer); err != nil || u.Scheme != "https" || u.Host == "" {
		return trust, invalidCredential("issuer '%s' is no https URL", trust.Issuer)
	}
	return trust, nil
}

func invalidCredential(format string, values ...any) *arm.Error {
	return arm.BadRequest("InvalidFederatedIdentityCredential", "The federated identity credential is invalid: "+
		format+".", values...)
}

// checkSiblings refuses one credential too many, and a second one for the same issuer and subject.
func checkSiblings(c *arm.Call, owner *arm.Resource, w *arm.Write, trust identity.Trust) *arm.Error {
	count := 0
	for _, sibling := range c.Under(owner.ID) {
		if sibling.ID.Key() == w.New.ID.Key() {
			continue
		}
		count++
		if sibling.String("properties", "issuer") == trust.Issuer &&
			sibling.String("properties", "subject") == trust.Subject {
			return arm.Conflict("FederatedIdentityCredentialConflict", "The federated identity credential '%s' of "+
				"'%s' has the same issuer and subject: their combination must be unique.", sibling.ID.Name(),
				owner.ID.Name())
		}
	}
	if count >= maxCredentials {
		return arm.BadRequest("TooManyFederatedIdentityCredentials", "The identity '%s' has %d federated identity "+
			"credentials, and %d are allowed.", owner.ID.Name(), count, maxCredentials)
	}
	return nil
}

func (p *provider) deleteCredential(c *arm.Call, r *arm.Resource) *arm.Error {
	parent, _ := r.ID.Parent()
	owner, ok := c.Get(parent)
	if !ok {
		return nil
	}
	if err := p.directory.Distrust(c.Tx, principalOf(owner), r.ID.Name()); err != nil {
		return arm.InternalError(err)
	}
	return nil
}
