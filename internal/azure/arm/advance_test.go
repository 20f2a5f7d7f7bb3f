package arm_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/resources"
)

// ticking is a provider with an hourly job. It records the times of the runs.
type ticking struct {
	mu   sync.Mutex
	seen []time.Time
}

func (k *ticking) provider() *arm.Provider {
	again := func(c *arm.Call, id arm.ID, at time.Time) *arm.Error {
		return c.EnqueueDetached(id, "tick", at.Add(time.Hour), nil)
	}
	return &arm.Provider{Namespace: "Microsoft.OperationalInsights", Types: []*arm.Type{{
		Name: workspaceType,
		Put:  func(c *arm.Call, w *arm.Write) *arm.Error { return again(c, w.New.ID, c.Now) },
		Jobs: map[string]arm.Job{"tick": func(_ context.Context, s *arm.Server, r *arm.Resource,
			_ map[string]any) *arm.Error {
			err := s.Update(func(c *arm.Call) error {
				k.mu.Lock()
				defer k.mu.Unlock()
				k.seen = append(k.seen, c.Now)
				if err := again(c, r.ID, c.Now); err != nil {
					return err
				}
				return nil
			})
			if err != nil {
				return arm.InternalError(err)
			}
			return nil
		}},
	}}}
}

func TestAdvanceRunsEachJobAtItsOwnTimeAndInOrder(t *testing.T) {
	k := &ticking{}
	c := newCloudOf(t, these(resources.New(), k.provider()))
	require.Equal(t, http.StatusCreated, c.put(group, groupVersion, map[string]any{"location": "westeurope"}).Status)
	began := c.Server().Now()
	for _, name := range []string{"logs", "logs2"} {
		require.Equal(t, http.StatusCreated, c.put(group+"/providers/"+workspaceType+"/"+name, workspaceVersion,
			map[string]any{"location": "westeurope"}).Status)
	}

	moved, err := c.Server().Advance(context.Background(), 5*time.Hour+30*time.Minute)

	require.NoError(t, err)
	require.Len(t, moved.Ran, 10)
	require.Len(t, k.seen, 10)
	for i, at := range k.seen {
		hour := time.Duration(i/2+1) * time.Hour
		require.WithinDuration(t, began.Add(hour), at, 20*time.Second, "tick %d", i)
		if i > 0 {
			require.False(t, at.Before(k.seen[i-1]))
			require.False(t, moved.Ran[i].Due.Before(moved.Ran[i-1].Due))
		}
	}
	require.WithinDuration(t, began.Add(5*time.Hour+30*time.Minute), c.Server().Now(), 20*time.Second)
}

func TestAdvanceLeavesOutJobsOfWhatIsGone(t *testing.T) {
	k := &ticking{}
	c := newCloudOf(t, these(resources.New(), k.provider()))
	c.put(group, groupVersion, groupBody)
	c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"})
	require.Equal(t, http.StatusOK, c.del(workspace, workspaceVersion).Status)
	moved, err := c.Server().Advance(context.Background(), 5*time.Hour)
	require.NoError(t, err)
	require.Empty(t, moved.Ran)
	require.Empty(t, k.seen)
}

func TestAdvanceExpiresTokens(t *testing.T) {
	c := newCloud(t)
	token, _, err := c.Directory.Issue(c.Contoso.Principal, "https://management.azure.com")
	require.NoError(t, err)
	c.do("Bearer "+token, http.MethodGet, "/subscriptions?api-version=2022-12-01", nil).OK()

	_, err = c.Server().Advance(context.Background(), 2*time.Hour)
	require.NoError(t, err)

	refused := c.do("Bearer "+token, http.MethodGet, "/subscriptions?api-version=2022-12-01", nil)
	require.Equal(t, http.StatusUnauthorized, refused.Status)
	require.Equal(t, "ExpiredAuthenticationToken", refused.Code())
	fresh := c.Contoso.Do(http.MethodGet, "/subscriptions?api-version=2022-12-01", nil)
	require.Equal(t, http.StatusOK, fresh.Status)
	date, err := http.ParseTime(fresh.Header.Get("Date"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(2*time.Hour), date, time.Minute,
		"clients see the moved clock in the Date header")
}

func TestTheClockOnlyGoesForward(t *testing.T) {
	c := newCloud(t)
	_, err := c.Server().Advance(context.Background(), -time.Hour)
	require.ErrorContains(t, err, "forward")
}

func TestAMovedClockAndItsJobsOutliveTheServer(t *testing.T) {
	k := &ticking{}
	c := newCloudOf(t, these(resources.New(), k.provider()))
	c.put(group, groupVersion, map[string]any{"location": "westeurope"})
	c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"})
	_, err := c.Server().Advance(context.Background(), 90*time.Minute)
	require.NoError(t, err)
	at := c.Server().Now()
	c.Server().Close()

	second, err := arm.NewServer(arm.Options{Store: c.Store, Directory: c.Directory,
		Providers: []*arm.Provider{resources.New(), k.provider()}})
	require.NoError(t, err)
	defer second.Close()
	require.WithinDuration(t, at, second.Now(), 10*time.Second)
	_, err = second.Advance(context.Background(), time.Hour)
	require.NoError(t, err)
	require.Len(t, k.seen, 2)
}

func TestARoleAssignmentTakesEffectAfterItsDelay(t *testing.T) {
	c := newCloud(t)
	c.Directory.DelayAssignments(2 * time.Minute)
	reader := c.Principal(armtest.Tenant, "client-reader")
	c.put(group, groupVersion, map[string]any{"location": "westeurope"})
	assignment := group + "/providers/Microsoft.Authorization/roleAssignments/11111111-2222-3333-4444-555555555555"
	created := c.put(assignment, "2022-04-01", map[string]any{"properties": map[string]any{
		"principalId": reader.ObjectID, "principalType": "ServicePrincipal",
		"roleDefinitionId": subscription +
			"/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7",
	}})
	require.Equal(t, http.StatusCreated, created.Status)
	read := func() response {
		return c.as(reader, http.MethodGet, group+"?api-version="+groupVersion, nil)
	}

	require.Equal(t, "AuthorizationFailed", read().Code(), "not yet in effect")
	_, err := c.Server().Advance(context.Background(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, "AuthorizationFailed", read().Code(), "half of the delay")
	_, err = c.Server().Advance(context.Background(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, read().Status)

	require.Equal(t, http.StatusOK, c.del(assignment, "2022-04-01").Status)
	require.Equal(t, "AuthorizationFailed", read().Code(), "removal takes effect at once")
}
