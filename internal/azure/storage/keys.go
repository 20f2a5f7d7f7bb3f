package storage

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// keyNames are the two keys of an account.
var keyNames = []string{"key1", "key2"}

// newKey makes an account key: 64 random bytes in base64.
// Source: https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage
func newKey() (string, *arm.Error) {
	raw := make([]byte, 64)
	if _, err := rand.Read(raw); err != nil {
		return "", arm.InternalError(err)
	}
	return base64.StdEncoding.EncodeToString(raw), nil
}

func makeKeys(r *arm.Resource) *arm.Error {
	if r.Private == nil {
		r.Private = map[string]any{}
	}
	for _, name := range keyNames {
		key, err := newKey()
		if err != nil {
			return err
		}
		r.Private[name] = key
	}
	return nil
}

// keyOf is an account key, decoded.
func keyOf(r *arm.Resource, name string) []byte {
	raw, err := base64.StdEncoding.DecodeString(jsonbody.Text(r.Private, name))
	if err != nil {
		return nil // only makeKeys and regenerateKey write it
	}
	return raw
}

// privateDelegation is where an account keeps the secret of its user delegation keys.
const privateDelegation = "delegation"

// delegationOf is the secret of an account's user delegation keys; empty while none has been given out.
func delegationOf(r *arm.Resource) []byte { return keyOf(r, privateDelegation) }

func makeDelegation(r *arm.Resource) *arm.Error {
	secret, err := newKey()
	if err == nil {
		r.Private[privateDelegation] = secret
	}
	return err
}

// revokeDelegation answers Storage Accounts - Revoke User Delegation Keys: what they have signed ceases to be valid.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/revoke-user-delegation-keys
func revokeDelegation(c *arm.Call, r *arm.Resource, _ map[string]any) (any, *arm.Error) {
	if err := makeDelegation(r); err != nil {
		return nil, err
	}
	return map[string]any{}, c.Save(r)
}

// keysBody is StorageAccountListKeysResult.
func keysBody(r *arm.Resource) map[string]any {
	keys := []any{}
	for _, name := range keyNames {
		keys = append(keys, map[string]any{
			"keyName": name, "value": jsonbody.Text(r.Private, name), "permissions": "FULL",
			"creationTime": r.Value("properties", "keyCreationTime", name),
		})
	}
	return map[string]any{"keys": keys}
}

// listKeys answers Storage Accounts - List Keys.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/list-keys
func listKeys(c *arm.Call, r *arm.Resource, _ map[string]any) (any, *arm.Error) {
	if expand := c.Option("$expand"); expand != "" && !strings.EqualFold(expand, "kerb") {
		return nil, invalidParameter("$expand")
	}
	return keysBody(r), nil
}

// regenerateKey answers Storage Accounts - Regenerate Key. What the old key has signed ceases to be valid.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/regenerate-key
func regenerateKey(c *arm.Call, r *arm.Resource, body map[string]any) (any, *arm.Error) {
	name := jsonbody.Text(body, "keyName")
	if name != keyNames[0] && name != keyNames[1] {
		return nil, invalidParameter("keyName")
	}
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	r.Private[name] = key
	jsonbody.EnsureObject(r.Properties(), "keyCreationTime")[name] = arm.Timestamp(c.Now)
	if err := c.Save(r); err != nil {
		return nil, err
	}
	return keysBody(r), nil
}

// sasParams reads what List Account SAS and List Service SAS have in common, and the key to sign with.
func sasParams(r *arm.Resource, body map[string]any) (p blob.SASParams, key []byte, aerr *arm.Error) {
	p = blob.SASParams{
		Permissions: jsonbody.Text(body, "signedPermission"), Protocol: jsonbody.Text(body, "signedProtocol"),
		IP: jsonbody.Text(body, "signedIp"),
	}
	var err error
	if v := jsonbody.Text(body, "signedStart"); v != "" {
		if p.Start, err = time.Parse(time.RFC3339Nano, v); err != nil {
			return p, nil, invalidParameter("signedStart")
		}
	}
	if v := jsonbody.Text(body, "signedExpiry"); v != "" {
		if p.Expiry, err = time.Parse(time.RFC3339Nano, v); err != nil {
			return p, nil, invalidParameter("signedExpiry")
		}
	}
	if p.Protocol != "" && p.Protocol != "https" && p.Protocol != "https,http" {
		return p, nil, invalidParameter("signedProtocol")
	}
	name := jsonbody.Text(body, "keyToSign")
	if name == "" {
		name = keyNames[0]
	}
	if name != keyNames[0] && name != keyNames[1] {
		return p, nil, invalidParameter("keyToSign")
	}
	return p, keyOf(r, name), nil
}

// listAccountSAS answers Storage Accounts - List Account SAS.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/list-account-sas
func listAccountSAS(_ *arm.Call, r *arm.Resource, body map[string]any) (any, *arm.Error) {
	p, key, err := sasParams(r, body)
	if err != nil {
		return nil, err
	}
	p.Services, p.ResourceTypes = jsonbody.Text(body, "signedServices"), jsonbody.Text(body, "signedResourceTypes")
	switch {
	case p.Services == "" || strings.Trim(p.Services, "bqtf") != "":
		return nil, invalidParameter("signedServices")
	case p.ResourceTypes == "" || strings.Trim(p.ResourceTypes, "sco") != "":
		return nil, invalidParameter("signedResourceTypes")
	case p.Permissions == "" || strings.Trim(p.Permissions, "rwdlacupxytfi") != "":
		return nil, invalidParameter("signedPermission")
	case p.Expiry.IsZero():
		return nil, invalidParameter("signedExpiry")
	}
	return map[string]any{"accountSasToken": blob.SignAccountSAS(r.ID.Name(), key, p)}, nil
}

// listServiceSAS answers Storage Accounts - List Service SAS for blobs and containers.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/list-service-sas
func listServiceSAS(_ *arm.Call, r *arm.Resource, body map[string]any) (any, *arm.Error) {
	p, key, err := sasParams(r, body)
	if err != nil {
		return nil, err
	}
	rest, ok := strings.CutPrefix(jsonbody.Text(body, "canonicalizedResource"), "/blob/"+r.ID.Name()+"/")
	if !ok {
		return nil, invalidParameter("canonicalizedResource")
	}
	p.Container, p.Blob, _ = strings.Cut(rest, "/")
	p.Identifier = jsonbody.Text(body, "signedIdentifier")
	p.CacheControl, p.ContentDisposition, p.ContentEncoding = jsonbody.Text(body, "rscc"), jsonbody.Text(body, "rscd"),
		jsonbody.Text(body, "rsce")
	p.ContentLanguage, p.ContentType = jsonbody.Text(body, "rscl"), jsonbody.Text(body, "rsct")
	switch resource := jsonbody.Text(body, "signedResource"); {
	case resource == "c" && p.Container != "" && p.Blob == "", resource == "b" && p.Container != "" && p.Blob != "":
	case resource == "b" || resource == "c":
		return nil, invalidParameter("canonicalizedResource")
	default:
		return nil, invalidParameter("signedResource")
	}
	switch {
	case strings.Trim(p.Permissions, "racwdlxytmeopi") != "", p.Permissions == "" && p.Identifier == "":
		return nil, invalidParameter("signedPermission")
	case p.Expiry.IsZero() && p.Identifier == "":
		return nil, invalidParameter("signedExpiry")
	}
	return map[string]any{"serviceSasToken": blob.SignServiceSAS(r.ID.Name(), key, p)}, nil
}
