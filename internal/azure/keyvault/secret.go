package keyvault

import (
	"regexp"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

func secrets() *arm.Type {
	return &arm.Type{
		Name:      namespace + "/vaults/secrets",
		CheckName: checkSecretName,
		NoDelete:  true, // ARM writes secrets but leaves deleting them to the vault's data plane
		Put:       putSecret,
		Delete:    keepSecret,
		Options:   arm.QueryOptions{List: []string{"$top"}},
	}
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9-]{1,127}$`)

func checkSecretName(name string) *arm.Error {
	if secretName.MatchString(name) {
		return nil
	}
	return badRequest("The secret name '%s' is invalid: it must have 1 to 127 letters, digits and hyphens.", name)
}

// putSecret writes a secret: with a value a new version, without one the attributes of the current version. ARM never
// returns the value.
// Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/secrets/create-or-update
func putSecret(c *arm.Call, w *arm.Write) *arm.Error {
	vaultID, _ := w.New.ID.Parent()
	vault, ok := c.Get(vaultID)
	if !ok {
		return arm.NotFound(vaultID)
	}
	props := w.New.Properties()
	attributes := jsonbody.Object(props, "attributes")
	v := secretVersion{ContentType: jsonbody.Text(props, "contentType"), Enabled: true,
		NotBefore: seconds(attributes, "nbf"), Expires: seconds(attributes, "exp")}
	v.Tags = jsonbody.Object(w.New.Body, "tags")
	if enabled, set := jsonbody.Flag(attributes, "enabled"); set {
		v.Enabled = enabled
	}
	requested := jsonbody.Object(w.Request, "properties")
	value, given := requested["value"].(string)
	if len(value) > maxValue {
		return badRequest("The property 'value' has %d bytes: a secret's value may have at most %d.", len(value),
			maxValue)
	}
	if w.Old == nil {
		if err := claimSecret(c, w.New.ID); err != nil {
			return err
		}
	}
	if given || w.Old == nil {
		v.Value = value
		_, err := addVersion(c, vault, w.New, v)
		return err
	}
	current := currentVersion(w.New)
	was, _, err := loadVersion(c, w.New.ID, current)
	if err != nil {
		return err
	}
	v.Value, v.Created, v.Updated = was.Value, was.Created, c.Now.Unix()
	return saveVersion(c, vault, w.New, current, v)
}

// maxValue is the largest size of a secret's value, in bytes.
// Source: https://learn.microsoft.com/azure/key-vault/secrets/about-secrets
const maxValue = 25 << 10

// keepSecret keeps the secret with its deleted vault, for the vault's recovery.
func keepSecret(c *arm.Call, r *arm.Resource) *arm.Error {
	if err := c.Tx.Put(tableDeletedSecrets, secretKey(r.ID), r); err != nil {
		return arm.InternalError(err)
	}
	return nil
}
