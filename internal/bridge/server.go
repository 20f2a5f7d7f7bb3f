package bridge

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// maxMessage is the size that Pulumi's engine and providers agree on, since state can be large.
const maxMessage = 400 << 20

// Options says which Azure the bridge talks to.
type Options struct {
	// Management and Authority are the base URLs (https) of Azure Resource Manager and of Microsoft Entra ID.
	// Requests go to their hosts only.
	Management, Authority string
	// RootCAs are the certificate authorities to trust; nil stands for the system's.
	RootCAs *x509.CertPool
	// Default is used for what a provider's configuration leaves out, like the ARM_* variables of the official
	// provider.
	Default Credentials
	// Subscriptions lists the subscriptions that may be touched. Any other is refused.
	Subscriptions []string
	// Directory is the folder from which relative paths of assets are read, usually the program's. Empty stands for
	// the process's own.
	Directory string
}

// Credentials identify a service principal and the subscription it works in. All are GUIDs but the secret.
type Credentials struct {
	TenantID, SubscriptionID, ClientID, ClientSecret string
}

// Server is a running bridge.
type Server struct {
	grpc   *grpc.Server
	port   int
	done   chan struct{}
	client *http.Client
	once   sync.Once
}

// Serve starts a bridge on a free port of 127.0.0.1. It stops when ctx ends or Close is called.
func Serve(ctx context.Context, opts Options) (*Server, error) {
	b, err := newBridge(opts)
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("bridge: %w", err)
	}
	s := &Server{
		grpc: grpc.NewServer(
			grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
			grpc.StatsHandler(connections{}),
		),
		port:   listener.Addr().(*net.TCPAddr).Port,
		done:   make(chan struct{}),
		client: b.http,
	}
	pulumirpc.RegisterResourceProviderServer(s.grpc, &provider{bridge: b})
	go func() {
		defer close(s.done)
		_ = s.grpc.Serve(listener) // it returns when the server is stopped
	}()
	context.AfterFunc(ctx, func() { _ = s.Close() })
	return s, nil
}

// Port is the port to put behind "azure-native:" in PULUMI_DEBUG_PROVIDERS.
func (s *Server) Port() int { return s.port }

// Close stops running operations and frees the port. It may be called more than once and never fails.
func (s *Server) Close() error {
	s.once.Do(func() {
		s.grpc.Stop()
		<-s.done
		s.client.CloseIdleConnections()
	})
	return nil
}

// bridge is the state that all connections share.
type bridge struct {
	opts    Options
	http    *http.Client
	allowed map[string]bool // subscriptions, lower case

	mu          sync.Mutex
	credentials map[Credentials]azcore.TokenCredential
}

func newBridge(opts Options) (*bridge, error) {
	hosts := map[string]bool{}
	for name, base := range map[string]string{"Management": opts.Management, "Authority": opts.Authority} {
		u, err := url.Parse(base)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("bridge: Options.%s is %q, must be an https URL", name, base)
		}
		hosts[u.Hostname()] = true
	}
	if len(opts.Subscriptions) == 0 {
		return nil, errors.New("bridge: Options.Subscriptions is empty, so nothing could be served: name the " +
			"subscriptions of the stack")
	}
	allowed := map[string]bool{}
	for _, s := range opts.Subscriptions {
		allowed[strings.ToLower(s)] = true
	}
	return &bridge{
		opts: opts,
		http: &http.Client{Transport: &loopTransport{hosts: hosts, next: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: opts.RootCAs, MinVersion: tls.VersionTLS12},
			// as many requests as the engine usually has in flight, each with a warm connection
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     90 * time.Second,
		}}},
		allowed:     allowed,
		credentials: map[Credentials]azcore.TokenCredential{},
	}, nil
}

// allow refuses a subscription that is not ours, so that a misconfigured stack cannot reach beyond its own.
func (b *bridge) allow(subscription string) error {
	if b.allowed[strings.ToLower(subscription)] {
		return nil
	}
	return fmt.Errorf("subscription %q is not one of this stack's (%s): correct azure-native:subscriptionId or "+
		"ARM_SUBSCRIPTION_ID, "+
		"or add the subscription to the stack's organizations", subscription, strings.Join(b.opts.Subscriptions, ", "))
}

// loopTransport lets requests through only to the hosts of Options.
type loopTransport struct {
	hosts map[string]bool
	next  *http.Transport
}

// foreignHostError says that a request would have left the Azure that the bridge was given.
type foreignHostError struct{ host string }

func (e *foreignHostError) Error() string { return "no request is sent to foreign host " + e.host }

// NonRetriable makes azcore's retry policy give up at once.
func (e *foreignHostError) NonRetriable() {}

func (t *loopTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if host := req.URL.Hostname(); !t.hosts[host] {
		return nil, &foreignHostError{host}
	}
	return t.next.RoundTrip(req)
}

// CloseIdleConnections is called by http.Client.CloseIdleConnections.
func (t *loopTransport) CloseIdleConnections() { t.next.CloseIdleConnections() }

// connections gives every connection a session.
type connections struct{}

type sessionKey struct{}

// TagConn puts a new session into the context that all calls on the connection inherit.
func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	return context.WithValue(ctx, sessionKey{}, newSession())
}

// HandleConn ends the session with its connection.
func (connections) HandleConn(ctx context.Context, s stats.ConnStats) {
	if _, ok := s.(*stats.ConnEnd); ok {
		ctx.Value(sessionKey{}).(*session).close()
	}
}

// TagRPC leaves calls as they are.
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC leaves calls as they are.
func (connections) HandleRPC(context.Context, stats.RPCStats) {}
