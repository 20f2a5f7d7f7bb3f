// Package identity is the embedded Azure's Microsoft Entra ID and the evaluation of role assignments: tenants with
// their subscriptions, service principals and managed identities, access tokens, and which principal may do what where.
package identity

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	tableSubscriptions = "subscriptions"
	tablePrincipals    = "principals"
	tableClients       = "clients"
	tableKeys          = "signingKeys"
)

// Principal is a security principal: a service principal that signs in, or a resource's managed identity.
type Principal struct {
	TenantID string `json:"tenantId"`
	// ObjectID is the id in role assignments. ClientID is the id that signs in (the application id).
	ObjectID string `json:"objectId"`
	ClientID string `json:"clientId"`
	// Name is a display name; for managed identities the resource id.
	Name string `json:"name"`
	// Managed marks a managed identity, which has no secret to sign in with.
	Managed bool `json:"managed,omitempty"`
	// SecretHash is the SHA-256 of the client secret, base64.
	SecretHash string `json:"secretHash,omitempty"`
}

// Subscription belongs to one tenant.
type Subscription struct {
	ID       string `json:"id"`
	TenantID string `json:"tenantId"`
	Name     string `json:"name"`
}

// Directory keeps principals and assignments in the state file.
type Directory struct {
	st     *store.Store
	issuer string
	now    func() time.Time
	// signer waits for the signing key; made is the key once it exists.
	signer func() (*signer, error)
	made   atomic.Pointer[signer]
	delay  time.Duration
	proven proven
	// issuers reads the documents of the issuers in federated credentials; nil reads none.
	issuers *http.Client

	subscriptions store.Memo[Subscription]
	principals    store.Memo[Principal]
}

// NewDirectory opens the directory; issuer is the base URL that tokens name as their issuer. The signing key is made on
// first use and kept in the state file.
func NewDirectory(st *store.Store, issuer string, now func() time.Time) (*Directory, error) {
	d := &Directory{st: st, issuer: strings.TrimSuffix(issuer, "/"), now: now}
	if err := d.openSigner(); err != nil {
		return nil, fmt.Errorf("open directory: %w", err)
	}
	return d, nil
}

// AddSubscription registers a subscription with its tenant; naming it again is no error while the tenant stays the
// same.
func (d *Directory) AddSubscription(tx *store.Tx, s Subscription) error {
	var old Subscription
	ok, err := tx.Get(tableSubscriptions, strings.ToLower(s.ID), &old)
	if err != nil {
		return err
	}
	if ok {
		if !strings.EqualFold(old.TenantID, s.TenantID) {
			return fmt.Errorf("subscription %s belongs to tenant %s, not to %s", s.ID, old.TenantID, s.TenantID)
		}
		return nil
	}
	return tx.Put(tableSubscriptions, strings.ToLower(s.ID), s)
}

