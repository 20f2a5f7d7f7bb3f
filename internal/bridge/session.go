package bridge

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// session is one provider instance: a connection and what was configured on it.
type session struct {
	ctx  context.Context // ends with Cancel or the connection
	stop context.CancelFunc

	mu        sync.Mutex
	config    map[string]string
	creds     Credentials
	client    *client // nil before Configure
	locations map[string]string
	engine    *grpc.ClientConn
}

func newSession() *session {
	ctx, stop := context.WithCancel(context.Background())
	return &session{ctx: ctx, stop: stop, locations: map[string]string{}}
}

// sessionOf returns the session of the connection a call came on.
func sessionOf(ctx context.Context) *session { return ctx.Value(sessionKey{}).(*session) }

// configured returns the client and the subscription, or an error before Configure.
func (s *session) configured() (*client, Credentials, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return nil, Credentials{}, errors.New("the azure-native provider is not configured")
	}
	return s.client, s.creds, nil
}

// setting is a value of the provider's configuration.
func (s *session) setting(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config[name]
}

// defaultTimeout is how long an operation may take when the resource has no custom timeout.
const defaultTimeout = 2 * time.Hour

// operation bounds a call by the resource's timeout in seconds and by the session.
func (s *session) operation(ctx context.Context, seconds float64) (context.Context, context.CancelFunc) {
	timeout := defaultTimeout
	if seconds > 0 {
		timeout = time.Duration(seconds * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	unlink := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { unlink(); cancel() }
}

// attach remembers where the engine listens, for its log.
func (s *session) attach(address string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine != nil {
		_ = s.engine.Close()
	}
	s.engine = conn
	return nil
}

// warn shows a line at a resource, if the engine sent the address of its log.
func (s *session) warn(ctx context.Context, urn, message string) {
	s.mu.Lock()
	conn := s.engine
	s.mu.Unlock()
	if conn == nil {
		return
	}
	// A lost line is no reason to fail an operation that succeeded.
	_, _ = pulumirpc.NewEngineClient(conn).Log(ctx, &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_WARNING, Urn: urn, Message: strings.ToValidUTF8(message, "?"),
	})
}

func (s *session) close() {
	s.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine != nil {
		_ = s.engine.Close()
		s.engine = nil
	}
}
