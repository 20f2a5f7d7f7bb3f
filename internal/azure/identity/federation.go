package identity

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tableTrusts = "federatedCredentials"
	// assertionType is the only kind of client assertion.
	// Source: https://datatracker.ietf.org/doc/html/rfc7523#section-2.2
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	// maxDocument bounds the size of an issuer's documents, in bytes.
	maxDocument = 1 << 20
)

// Trust is the content of a federated credential: it accepts tokens of one issuer, about one subject, for one audience.
// All three are case-sensitive.
// Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
type Trust struct {
	Issuer   string `json:"issuer"`
	Subject  string `json:"subject"`
	Audience string `json:"audience"`
}

// Trust has a principal accept the tokens of another issuer. A credential of the same name is replaced.
func (d *Directory) Trust(tx *store.Tx, objectID, name string, t Trust) error {
	return tx.Put(tableTrusts, trustKey(objectID, name), t)
}

// Distrust removes a federated credential. An unknown name is no error.
func (d *Directory) Distrust(tx *store.Tx, objectID, name string) error {
	return tx.Delete(tableTrusts, trustKey(objectID, name))
}

func trustKey(objectID, name string) string { return strings.ToLower(objectID + "|" + name) }

func (d *Directory) trusts(tx *store.Tx, objectID string) ([]Trust, error) {
	var all []Trust
	err := tx.Scan(tableTrusts, strings.ToLower(objectID)+"|", func(_ string, raw []byte) error {
		var t Trust
		if err := json.Unmarshal(raw, &t); err != nil {
			return err
		}
		all = append(all, t)
		return nil
	})
	return all, err
}

// FetchIssuersWith sets the client that reads the documents of trusted issuers. Without one every federated sign-in is
// refused.
func (d *Directory) FetchIssuersWith(client *http.Client) { d.issuers = client }

// checkAssertion judges a client assertion: a token of an issuer that the principal trusts, signed with a key that the
// issuer publishes. It returns the refusal, or nil.
// Source of the codes: https://learn.microsoft.com/entra/identity-platform/reference-error-codes and
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust-user-assigned-managed-identity
func (d *Directory) checkAssertion(ctx context.Context, trusts []Trust, kind, assertion string) *refusal {
	if kind != assertionType {
		return refuse(http.StatusBadRequest, "invalid_request",
			"AADSTS90023: client_assertion_type must be '%s'.", assertionType)
	}
	var presented jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(assertion, &presented); err != nil {
		return refuse(http.StatusUnauthorized, "invalid_client",
			"AADSTS50027: JWT token is invalid or malformed.")
	}
	if strings.HasPrefix(presented.Issuer, d.issuer+"/") {
		return refuse(http.StatusUnauthorized, "invalid_client",
			"AADSTS700222: AAD-issued tokens may not be used for federated identity flows.")
	}
	if r := matchTrust(trusts, presented); r != nil {
		return r
	}
	keys, err := d.issuerKeys(ctx, presented.Issuer)
	if err != nil {
		return refuse(http.StatusUnauthorized, "invalid_client",
			"AADSTS50166: The keys of the issuer '%s' could not be read: %v.", presented.Issuer, err)
	}
	_, err = jwt.ParseWithClaims(assertion, &jwt.RegisteredClaims{}, func(t *jwt.Token) (any, error) {
		return keyOf(keys, t)
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(d.now), jwt.WithExpirationRequired())
	switch {
	case errors.Is(err, jwt.ErrTokenExpired), errors.Is(err, jwt.ErrTokenNotValidYet),
		errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return refuse(http.StatusUnauthorized, "invalid_client",
			"AADSTS700024: Client assertion is not within its valid time range.")
	case err != nil:
		return refuse(http.StatusUnauthorized, "invalid_client",
			"AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on "+
				"application, or the signature is invalid.")
	}
	return nil
}

// matchTrust finds a trust for an assertion. Its error names the claim that matches no trust.
func matchTrust(trusts []Trust, claims jwt.RegisteredClaims) *refusal {
	trusts = slices.Clone(trusts)
	for _, step := range []struct {
		code, name, value string
		matches           func(Trust) bool
	}{
		{"AADSTS700211", "issuer", claims.Issuer, func(t Trust) bool { return t.Issuer == claims.Issuer }},
		{"AADSTS700213", "subject", claims.Subject, func(t Trust) bool { return t.Subject == claims.Subject }},
		{"AADSTS700212", "audience", strings.Join(claims.Audience, ", "),
			func(t Trust) bool { return slices.Contains(claims.Audience, t.Audience) }},
	} {
		trusts = slices.DeleteFunc(trusts, func(t Trust) bool { return !step.matches(t) })
		if len(trusts) == 0 {
			return refuse(http.StatusUnauthorized, "invalid_client",
				"%s: No matching federated identity record found for presented assertion %s '%s'.",
				step.code, step.name, step.value)
		}
	}
	return nil
}

// webKey is a key of an issuer.
type webKey struct {
	ID   string `json:"kid"`
	Type string `json:"kty"`
	N    string `json:"n"`
	E    string `json:"e"`
}

// issuerKeys reads an issuer's keys: its metadata, then the document that the metadata names.
// Source: https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
func (d *Directory) issuerKeys(ctx context.Context, issuer string) ([]webKey, error) {
	if d.issuers == nil {
		return nil, errors.New("this directory reaches no other issuer")
	}
	var metadata struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := d.fetch(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &metadata); err != nil {
		return nil, err
	}
	if metadata.Issuer != issuer {
		return nil, fmt.Errorf("its metadata names the issuer '%s'", metadata.Issuer)
	}
	var document struct {
		Keys []webKey `json:"keys"`
	}
	return document.Keys, d.fetch(ctx, metadata.Keys, &document)
}

func (d *Directory) fetch(ctx context.Context, url string, into any) error {
	if !strings.HasPrefix(url, "https://") {
		return fmt.Errorf("'%s' is no https URL", url)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := d.issuers.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return json.NewDecoder(io.LimitReader(response.Body, maxDocument)).Decode(into)
}

// keyOf is the issuer's key that a token names.
func keyOf(keys []webKey, token *jwt.Token) (*rsa.PublicKey, error) {
	id, _ := token.Header["kid"].(string)
	for _, k := range keys {
		if k.ID != id || k.Type != "RSA" {
			continue
		}
		n, err := base64.RawURLEncoding.DecodeString(k.N)
		if err != nil {
			return nil, err
		}
		e, err := base64.RawURLEncoding.DecodeString(k.E)
		if err != nil {
			return nil, err
		}
		exponent := new(big.Int).SetBytes(e)
		if !exponent.IsInt64() || exponent.Int64() < 2 || exponent.Int64() > 1<<31-1 {
			return nil, errors.New("the exponent of the key is out of range")
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}, nil
	}
	return nil, fmt.Errorf("the issuer publishes no RSA key '%s'", id)
}