// RemoveSubscription forgets a subscription and the role assignments in it.
func (d *Directory) RemoveSubscription(tx *store.Tx, id string) error {
	scope := "/subscriptions/" + strings.ToLower(id)
	var inside []Assignment
	err := tx.Scan(tableAssignments, "", func(_ string, raw []byte) error {
		var a Assignment
		if err := json.Unmarshal(raw, &a); err != nil {
			return err
		}
		if at := strings.ToLower(a.Scope); at == scope || strings.HasPrefix(at, scope+"/") {
			inside = append(inside, a)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range inside {
		if err := d.Unassign(tx, a); err != nil {
			return err
		}
	}
	return tx.Delete(tableSubscriptions, strings.ToLower(id))
}

// Subscription finds a subscription.
func (d *Directory) Subscription(tx *store.Tx, id string) (Subscription, bool) {
	s, ok, err := d.subscriptions.Get(tx, tableSubscriptions, strings.ToLower(id))
	return s, ok && err == nil
}

// Subscriptions lists all subscriptions in id order.
func (d *Directory) Subscriptions(tx *store.Tx) ([]Subscription, error) {
	var out []Subscription
	err := tx.Scan(tableSubscriptions, "", func(_ string, raw []byte) error {
		var s Subscription
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		out = append(out, s)
		return nil
	})
	return out, err
}

// AddServicePrincipal registers an application in a tenant with its client secret, or replaces its secret.
func (d *Directory) AddServicePrincipal(tx *store.Tx, tenantID, clientID, name, secret string) (Principal, error) {
	p, ok := d.Client(tx, tenantID, clientID)
	if !ok {
		p = Principal{TenantID: tenantID, ClientID: clientID, ObjectID: uuid.NewString(), Name: name}
	}
	p.SecretHash = hash(secret)
	return p, d.put(tx, p)
}

// CreateManagedIdentity makes the principal of a managed identity in the tenant of its subscription: of a resource's
// system-assigned one, or of a user-assigned one. resourceID is that resource's or the identity's own.
func (d *Directory) CreateManagedIdentity(tx *store.Tx, subscription, resourceID string) (Principal, error) {
	s, ok := d.Subscription(tx, subscription)
	if !ok {
		return Principal{}, fmt.Errorf("unknown subscription %s", subscription)
	}
	p := Principal{
		TenantID: s.TenantID, ClientID: uuid.NewString(), ObjectID: uuid.NewString(),
		Name: resourceID, Managed: true,
	}
	return p, d.put(tx, p)
}

// Principal finds a principal by object id.
func (d *Directory) Principal(tx *store.Tx, objectID string) (Principal, bool) {
	p, ok, err := d.principals.Get(tx, tablePrincipals, strings.ToLower(objectID))
	return p, ok && err == nil
}

// RemovePrincipal forgets a principal, as Azure does with a deleted resource's identity. Its tokens become invalid.
func (d *Directory) RemovePrincipal(tx *store.Tx, objectID string) error {
	return tx.Delete(tablePrincipals, strings.ToLower(objectID))
}

func (d *Directory) put(tx *store.Tx, p Principal) error {
	if err := tx.Put(tablePrincipals, strings.ToLower(p.ObjectID), p); err != nil {
		return err
	}
	return tx.Put(tableClients, clientKey(p.TenantID, p.ClientID), p.ObjectID)
}

// Client finds the principal that signs in to a tenant as clientID.
func (d *Directory) Client(tx *store.Tx, tenantID, clientID string) (Principal, bool) {
	var objectID string
	if ok, err := tx.Get(tableClients, clientKey(tenantID, clientID), &objectID); !ok || err != nil {
		return Principal{}, false
	}
	return d.Principal(tx, objectID)
}

// onlyClient finds the principal that signs in as clientID when no tenant is named. A client of several tenants is not
// found.
func (d *Directory) onlyClient(tx *store.Tx, clientID string) (p Principal, found bool, err error) {
	all, err := d.Principals(tx, "")
	for _, one := range all {
		if strings.EqualFold(one.ClientID, clientID) {
			if found {
				return Principal{}, false, nil
			}
			p, found = one, true
		}
	}
	return p, found, err
}

// Principals lists the principals of a tenant, or of all tenants when it is empty, in the order of their object ids.
func (d *Directory) Principals(tx *store.Tx, tenantID string) ([]Principal, error) {
	var out []Principal
	err := tx.Scan(tablePrincipals, "", func(_ string, raw []byte) error {
		var p Principal
		if err := json.Unmarshal(raw, &p); err != nil {
			return err
		}
		if tenantID == "" || strings.EqualFold(p.TenantID, tenantID) {
			out = append(out, p)
		}
		return nil
	})
	return out, err
}

func (d *Directory) checkSecret(p Principal, secret string) bool {
	return !p.Managed && p.SecretHash != "" && subtle.ConstantTimeCompare([]byte(p.SecretHash),
		[]byte(hash(secret))) == 1
}

func clientKey(tenant, client string) string { return strings.ToLower(tenant + "|" + client) }

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.StdEncoding.EncodeToString(sum[:])
}
