package azure

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/keyvault"
	"github.com/crossorg/crossorg/internal/azure/roles"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// parts are what an embedded Azure is made of, in the order in which Open makes them.
type parts struct {
	options Options
	closers []func() error
	store   *store.Store
	// established says that the folder had a state before, so that its other files must be there.
	established bool
	estate      *estate
	ca          *authority
	tls         *tls.Config
	clock       *clock.Clock
	directory   *identity.Directory
	content     *blob.Content
	faultSet    *faults.Set
	log         io.Writer // of requests; nil without one
	vaults      *keyvault.Endpoints
	server      *arm.Server
}

// Open starts the embedded Azure of a folder. It returns ErrInUse when another process has it open.
func Open(o Options) (a *Azure, err error) {
	if err := o.Latency.Check(); err != nil {
		return nil, err
	}
	p := &parts{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	steps := []func() error{
		p.openState, p.loadEstate, p.loadAuthority, p.openDirectory, p.openContent, p.openFaults, p.openLog,
		p.startControlPlane, p.listen, p.openVaults,
		p.catchUp, // after the endpoints, which jobs reach out to
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &Azure{dir: o.Dir, estate: p.estate, ca: p.ca, server: p.server, latency: o.Latency, faultSet: p.faultSet,
		thumbprint: thumbprint(p.tls), close: p.close}, nil
}

// onClose adds what closes a part. Parts are closed in the opposite order of their opening.
func (p *parts) onClose(closer func() error) { p.closers = append(p.closers, closer) }

func (p *parts) close() error {
	var errs []error
	for _, closer := range slices.Backward(p.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

const (
	stateFile  = "state.db"
	blobFolder = "blobs"
)

// openState locks the folder. A folder that had a state and has none now is damaged.
func (p *parts) openState() (err error) {
	if err := os.MkdirAll(p.options.Dir, 0o700); err != nil {
		return err
	}
	if err := stateIsThere(p.options.Dir); err != nil {
		return err
	}
	p.store, err = store.Open(filepath.Join(p.options.Dir, stateFile))
	if errors.Is(err, store.ErrLocked) {
		return ErrInUse
	}
	if err != nil {
		return err
	}
	p.onClose(p.store.Close)
	return p.store.View(func(tx *store.Tx) error {
		tables, err := tx.Tables()
		p.established = len(tables) > 0
		return err
	})
}

// stateIsThere finds out whether a state that has no seal, of an earlier version, is missing: the estate is made after
// it. The store itself finds out whether one with a seal is.
func stateIsThere(dir string) error {
	path := filepath.Join(dir, stateFile)
	if !there(filepath.Join(dir, estateFile)) || there(store.SealPath(path)) {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &store.Damage{File: path, What: "it is missing"}
	case err == nil && info.Size() == 0:
		return &store.Damage{File: path, What: "it is empty"}
	}
	return err
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// loadEstate reads the folder's estate and adds the stack's declarations.
func (p *parts) loadEstate() (err error) {
	if p.estate, err = loadEstate(p.options.Dir, p.established); err != nil {
		return err
	}
	changed := p.estate.Check == "" // written by a version without
	for _, d := range p.options.Declared {
		moved, err := p.makeRoom(d)
		if err != nil {
			return err
		}
		changed = p.estate.declare(d) || moved || changed
	}
	if !changed {
		return nil
	}
	return p.estate.save(p.options.Dir)
}

// loadAuthority reads the certificate authority of the endpoints.
func (p *parts) loadAuthority() (err error) {
	if p.ca, err = loadAuthority(p.options.Dir, p.established); err != nil {
		return err
	}
	p.tls, err = p.ca.serverConfig()
	return err
}

// openDirectory starts the clock and the directory, and makes every estate known to it.
func (p *parts) openDirectory() (err error) {
	if p.clock, err = clock.New(p.store, nil); err != nil {
		return err
	}
	if p.directory, err = identity.NewDirectory(p.store, p.estate.management(), p.clock.Now); err != nil {
		return err
	}
	if err := p.store.Update(func(tx *store.Tx) error {
		tx.MakesRoom() // a home on a full disk can be opened, so that something can be deleted there
		return seed(tx, p.directory, p.estate)
	}); err != nil {
		return err
	}
	p.directory.DelayAssignments(p.options.Latency.RoleDelay()) // the deployers' own, above, are in effect at once
	issuers, err := issuerClient(p.ca)
	p.directory.FetchIssuersWith(issuers)
	return err
}

// seed makes the directory know every estate: its subscription, and its principal as Owner of it.
func seed(tx *store.Tx, dir *identity.Directory, est *estate) error {
	for _, c := range est.all() {
		name := "local " + c.SubscriptionID[:min(8, len(c.SubscriptionID))]
		subscription := identity.Subscription{ID: c.SubscriptionID, TenantID: c.TenantID, Name: name}
		known, found := dir.Subscription(tx, c.SubscriptionID)
		if found && !strings.EqualFold(known.TenantID, c.TenantID) && !holdsResources(tx, c.SubscriptionID) {
			if err := dir.RemoveSubscription(tx, c.SubscriptionID); err != nil {
				return err
			}
		}
		if err := dir.AddSubscription(tx, subscription); err != nil {
			return err
		}
		p, err := dir.AddServicePrincipal(tx, c.TenantID, c.ClientID, "deployer", c.ClientSecret)
		if err != nil {
			return err
		}
		scope := "/subscriptions/" + c.SubscriptionID
		owner := identity.Assignment{
			ID: scope + "/owner/" + p.ObjectID, PrincipalID: p.ObjectID, RoleID: roles.Owner, Scope: scope,
		}
		if err := dir.Assign(tx, owner); err != nil {
			return err
		}
	}
	return nil
}

func (p *parts) openContent() (err error) {
	if p.content, err = blob.NewContent(p.store, filepath.Join(p.options.Dir, blobFolder)); err != nil {
		return err
	}
	p.content.ReportDamage(p.reportDamage)
	p.onClose(p.content.Close)
	return nil
}

// reportDamage names damage where people look: in the notes, and in the request log beside the request that met it.
func (p *parts) reportDamage(damage error) {
	if p.options.Notes != nil {
		fmt.Fprintf(p.options.Notes, "damage: %s\n", damage)
	}
	if p.log == nil {
		return
	}
	line, err := json.Marshal(map[string]string{
		"time": p.clock.Now().UTC().Format(time.RFC3339Nano), "damage": damage.Error()})
	if err == nil {
		_, _ = p.log.Write(append(line, '\n')) // as with requests, a full disk must not stop the answer
	}
}

func (p *parts) openFaults() (err error) {
	p.faultSet, err = faults.Open(p.store, p.options.Faults...)
	return err
}

func (p *parts) openLog() error {
	if p.options.ArmLog == "" {
		return nil
	}
	f, err := os.OpenFile(p.options.ArmLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("request log: %w", err)
	}
	p.onClose(f.Close)
	p.log = f
	return nil
}

// startControlPlane starts the control plane over all resource providers. It answers nobody yet.
func (p *parts) startControlPlane() (err error) {
	p.vaults = keyvault.NewEndpoints(func(port int, h http.Handler) (func() error, error) {
		return listen(port, h, p.tls)
	}, p.estate.VaultPort, p.estate.ManagementPort, p.estate.BlobPort)
	latency := p.options.Latency
	p.server, err = arm.NewServer(arm.Options{
		Store: p.store, Directory: p.directory, Clock: p.clock, CatchUp: true, Faults: p.faultSet, Log: p.log,
		Endpoints: arm.Endpoints{Management: p.estate.management(), Blob: p.estate.blob()},
		Latency:   arm.Latency{Scale: latency.factor()}, Throttle: latency.Profile == LatencyAzure,
		Providers: providers(p.directory, p.content, p.vaults, p.packageClient(), latency),
	})
	if err != nil {
		return err
	}
	p.onClose(func() error { p.server.Close(); return nil })
	return nil
}

// packageClient fetches application packages from URLs, the embedded Azure's own among them.
func (p *parts) packageClient() *http.Client {
	return &http.Client{Timeout: time.Minute,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: p.ca.pool(), MinVersion: tls.VersionTLS12}}}
}

// listen opens the endpoints whose ports are the folder's own.
func (p *parts) listen() error {
	for _, endpoint := range []struct {
		port    int
		handler http.Handler
	}{{p.estate.ManagementPort, p.management()}, {p.estate.BlobPort, p.blobs()}} {
		stop, err := listen(endpoint.port, endpoint.handler, p.tls)
		if err != nil {
			return err
		}
		p.onClose(stop)
	}
	return nil
}

// openVaults opens the endpoints of the vaults that stand.
func (p *parts) openVaults() error {
	p.onClose(p.vaults.Close)
	return p.vaults.Open(p.server, p.vaultData())
}

func (p *parts) catchUp() error { return p.server.CatchUp(context.Background()) }
