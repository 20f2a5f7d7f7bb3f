package identity

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// tokenLifetime is how long an access token holds: Entra ID gives app-only tokens 60 to 90 minutes.
// Source: https://learn.microsoft.com/entra/identity-platform/access-tokens#token-lifetime
const tokenLifetime = time.Hour

type signer struct {
	key *rsa.PrivateKey
	kid string
}

// openSigner reads the key that signs tokens, or begins to make one, which takes as long as hundreds of requests: only
// who needs it waits for it.
func (d *Directory) openSigner() error {
	var der []byte
	err := d.st.View(func(tx *store.Tx) error {
		_, err := tx.Get(tableKeys, "rs256", &der)
		return err
	})
	if err != nil {
		return err
	}
	if der != nil {
		parsed, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return err
		}
		made := newSigner(parsed.(*rsa.PrivateKey))
		d.made.Store(made)
		d.signer = func() (*signer, error) { return made, nil }
		return nil
	}
	d.signer = sync.OnceValues(d.makeSigner)
	go func() { _, _ = d.signer() }() // whoever needs it gets the error
	return nil
}

// makeSigner makes a key. It is in the state file before anything is signed with it.
func (d *Directory) makeSigner() (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if err := d.st.Update(func(tx *store.Tx) error { return tx.Put(tableKeys, "rs256", der) }); err != nil {
		return nil, err
	}
	made := newSigner(key)
	d.made.Store(made)
	return made, nil
}

func newSigner(key *rsa.PrivateKey) *signer {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return &signer{key: key, kid: base64.RawURLEncoding.EncodeToString(sum[:12])}
}

// claims are the parts of an app-only access token that Azure's services look at.
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
type claims struct {
	jwt.RegisteredClaims
	ObjectID string `json:"oid"`
	TenantID string `json:"tid"`
	AppID    string `json:"appid"`
	IDType   string `json:"idtyp"`
	Version  string `json:"ver"`
}

// issuerFor is the v1 issuer that ARM's messages name, on this directory's own host.
func (d *Directory) issuerFor(tenant string) string { return d.issuer + "/" + tenant + "/" }

// Issue makes an access token for a principal and an audience.
func (d *Directory) Issue(p Principal, audience string) (string, time.Time, error) {
	signer, err := d.signer()
	if err != nil {
		return "", time.Time{}, err
	}
	now := d.now()
	expires := now.Add(tokenLifetime)
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: d.issuerFor(p.TenantID), Subject: p.ObjectID, Audience: jwt.ClaimStrings{audience},
			ID:       uuid.NewString(),
			IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-5 * time.Minute)),
			ExpiresAt: jwt.NewNumericDate(expires),
		},
		ObjectID: p.ObjectID, TenantID: p.TenantID, AppID: p.ClientID, IDType: "app", Version: "1.0",
	})
	t.Header["kid"] = signer.kid
	s, err := t.SignedString(signer.key)
	return s, expires, err
}

// Errors of Verify.
var (
	ErrTokenInvalid  = errors.New("the access token is invalid")
	ErrTokenExpired  = errors.New("the access token has expired")
	ErrTokenAudience = errors.New("the access token is for another audience")
)

// Verify checks signature, time and audience (one of audiences, trailing slash ignored) and returns the principal of
// the token.
func (d *Directory) Verify(tx *store.Tx, token string, audiences ...string) (Principal, error) {
	c, err := d.claimsOf(token)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return Principal{}, ErrTokenExpired
	case err != nil || c.Issuer != d.issuerFor(c.TenantID):
		return Principal{}, ErrTokenInvalid
	}
	for _, got := range c.Audience {
		for _, want := range audiences {
			if strings.EqualFold(strings.TrimSuffix(got, "/"), strings.TrimSuffix(want, "/")) {
				p, ok := d.Principal(tx, c.ObjectID)
				if !ok {
					return Principal{}, ErrTokenInvalid
				}
				return p, nil
			}
		}
	}
	return Principal{}, ErrTokenAudience
}

// Claimed is whom a token names, verified or not: for logs of refused requests, never for a decision. It is nobody when
// the token cannot be read.
func Claimed(token string) Principal {
	var c claims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &c); err != nil {
		return Principal{}
	}
	return Principal{ObjectID: c.ObjectID, TenantID: c.TenantID, ClientID: c.AppID}
}

// proven remembers tokens whose signature was right, since a client shows the same one with each of its requests.
type proven struct {
	mu     sync.Mutex
	claims map[[sha256.Size]byte]claims
}

// maxProven bounds the memory; a client has a token an hour.
const maxProven = 1024

// claimsOf checks a token's signature and time.
func (d *Directory) claimsOf(token string) (claims, error) {
	sum := sha256.Sum256([]byte(token))
	d.proven.mu.Lock()
	c, known := d.proven.claims[sum]
	d.proven.mu.Unlock()
	if known {
		return c, jwt.NewValidator(jwt.WithTimeFunc(d.now), jwt.WithExpirationRequired()).Validate(c)
	}
	// Tokens are checked within transactions, where one must not wait for another transaction. Nothing has been signed
	// with a key that is not there yet.
	signer := d.made.Load()
	if signer == nil {
		return claims{}, ErrTokenInvalid
	}
	_, err := jwt.ParseWithClaims(token, &c,
		func(*jwt.Token) (any, error) { return crypto.PublicKey(&signer.key.PublicKey), nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(d.now), jwt.WithExpirationRequired())
	if err != nil {
		return claims{}, err
	}
	d.proven.mu.Lock()
	defer d.proven.mu.Unlock()
	if d.proven.claims == nil || len(d.proven.claims) >= maxProven {
		d.proven.claims = map[[sha256.Size]byte]claims{}
	}
	d.proven.claims[sum] = c
	return c, nil
}

func (d *Directory) metadata(w http.ResponseWriter, r *http.Request) {
	tenant := r.PathValue("tenant")
	base := d.issuer + "/" + tenant
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                d.issuerFor(tenant),
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "client_secret_basic"},
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid"},
		"tenant_region_scope":                   nil,
		"cloud_instance_name":                   "127.0.0.1",
	})
}

func (d *Directory) keys(w http.ResponseWriter, _ *http.Request) {
	signer, err := d.signer()
	if err != nil {
		tokenError(w, http.StatusInternalServerError, "server_error", "the signing key could not be made")
		return
	}
	pub := signer.key.PublicKey
	writeJSON(w, http.StatusOK, map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": signer.kid,
		"n": base64.RawURLEncoding.EncodeToString(pub.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(pub.E)).Bytes()),
	}}})
}

func tokenError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]any{"error": code, "error_description": description,
		"correlation_id": uuid.NewString()})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a client that went away is not an error of ours
}
