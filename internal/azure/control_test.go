package azure_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

func openAt(t *testing.T, dir string) *azure.Azure {
	t.Helper()
	a, err := azure.Open(azure.Options{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Close()) })
	return a
}

func TestTheClockOfAServedHomeIsMovedFromOutside(t *testing.T) {
	dir := t.TempDir()
	openAt(t, dir)
	attached, err := azure.Attach(dir, nil)
	require.NoError(t, err)

	moved, err := attached.Advance(context.Background(), 48*time.Hour)

	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(48*time.Hour), moved.To, time.Minute)
	again, err := attached.Advance(context.Background(), time.Hour)
	require.NoError(t, err)
	require.WithinDuration(t, moved.To, again.From, time.Minute)
	_, err = attached.Advance(context.Background(), -time.Hour)
	require.ErrorContains(t, err, "forward")
}

func TestTheControlEndpointsRefuseWhoHasNotTheHomesSecret(t *testing.T) {
	a := openAt(t, t.TempDir())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs()}}}
	for _, authorization := range []string{"", "Bearer ", "Bearer guess", a.DefaultCredentials().ClientSecret, "Bearer " + a.DefaultCredentials().ClientSecret} {
		req, err := http.NewRequest(http.MethodPost, a.Management()+"/_crossorg/clock", strings.NewReader(`{"advance":"1h"}`))
		require.NoError(t, err)
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		resp, err := client.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
		date, err := http.ParseTime(resp.Header.Get("Date"))
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), date, time.Minute)
	}
}
