package keyvault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// tablePorts holds the port of every vault's endpoint by the vault's lower-case name. A deleted vault keeps it until it
// is purged.
const tablePorts = "keyvault.ports"

// Ports are chosen below the range from which systems hand out ports by themselves, so that they are likely free next
// time.
const (
	lowestPort  = 20000
	highestPort = 31999
)

// Listen makes a handler answer at a port of 127.0.0.1 over TLS, until it is stopped.
type Listen func(port int, h http.Handler) (stop func() error, err error)

// Endpoints gives every vault an endpoint of its own, as on Azure every vault is a host: a port, chosen when the vault
// is created and kept until it is purged. The port is closed while the vault is deleted.
type Endpoints struct {
	listen Listen

	mu      sync.Mutex
	handler http.Handler
	open    map[string]*endpoint // by lower-case vault name
	// next is the port at which the search goes on, taken are the ports to leave out. The port of a purged vault is
	// free again when the home is next opened.
	next  int
	taken map[int]bool
}

// endpoint is the open endpoint of a vault.
type endpoint struct {
	port int
	stop func() error
	// claims counts how often a vault was made or recovered there: a deletion that commits after a later claim leaves
	// the endpoint open.
	claims int
}

// NewEndpoints chooses ports from first on, leaving out the reserved ones. Neighbouring ports keep the endpoints of
// different home folders apart.
func NewEndpoints(listen Listen, first int, reserved ...int) *Endpoints {
	e := &Endpoints{listen: listen, next: first, open: map[string]*endpoint{}, taken: map[int]bool{}}
	for _, port := range reserved {
		e.taken[port] = true
	}
	return e
}

// Open makes the endpoints of the server's vaults answer with h, those of later vaults too.
func (e *Endpoints) Open(s *arm.Server, h http.Handler) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handler = h
	return s.View(func(c *arm.Call) error {
		return c.Tx.Scan(tablePorts, "", func(vault string, raw []byte) error {
			var port int
			if err := json.Unmarshal(raw, &port); err != nil {
				return err
			}
			e.taken[port] = true
			if !c.Tx.Has(tableNames, vault) { // a deleted vault
				return nil
			}
			if err := e.start(vault, port); err != nil {
				return fmt.Errorf("vault %s: %w", vault, err)
			}
			return nil
		})
	})
}

// Close stops listening.
func (e *Endpoints) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	errs := make([]error, 0, len(e.open))
	var mu sync.Mutex
	var stopping sync.WaitGroup
	for _, one := range e.open {
		stopping.Go(func() {
			err := one.stop()
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	stopping.Wait()
	clear(e.open)
	return errors.Join(errs...)
}

// start listens for a vault. Endpoints are locked.
func (e *Endpoints) start(vault string, port int) error {
	stop, err := e.listen(port, At(vault, e.handler))
	if err != nil {
		return err
	}
	e.open[vault] = &endpoint{port: port, stop: stop}
	return nil
}

// claim returns the address of a vault that is being made, updated or recovered, where it listens from now on. If the
// transaction fails after all, the endpoint answers that the vault is missing.
func (e *Endpoints) claim(c *arm.Call, name string) (uri string, _ *arm.Error) {
	vault := strings.ToLower(name)
	var port int
	known, err := c.Tx.Get(tablePorts, vault, &port)
	if err != nil {
		return "", arm.InternalError(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open[vault] == nil {
		if known {
			err = e.start(vault, port)
		} else {
			err = e.choose(vault)
		}
		if err != nil { // Azure has no such error: there, names are not ports
			return "", arm.Conflict("EndpointNotAvailable", "The vault '%s' cannot be reached: %v", name, err)
		}
	}
	one := e.open[vault]
	one.claims++
	if err := c.Tx.Put(tablePorts, vault, one.port); err != nil {
		return "", arm.InternalError(err)
	}
	return fmt.Sprintf("https://127.0.0.1:%d/", one.port), nil
}

// choose listens for a vault at the first port that is free and no other vault's. Endpoints are locked.
func (e *Endpoints) choose(vault string) error {
	var last error
	for range highestPort - lowestPort + 1 {
		port := e.next
		if e.next++; e.next > highestPort {
			e.next = lowestPort
		}
		if e.taken[port] {
			continue
		}
		if last = e.start(vault, port); last == nil {
			e.taken[port] = true
			return nil
		}
	}
	return fmt.Errorf("no port between %d and %d of 127.0.0.1 is free: %w", lowestPort, highestPort, last)
}

// release stops listening for a vault once its deletion is committed.
func (e *Endpoints) release(c *arm.Call, name string) {
	vault := strings.ToLower(name)
	e.mu.Lock()
	defer e.mu.Unlock()
	one := e.open[vault]
	if one == nil {
		return
	}
	claims := one.claims
	c.Tx.AfterCommit(func() {
		e.mu.Lock()
		unclaimed := e.open[vault] == one && one.claims == claims
		if unclaimed {
			delete(e.open, vault)
		}
		e.mu.Unlock()
		if unclaimed {
			_ = one.stop() // requests that were under way have been answered, or are cut off
		}
	})
}

type vaultKey struct{}

// At serves a vault, by its name, with h.
func At(vault string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), vaultKey{}, strings.ToLower(vault))))
	})
}

// vaultAt finds the vault at whose endpoint a request has arrived.
func vaultAt(c *arm.Call, r *http.Request) (*arm.Resource, bool) {
	var id string
	name, _ := r.Context().Value(vaultKey{}).(string)
	if ok, err := c.Tx.Get(tableNames, name, &id); !ok || err != nil {
		return nil, false
	}
	return c.GetByID(id)
}
