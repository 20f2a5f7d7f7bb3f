package arm

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/crossorg/crossorg/internal/azure/clock"
	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// Endpoints are the base URLs of the embedded Azure, without a trailing slash.
type Endpoints struct {
	// Management is ARM's, Blob that of the blob data plane (accounts are the first path segment). Vaults have
	// endpoints of their own.
	Management, Blob string
}

// Options make a Server.
type Options struct {
	Store     *store.Store
	Directory *identity.Directory
	Providers []*Provider
	Endpoints Endpoints
	// Latency is how long operations take; the zero value lets them end at once.
	Latency Latency
	// Throttle refuses requests beyond the published limits with 429. Without it requests are only counted.
	Throttle bool
	// Faults are the rules for injected failures; nil has none.
	Faults *faults.Set
	// Log receives the request log as JSON lines; nil keeps none.
	Log io.Writer
	// Clock is the time; nil is the state file's own clock, over Now.
	Clock *clock.Clock
	// CatchUp holds the clock at the first job that came due while nothing ran, until Server.CatchUp.
	CatchUp bool
	// Now is the machine's clock below the state file's; nil is the real one. Tests set it.
	Now func() time.Time
}

// Server is the control plane. Close it before the store.
type Server struct {
	st        *store.Store
	directory *identity.Directory
	table     *routingTable
	endpoints Endpoints
	log       *requestLog
	latency   Latency
	throttle  *throttle
	faults    *faults.Set
	clock     *clock.Clock
	now       func() time.Time
	jobs      jobBoard
	advancing sync.Mutex

	ctx    context.Context
	cancel context.CancelFunc
	wake   chan struct{}
	done   sync.WaitGroup
}

// NewServer makes a control plane over the providers and starts its job runner. It fails when two providers serve the
// same type or path, and when a route declares no audience.
func NewServer(o Options) (*Server, error) {
	table, err := newRoutingTable(o.Providers)
	if err != nil {
		return nil, err
	}
	s := &Server{
		st: o.Store, directory: o.Directory, table: table, endpoints: o.Endpoints, clock: o.Clock, latency: o.Latency,
		faults: o.Faults, throttle: newThrottle(o.Throttle, o.Latency.Scale), log: newRequestLog(o.Log),
		wake: make(chan struct{}, 1), jobs: jobBoard{running: map[string]bool{}, changed: make(chan struct{})},
	}
	if s.clock == nil {
		if s.clock, err = clock.New(o.Store, o.Now); err != nil {
			return nil, err
		}
	}
	s.now = s.clock.Now
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if o.CatchUp {
		if err := s.hold(); err != nil {
			return nil, err
		}
	}
	s.done.Add(1)
	go s.runJobs()
	return s, nil
}

// Close stops the job runner and waits for jobs in progress. The next Server on the same store runs the remaining jobs.
func (s *Server) Close() {
	s.cancel()
	s.done.Wait()
}

// Now is the time on the embedded Azure's clock.
func (s *Server) Now() time.Time { return s.now().UTC() }

// Wake lets the job runner look for due jobs at once: call it after the clock was moved by other means than Advance.
func (s *Server) Wake() { s.signal() }

// Endpoints returns the base URLs.
func (s *Server) Endpoints() Endpoints { return s.endpoints }

// Directory returns the directory that the server authenticates against.
func (s *Server) Directory() *identity.Directory { return s.directory }

// View gives fn a consistent reading view on the resources.
func (s *Server) View(fn func(c *Call) error) error {
	return s.st.View(func(tx *store.Tx) error { return fn(s.systemCall(tx)) })
}

// Update lets fn change resources in one durable transaction.
func (s *Server) Update(fn func(c *Call) error) error {
	var enqueued bool
	err := s.st.Update(func(tx *store.Tx) error {
		c := s.systemCall(tx)
		err := fn(c)
		enqueued = c.enqueued
		return err
	})
	if err == nil && enqueued {
		s.signal()
	}
	return err
}

func (s *Server) systemCall(tx *store.Tx) *Call {
	return &Call{Context: s.ctx, Server: s, Tx: tx, Now: s.now().UTC(), Caller: identity.Principal{Name: "Azure"}}
}

// Providers are the resource providers in the order of their namespaces, with the types of each.
func (s *Server) Providers() []*Provider { return s.table.namespaces() }

// Provider finds a resource provider by its namespace, in any letter case.
func (s *Server) Provider(namespace string) (*Provider, bool) {
	p, ok := s.table.providers[strings.ToLower(namespace)]
	return p, ok
}

func (s *Server) lookup(fullType string) *Type { return s.table.types[strings.ToLower(fullType)] }
