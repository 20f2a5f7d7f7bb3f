package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// ManagedIdentityPath is where managed identities get their tokens.
	ManagedIdentityPath = "/msi/token"
	// managedIdentityVersion is the api-version of Service Fabric's token endpoint.
	managedIdentityVersion = "2019-07-01-preview"
	endpointKey            = "managedIdentityEndpoint"
)

// EndpointSecret is the value of the header Secret with which a workload gets tokens for a managed identity. On Service
// Fabric the runtime hands it to the application's processes as IDENTITY_HEADER. It stays the same for the identity's
// life.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
func (d *Directory) EndpointSecret(tx *store.Tx, objectID string) (string, error) {
	var key []byte
	found, err := tx.Get(tableKeys, endpointKey, &key)
	if err != nil {
		return "", err
	}
	if !found {
		key = make([]byte, sha256.Size)
		if _, err := rand.Read(key); err != nil {
			return "", err
		}
		if err := tx.Put(tableKeys, endpointKey, key); err != nil {
			return "", err
		}
	}
	return endpointSecret(key, objectID), nil
}

// endpointSecret names the identity and proves that this directory made it.
func endpointSecret(key []byte, objectID string) string {
	objectID = strings.ToLower(objectID)
	code := hmac.New(sha256.New, key)
	code.Write([]byte(objectID))
	return objectID + "." + base64.RawURLEncoding.EncodeToString(code.Sum(nil))
}

// byEndpointSecret finds the managed identity of a secret.
func (d *Directory) byEndpointSecret(tx *store.Tx, secret string) (Principal, bool) {
	objectID, _, ok := strings.Cut(secret, ".")
	var key []byte
	found, err := tx.Get(tableKeys, endpointKey, &key)
	if !ok || !found || err != nil || !hmac.Equal([]byte(secret), []byte(endpointSecret(key, objectID))) {
		return Principal{}, false
	}
	p, ok := d.Principal(tx, objectID)
	return p, ok && p.Managed
}

// managedToken answers the token endpoint of managed identities as Service Fabric's does.
// Source: https://learn.microsoft.com/azure/service-fabric/how-to-managed-identity-service-fabric-app-code
func (d *Directory) managedToken(w http.ResponseWriter, r *http.Request) {
	query, secret := r.URL.Query(), r.Header.Get("Secret")
	version, resource := query.Get("api-version"), query.Get("resource")
	switch {
	case secret == "":
		managedError(w, http.StatusBadRequest, "SecretHeaderNotFound", "Secret is not found in the request headers.")
		return
	case version != managedIdentityVersion:
		managedError(w, http.StatusBadRequest, "InvalidApiVersion", "The api-version '"+version+
			"' is not supported. Supported version is '"+managedIdentityVersion+"'.")
		return
	case resource == "":
		managedError(w, http.StatusBadRequest, "ArgumentNullOrEmpty",
			"The parameter 'resource' should not be null or empty string.")
		return
	}
	var principal Principal
	var found bool
	if err := d.st.View(func(tx *store.Tx) error {
		principal, found = d.byEndpointSecret(tx, secret)
		return nil
	}); err != nil {
		managedError(w, http.StatusInternalServerError, "InternalServerError", "The identity could not be read.")
		return
	}
	if !found {
		managedError(w, http.StatusNotFound, "ManagedIdentityNotFound",
			"Managed identity not found for the specified application host.")
		return
	}
	token, expires, err := d.Issue(principal, resource)
	if err != nil {
		managedError(w, http.StatusInternalServerError, "InternalServerError", "The token could not be signed.")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "access_token": token, "expires_on": expires.Unix(), "resource": resource,
	})
}

func managedError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"correlationId": uuid.NewString(), "code": code, "message": message,
	}})
}
