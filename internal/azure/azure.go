// Package azure is the embedded Azure as a whole: it opens a home folder, puts the resource providers behind the
// control plane and the blob service, and listens on loopback over TLS.
package azure

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// ErrInUse means that another process has the folder open; Attach reaches it.
var ErrInUse = errors.New("the embedded Azure of this home folder is in use by another process")

// ErrDamaged is the kind of an error that says that a file of the folder is not as it was written. Nothing was changed.
var ErrDamaged = store.ErrDamaged

// Damage is such an error, with the file and what is wrong with it.
type Damage = store.Damage

// Options open an embedded Azure.
type Options struct {
	// Dir keeps its state (made with mode 0700).
	Dir string
	// ArmLog is the file that the request log is appended to; "" keeps none.
	ArmLog string
	// Notes gets a line for every damage that is met while it is open; nil gets none.
	Notes io.Writer
	// Declared are the estates that the stack names beside the default one.
	Declared []Declared
	// Latency is how long things take; the zero value is LatencyNone.
	Latency Latency
	// Callers is the address that storage accounts' network rules take all callers to have. Without one, callers pass
	// them: they stand for an operator whose address is admitted.
	Callers netip.Addr
	// Faults are failures that are asked for while it is open, beside the rules that the folder keeps.
	Faults []faults.Rule
}

// Azure is an embedded Azure, in this process or (after Attach) in another.
type Azure struct {
	dir      string
	estate   *estate
	ca       *authority
	server   *arm.Server // nil after Attach
	latency  Latency
	faultSet *faults.Set // nil after Attach
	// thumbprint is that of the certificate at the management endpoint; "" after Attach.
	thumbprint string
	close      func() error
}

// Attach reaches the embedded Azure that another process serves from the folder. It fails when an estate that the stack
// declares is unknown there.
func Attach(dir string, declared []Declared) (*Azure, error) {
	est, err := readEstate(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no embedded Azure in %s", dir)
	}
	if err != nil {
		return nil, err
	}
	ca, err := loadAuthority(dir, true)
	if err != nil {
		return nil, err
	}
	for _, d := range declared {
		if est.declare(d) {
			return nil, fmt.Errorf("the embedded Azure that is being served does not know tenant %q, subscription "+
				"%q, client %q of this stack: stop it and serve it again with this stack", d.TenantID, d.SubscriptionID,
				d.ClientID)
		}
	}
	return &Azure{dir: dir, estate: est, ca: ca, close: func() error { return nil }}, nil
}

// Close stops listening and releases the folder.
func (a *Azure) Close() error { return a.close() }

// Management is the base URL of Azure Resource Manager.
func (a *Azure) Management() string { return a.estate.management() }

// Authority is the base URL of the sign-in endpoints; a tenant's authority is below it.
func (a *Azure) Authority() string { return a.estate.management() }

// Blob is the base URL of the blob service; an account's is below it.
func (a *Azure) Blob() string { return a.estate.blob() }

// RootCAs trusts the certificates of the endpoints.
func (a *Azure) RootCAs() *x509.CertPool { return a.ca.pool() }

// CAFile is where the certificate authority's certificate lies (PEM).
func (a *Azure) CAFile() string { return filepath.Join(a.dir, caFile) }

// DefaultCredentials are those of the default tenant and subscription.
func (a *Azure) DefaultCredentials() Credentials { return a.estate.Default }

// Credentials finds those of a client in a tenant; empty arguments mean the default ones.
func (a *Azure) Credentials(tenantID, clientID string) (Credentials, error) {
	for _, c := range a.estate.all() {
		if (tenantID == "" || strings.EqualFold(c.TenantID, tenantID)) &&
			(clientID == "" || strings.EqualFold(c.ClientID, clientID)) {
			return c, nil
		}
	}
	return Credentials{}, fmt.Errorf("the embedded Azure knows no client %q in tenant %q", clientID, tenantID)
}

// ObjectID is what role assignments call the principal that signs in with the credentials; "" after Attach.
func (a *Azure) ObjectID(of Credentials) (id string) {
	if a.server == nil {
		return ""
	}
	// A principal that cannot be read has no object id either.
	_ = a.server.View(func(c *arm.Call) error {
		p, _ := a.server.Directory().Client(c.Tx, of.TenantID, of.ClientID)
		id = p.ObjectID
		return nil
	})
	return id
}

// Subscriptions lists every subscription that it has.
func (a *Azure) Subscriptions() []string {
	seen := map[string]bool{}
	var out []string
	for _, c := range a.estate.all() {
		if k := strings.ToLower(c.SubscriptionID); !seen[k] {
			seen[k] = true
			out = append(out, c.SubscriptionID)
		}
	}
	return out
}
