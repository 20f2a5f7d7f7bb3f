package identity

import (
	"crypto"
	"crypto/sha256"
	"errors"
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

// issuerFor is the v1 issuer in ARM's messages, on this directory's own host.
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

// Claimed is the principal in a token, verified or not. It is for logs of refused requests, never for a decision. An
// unreadable token gives the zero Principal.
func Claimed(token string) Principal {
	var c claims
	if _, _, err := jwt.NewParser().ParseUnverified(token, &c); err != nil {
		return Principal{}
	}
	return Principal{ObjectID: c.ObjectID, TenantID: c.TenantID, ClientID: c.AppID}
}

// proven keeps tokens with a verified signature, because clients send the same token with each request.
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
	// Tokens are checked within transactions, which must not wait for the transaction that stores the key. A token
	// cannot be valid before the key exists.
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
