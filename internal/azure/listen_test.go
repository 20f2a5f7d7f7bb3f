package azure

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A client that announces a body and sends no more of it is not waited for.
func TestAStalledBodyEndsItsRequest(t *testing.T) {
	read := make(chan error, 1)
	s := httptest.NewServer(patient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.ReadAll(r.Body)
		read <- err
	}), 10*time.Millisecond))
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	_, err = fmt.Fprint(c, "PUT / HTTP/1.1\r\nHost: local\r\nContent-Length: 10\r\n\r\n123")
	require.NoError(t, err)
	require.ErrorIs(t, <-read, os.ErrDeadlineExceeded)
}

// Bodies arrive whole, over both versions of HTTP, and what takes long afterwards is not ended with them.
func TestBodiesArriveWhole(t *testing.T) {
	body := bytes.Repeat([]byte("0123456789"), 100_000)
	for _, two := range []bool{false, true} {
		s := httptest.NewUnstartedServer(patient(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Equal(got, body) || r.Context().Err() != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}), bodyPatience))
		s.EnableHTTP2 = two
		s.StartTLS()
		res, err := s.Client().Post(s.URL, "application/octet-stream", bytes.NewReader(body))
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, http.StatusOK, res.StatusCode)
		require.Equal(t, two, res.ProtoMajor == 2)
		s.Close()
	}
}

// Nobody outside of this machine reaches a listener.
func TestListenersAreOnLoopback(t *testing.T) {
	port, err := freePort()
	require.NoError(t, err)
	stop, err := listen(port, http.NotFoundHandler(), &tls.Config{MinVersion: tls.VersionTLS12})
	require.NoError(t, err)
	defer func() { require.NoError(t, stop()) }()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, a := range addresses {
		ip := a.(*net.IPNet).IP
		if ip.IsLoopback() || ip.IsLinkLocalUnicast() {
			continue
		}
		if c, err := net.DialTimeout("tcp", net.JoinHostPort(ip.String(), fmt.Sprint(port)), time.Second); err == nil {
			_ = c.Close()
			t.Errorf("%s answers at port %d", ip, port)
		}
	}
}

// Headers without end are refused.
func TestHeadersAreBounded(t *testing.T) {
	ca, err := makeAuthority(t.TempDir())
	require.NoError(t, err)
	config, err := ca.serverConfig()
	require.NoError(t, err)
	port, err := freePort()
	require.NoError(t, err)
	stop, err := listen(port, http.NotFoundHandler(), config)
	require.NoError(t, err)
	defer func() { require.NoError(t, stop()) }()
	trusting := &tls.Config{RootCAs: ca.pool(), MinVersion: tls.VersionTLS12}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trusting}}
	defer client.CloseIdleConnections()
	for size, want := range map[int]int{maxHeaders / 2: http.StatusNotFound,
		2 * maxHeaders: http.StatusRequestHeaderFieldsTooLarge} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d/", port),
			nil)
		require.NoError(t, err)
		req.Header.Set("x-ms-meta-long", strings.Repeat("x", size))
		res, err := client.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode)
	}
}
