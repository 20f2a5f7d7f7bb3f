package arm_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/monitor"
	"github.com/crossorg/crossorg/internal/azure/resources"
)

// slow is a cloud in which everything takes a fifth as long as on Azure: a workspace three seconds.
func slow(t *testing.T) *cloud {
	providers := append([]*arm.Provider{resources.New()}, monitor.New()...)
	config := these(providers...)
	config.Control = func(o *arm.Options) { o.Latency = arm.Latency{Scale: 0.2} }
	c := newCloudOf(t, config)
	require.Equal(t, http.StatusCreated, c.put(group, groupVersion, map[string]any{"location": "westeurope"}).Status)
	return c
}

func state(r response) any {
	props, _ := r.Body["properties"].(map[string]any)
	return props["provisioningState"]
}

func TestAnAsynchronousOperationLastsAsLongAsTheProfileSays(t *testing.T) {
	c := slow(t)

	created := c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"})

	require.Equal(t, http.StatusCreated, created.Status)
	require.Equal(t, "Creating", state(created))
	require.Equal(t, "2", created.Header.Get("Retry-After"), "ten seconds at a fifth of the scale")
	operation := created.Header.Get("Azure-AsyncOperation")
	poll := c.Contoso.Do(http.MethodGet, operation, nil)
	require.Equal(t, "InProgress", poll.Body["status"])
	require.NotEmpty(t, poll.Header.Get("x-ms-retry-after-ms"))
	require.Equal(t, "Creating", state(c.get(workspace, workspaceVersion)))

	advance(t, c, 8*time.Second)

	require.Equal(t, "Succeeded", c.Contoso.Do(http.MethodGet, operation, nil).Body["status"])
	require.Equal(t, "Succeeded", state(c.get(workspace, workspaceVersion)))
}

func TestAWriteOnWhatIsUnderAnOperationIsRefused(t *testing.T) {
	c := slow(t)
	created := c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"})
	require.Equal(t, http.StatusCreated, created.Status)

	for what, refused := range map[string]response{
		"update": c.put(workspace, workspaceVersion,
			map[string]any{"location": "westeurope", "tags": map[string]any{"a": "b"}}),
		"delete": c.del(workspace, workspaceVersion),
		"child": c.put(workspace+"/savedSearches/s", searchVersion, map[string]any{
			"properties": map[string]any{"category": "c", "displayName": "d", "query": "q"}}),
	} {
		require.Equal(t, http.StatusConflict, refused.Status, what)
		require.Equal(t, "AnotherOperationInProgress", refused.Code(), what)
		message := refused.Message()
		id := operationID(created.Header.Get("Azure-AsyncOperation"))
		require.Contains(t, message, id, "it names the operation")
	}

	advance(t, c, 8*time.Second)
	require.Equal(t, http.StatusAccepted,
		c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"}).Status)
}

func operationID(url string) string {
	path, _, _ := strings.Cut(url, "?")
	return path[strings.LastIndexByte(path, '/')+1:]
}

func TestWhatIsBeingDeletedIsShownUntilItIsGone(t *testing.T) {
	c := slow(t)
	c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"})
	advance(t, c, 8*time.Second)

	deleted := c.del(workspace, workspaceVersion)

	require.Equal(t, http.StatusAccepted, deleted.Status)
	require.Equal(t, "Deleting", state(c.get(workspace, workspaceVersion)))
	require.Equal(t, "AnotherOperationInProgress",
		c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"}).Code())
	again := c.del(workspace, workspaceVersion)
	require.Equal(t, http.StatusAccepted, again.Status)
	require.Equal(t, deleted.Header.Get("Location"), again.Header.Get("Location"),
		"a second DELETE finds the first one's operation")
	advance(t, c, 3*time.Second)
	require.Equal(t, http.StatusNotFound, c.get(workspace, workspaceVersion).Status)
	require.Equal(t, http.StatusNoContent, c.del(workspace, workspaceVersion).Status)
}

func TestNothingIsCreatedInAGroupThatIsBeingDeleted(t *testing.T) {
	c := slow(t)
	require.Equal(t, http.StatusAccepted, c.del(group, groupVersion).Status)
	require.Equal(t, "ResourceGroupBeingDeleted",
		c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"}).Code())
	require.Equal(t, "ResourceGroupBeingDeleted",
		c.put(group, groupVersion, map[string]any{"location": "westeurope"}).Code())
	require.Equal(t, "Deleting", state(c.get(group, groupVersion)))
	advance(t, c, 31*time.Second)
	require.Equal(t, http.StatusNotFound, c.get(group, groupVersion).Status)
	require.Equal(t, http.StatusCreated, c.put(group, groupVersion, map[string]any{"location": "westeurope"}).Status)
}

func TestASynchronousWriteAnswersWhenItsTimeHasPassed(t *testing.T) {
	c := slow(t)
	c.put(workspace, workspaceVersion, map[string]any{"location": "westeurope"})
	advance(t, c, 8*time.Second)
	began := time.Now()
	search := c.put(workspace+"/savedSearches/s", searchVersion, map[string]any{
		"properties": map[string]any{"category": "c", "displayName": "d", "query": "q"}})
	require.Equal(t, http.StatusOK, search.Status)
	require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond, "a second at a fifth of the scale")
}

func TestDurationsKeepAzuresProportions(t *testing.T) {
	c := slow(t)
	nodeType := c.Server().Latency("Microsoft.ServiceFabric/managedClusters/nodeTypes", arm.OpCreate)
	account := c.Server().Latency("Microsoft.Storage/storageAccounts", arm.OpCreate)
	read := c.Server().Latency("Microsoft.Storage/storageAccounts", arm.OpRead)
	require.Greater(t, nodeType, 10*account)
	require.Greater(t, account, 10*read)
	require.Zero(t, newCloud(t).Server().Latency("Microsoft.ServiceFabric/managedClusters/nodeTypes", arm.OpCreate))
}
