package azure

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Limits of a connection. How much a request may carry is up to the handlers, as each service has its own limit.
const (
	maxHeaders     = 64 << 10 // bytes
	headerPatience = 30 * time.Second
	idlePatience   = 2 * time.Minute
	// bodyPatience is how long the server waits for the next part of a body. A large blob may take long as a whole.
	bodyPatience = time.Minute
)

// listen serves h at a port of 127.0.0.1 over TLS until stop is called.
func listen(port int, h http.Handler, tlsConfig *tls.Config) (stop func() error, err error) {
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("port %d, which the embedded Azure of this home folder uses, is taken: stop what "+
			"listens there, or use another home folder: %w", port, err)
	}
	srv := &http.Server{
		Handler: patient(h, bodyPatience), TLSConfig: tlsConfig.Clone(),
		ReadHeaderTimeout: headerPatience, IdleTimeout: idlePatience, MaxHeaderBytes: maxHeaders,
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = srv.ServeTLS(l, "", "") // ends with ErrServerClosed
	}()
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := srv.Shutdown(ctx)
		if err != nil {
			err = srv.Close()
		}
		<-ended // the port is free only then
		return err
	}, nil
}

// patient makes reading a body fail when no part of it has arrived for a time.
func patient(h http.Handler, patience time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body != http.NoBody {
			r.Body = &patientBody{r.Body, http.NewResponseController(w), patience}
		}
		h.ServeHTTP(w, r)
	})
}

// patientBody has a deadline for each read, and none in between: the deadline of http.Server, which is for a whole
// request, would also cut off answers that take long.
type patientBody struct {
	io.ReadCloser
	connection *http.ResponseController
	patience   time.Duration
}

func (b *patientBody) Read(p []byte) (int, error) {
	if err := b.connection.SetReadDeadline(time.Now().Add(b.patience)); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	if clear := b.connection.SetReadDeadline(time.Time{}); err == nil {
		err = clear
	}
	return n, err
}
