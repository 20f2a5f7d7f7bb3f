package keyvault

import (
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

func secrets() *arm.Type {
	return &arm.Type{
		Name:      namespace + "/vaults/secrets",
		CheckName: checkSecretName,
		NoDelete:  true, // ARM writes secrets but leaves deleting them to the vault's data plane
		Put:       putSecret,
		Delete:    keepSecret,
	}
}

var secretName = regexp.MustCompile(`^[A-Za-z0-9-]{1,127}$`)

func checkSecretName(name string) *arm.Error {
	if secretName.MatchString(name) {
		return nil
	}
	return badRequest("The secret name '%s' is invalid: it must have 1 to 127 letters, digits and hyphens.", name)
}

// putSecret writes a new version of a secret. The value goes in and never comes out through ARM.
// Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/secrets/create-or-update
func putSecret(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	if w.New.Private == nil {
		w.New.Private = map[string]any{}
	}
	now := c.Now.Unix()
	attributes, _ := props["attributes"].(map[string]any)
	if attributes == nil {
		attributes = map[string]any{}
		props["attributes"] = attributes
	}
	if attributes["enabled"] == nil {
		attributes["enabled"] = true
	}
	requested, _ := w.Request["properties"].(map[string]any)
	value, given := requested["value"].(string)
	delete(props, "value")
	if given {
		w.New.Private["value"] = value
	}
	if given || w.Old == nil {
		w.New.Private["version"] = strings.ReplaceAll(uuid.NewString(), "-", "")
		w.New.Private["created"] = now
	}
	attributes["created"] = w.New.Private["created"]
	attributes["updated"] = now
	vaultID, _ := w.New.ID.Parent()
	vault, ok := c.Get(vaultID)
	if !ok {
		return arm.NotFound(vaultID)
	}
	version, _ := w.New.Private["version"].(string)
	uri := vault.String("properties", "vaultUri") + "secrets/" + w.New.ID.Name()
	props["secretUri"], props["secretUriWithVersion"] = uri, uri+"/"+version
	w.New.Body["location"] = vault.String("location")
	return nil
}

// keepSecret keeps the secret with its deleted vault, to come back when that is recovered.
func keepSecret(c *arm.Call, r *arm.Resource) *arm.Error {
	if err := c.Tx.Put(tableDeletedSecrets, deletedSecretKey(r.ID), r); err != nil {
		return internalError(err)
	}
	return nil
}
