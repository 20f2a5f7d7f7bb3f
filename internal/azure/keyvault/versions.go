package keyvault

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// tableVersions holds every version of every secret: vault name/secret name/version → secretVersion.
	tableVersions = "keyvault.secretVersions"
	// tableRemoved holds secrets that were deleted from a vault and can be recovered: vault name/secret name →
	// removedSecret.
	tableRemoved = "keyvault.removedSecrets"
)

// secretVersion is one version of a secret. A secret's resource names the current one (Private["version"]) and has its
// visible properties; the values are only here.
type secretVersion struct {
	Value       string         `json:"value"`
	ContentType string         `json:"contentType,omitempty"`
	Tags        map[string]any `json:"tags,omitempty"`
	Enabled     bool           `json:"enabled"`
	// NotBefore and Expires are seconds since 1970; nil is not set. Both are for information: a secret can also be read
	// before and after.
	NotBefore *int64 `json:"nbf,omitempty"`
	Expires   *int64 `json:"exp,omitempty"`
	Created   int64  `json:"created"`
	Updated   int64  `json:"updated"`
}

// removedSecret is a secret between its deletion and its purge.
type removedSecret struct {
	Secret  arm.Resource `json:"secret"`
	Deleted time.Time    `json:"deleted"`
	Purge   time.Time    `json:"purge"`
}

// secretKey is a secret's place in the tables, over vault names: those are unique.
func secretKey(id arm.ID) string { return strings.ToLower(id.RelativeName()) }

func versionKey(id arm.ID, version string) string { return secretKey(id) + "/" + version }

func currentVersion(r *arm.Resource) string { return jsonbody.Text(r.Private, "version") }

func loadVersion(c *arm.Call, id arm.ID, version string) (secretVersion, bool, *arm.Error) {
	var v secretVersion
	ok, err := c.Tx.Get(tableVersions, versionKey(id, strings.ToLower(version)), &v)
	if err != nil {
		return v, false, arm.InternalError(err)
	}
	return v, ok, nil
}

// saveVersion keeps a version; if it is the current one the secret's resource shows it.
func saveVersion(c *arm.Call, vault, r *arm.Resource, version string, v secretVersion) *arm.Error {
	if err := c.Tx.Put(tableVersions, versionKey(r.ID, version), v); err != nil {
		return arm.InternalError(err)
	}
	if currentVersion(r) != version {
		return nil
	}
	attributes := map[string]any{"enabled": v.Enabled, "created": v.Created, "updated": v.Updated}
	if v.NotBefore != nil {
		attributes["nbf"] = *v.NotBefore
	}
	if v.Expires != nil {
		attributes["exp"] = *v.Expires
	}
	uri := secretURI(vault, r.ID)
	props := map[string]any{"attributes": attributes, "secretUri": uri, "secretUriWithVersion": uri + "/" + version}
	if v.ContentType != "" {
		props["contentType"] = v.ContentType
	}
	r.Body = map[string]any{"location": vault.String("location"), "properties": props}
	if len(v.Tags) > 0 {
		r.Body["tags"] = v.Tags
	}
	return nil
}

// addVersion makes v the secret's current version.
func addVersion(c *arm.Call, vault, r *arm.Resource, v secretVersion) (version string, err *arm.Error) {
	version = strings.ReplaceAll(uuid.NewString(), "-", "")
	if r.Private == nil {
		r.Private = map[string]any{}
	}
	r.Private["version"] = version
	v.Created, v.Updated = c.Now.Unix(), c.Now.Unix()
	return version, saveVersion(c, vault, r, version, v)
}

func secretURI(vault *arm.Resource, id arm.ID) string {
	return vault.String("properties", "vaultUri") + "secrets/" + id.Name()
}

// scanVersions calls fn for the versions of a secret, in the order of their ids, as the service lists them.
func scanVersions(c *arm.Call, id arm.ID, fn func(version string, v secretVersion) error) error {
	prefix := secretKey(id) + "/"
	return c.Tx.Scan(tableVersions, prefix, func(key string, raw []byte) error {
		var v secretVersion
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		return fn(key[len(prefix):], v)
	})
}

// forget drops the table's rows of a secret ("vault/secret/") or of a vault ("vault/").
func forget(c *arm.Call, table, prefix string) *arm.Error {
	if err := c.Tx.DeleteAll(table, prefix); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// findRemoved finds a deleted secret. One whose retention has ended counts as purged.
func findRemoved(c *arm.Call, id arm.ID) (*removedSecret, bool, *arm.Error) {
	var d removedSecret
	ok, err := c.Tx.Get(tableRemoved, secretKey(id), &d)
	if err != nil {
		return nil, false, arm.InternalError(err)
	}
	if !ok || !c.Now.Before(d.Purge) {
		return nil, false, nil
	}
	return &d, true, nil
}

// removed lists a vault's deleted secrets in name order, without those whose retention has ended.
func removed(c *arm.Call, vault arm.ID) ([]*removedSecret, error) {
	all, err := store.All[removedSecret](c.Tx, tableRemoved, strings.ToLower(vault.Name())+"/")
	return slices.DeleteFunc(all, func(d *removedSecret) bool { return !c.Now.Before(d.Purge) }), err
}

// removeSecret deletes a secret from its vault. It can be recovered for the vault's retention time.
// Source: https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview
func removeSecret(c *arm.Call, vault, r *arm.Resource) (*removedSecret, *arm.Error) {
	d := &removedSecret{Secret: *r, Deleted: c.Now, Purge: c.Now.AddDate(0, 0, retentionDays(vault))}
	if err := c.Tx.Put(tableRemoved, secretKey(r.ID), d); err != nil {
		return nil, arm.InternalError(err)
	}
	if err := c.Remove(r.ID); err != nil {
		return nil, err
	}
	return d, c.EnqueueDetached(vault.ID, jobPurge, d.Purge, nil)
}

// purgeSecret forgets a deleted secret with all its versions.
func purgeSecret(c *arm.Call, id arm.ID) *arm.Error {
	if err := c.Tx.Delete(tableRemoved, secretKey(id)); err != nil {
		return arm.InternalError(err)
	}
	return forget(c, tableVersions, secretKey(id)+"/")
}

// claimSecret makes a name ready for a new secret. It refuses the name of a deleted secret that can be recovered, and
// purges one whose retention has ended.
// Source: https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview#key-vault-objects
func claimSecret(c *arm.Call, id arm.ID) *arm.Error {
	_, kept, err := findRemoved(c, id)
	if err != nil {
		return err
	}
	if kept {
		return arm.Errorf(http.StatusConflict, "Conflict",
			"Secret %s is currently in a deleted but recoverable state, and its name cannot be reused; in this "+
				"state, the secret can only be recovered or purged.", id.Name())
	}
	return purgeSecret(c, id)
}
