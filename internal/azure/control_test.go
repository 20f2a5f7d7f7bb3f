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
	"github.com/crossorg/crossorg/internal/azure/faults"
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
	for _, authorization := range []string{"", "Bearer ", "Bearer guess", a.DefaultCredentials().ClientSecret,
		"Bearer " + a.DefaultCredentials().ClientSecret} {
		req, err := http.NewRequest(http.MethodPost, a.Management()+"/_crossorg/clock",
			strings.NewReader(`{"advance":"1h"}`))
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

func TestWhoAttachesLearnsTheLatencyProfile(t *testing.T) {
	dir := t.TempDir()
	a, err := azure.Open(azure.Options{Dir: dir, Latency: azure.Latency{Profile: azure.LatencyAzure, Scale: 0.01}})
	require.NoError(t, err)
	defer a.Close()
	attached, err := azure.Attach(dir, nil)
	require.NoError(t, err)
	latency, err := attached.Latency(context.Background())
	require.NoError(t, err)
	require.Equal(t, 1200*time.Millisecond, latency.RoleDelay(), "a hundredth of two minutes")
}

func TestLatencyProfilesAreChecked(t *testing.T) {
	for _, l := range []azure.Latency{{Profile: "slow"}, {Profile: azure.LatencyAzure, Scale: -1},
		{Profile: azure.LatencyAzure, Scale: 11}} {
		_, err := azure.Open(azure.Options{Dir: t.TempDir(), Latency: l})
		require.ErrorContains(t, err, "must be")
	}
	require.Zero(t, azure.Latency{}.RoleDelay())
	require.Equal(t, 2*time.Minute, azure.Latency{Profile: azure.LatencyAzure}.RoleDelay())
}

func TestFaultsOfAServedHomeAreSetFromOutsideAndKept(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	a, err := azure.Open(azure.Options{Dir: dir,
		Faults: []faults.Rule{{ID: "passing", Kind: faults.InternalError, Method: "PATCH"}}})
	require.NoError(t, err)
	attached, err := azure.Attach(dir, nil)
	require.NoError(t, err)
	added, err := attached.AddFault(ctx, faults.Rule{Kind: faults.Unavailable, Path: "/subscriptions", Count: 2})
	require.NoError(t, err)
	require.NotEmpty(t, added.ID)
	_, err = attached.AddFault(ctx, faults.Rule{Kind: "418"})
	require.ErrorContains(t, err, "418")
	states, err := attached.Faults(ctx)
	require.NoError(t, err)
	require.Len(t, states, 2)

	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs()}}}
	resp, err := client.Get(a.Management() + "/subscriptions?api-version=2022-12-01")
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	client.CloseIdleConnections()
	require.NoError(t, a.Close())

	b := openAt(t, dir)
	states, err = b.Faults(ctx)
	require.NoError(t, err)
	require.Equal(t, []faults.State{{Rule: added, Matched: 1, Fired: 1}}, states,
		"kept with its count; what was given to Open is not")
	attached, err = azure.Attach(dir, nil)
	require.NoError(t, err)
	require.NoError(t, attached.ClearFaults(ctx))
	states, err = b.Faults(ctx)
	require.NoError(t, err)
	require.Empty(t, states)
}
