package arm_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/faults"
)

func faulty(t *testing.T, rules ...faults.Rule) *cloud {
	t.Helper()
	set, err := faults.Open(nil, rules...)
	require.NoError(t, err)
	return newCloudOf(t, armtest.Config{Control: func(o *arm.Options) { o.Faults = set }})
}

// try sends a PUT of the group and returns the transport's error.
func (c *cloud) try(method string) error {
	token, _, err := c.Directory.Issue(c.Contoso.Principal, "https://management.azure.com")
	require.NoError(c.T, err)
	req, err := http.NewRequest(method, c.URL()+group+"?api-version="+groupVersion,
		bytes.NewReader([]byte(`{"location":"westeurope"}`)))
	require.NoError(c.T, err)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := c.Client().Do(req)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

func TestARefusedRequestHasNoEffect(t *testing.T) {
	for kind, status := range map[faults.Kind]int{faults.TooManyRequests: 429, faults.InternalError: 500,
		faults.Unavailable: 503} {
		c := faulty(t, faults.Rule{Kind: kind, Method: "PUT", Count: 1,
			Delay: faults.Duration(1200 * time.Millisecond)})
		refused := c.put(group, groupVersion, groupBody)
		require.Equal(t, status, refused.Status)
		require.NotEmpty(t, refused.Code())
		if kind != faults.InternalError {
			require.Equal(t, "2", refused.Header.Get("Retry-After"))
			require.Equal(t, "1200", refused.Header.Get("x-ms-retry-after-ms"))
		}
		require.Equal(t, 404, c.get(group, groupVersion).Status)
		require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)
	}
}

func TestADroppedConnectionLeavesTheWriteUndoneOrDone(t *testing.T) {
	before := faulty(t, faults.Rule{Kind: faults.DropBefore, Method: "PUT", Count: 1})
	require.Error(t, before.try("PUT"))
	require.Equal(t, 404, before.get(group, groupVersion).Status)

	after := faulty(t, faults.Rule{ID: "late", Kind: faults.DropAfter, Method: "PUT", Count: 1})
	require.Error(t, after.try("PUT"))
	require.Equal(t, 200, after.get(group, groupVersion).Status)
	first, _, _ := strings.Cut(after.Log.String(), "\n")
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(first), &line))
	require.Equal(t, "late", line["fault"], "the log says which fault a request had")
	require.Equal(t, 0.0, line["status"])
}

func TestASlowAnswerComesAfterItsDelay(t *testing.T) {
	c := faulty(t, faults.Rule{Kind: faults.Slow, Method: "PUT", Count: 1,
		Delay: faults.Duration(150 * time.Millisecond)})
	began := time.Now()
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)
	require.GreaterOrEqual(t, time.Since(began), 150*time.Millisecond)
}

func TestAFailedOperationLeavesTheResourceFailed(t *testing.T) {
	c := faulty(t, faults.Rule{Kind: faults.FailOperation, Method: "PUT", Count: 1})
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status, "groups are created directly")

	created := c.put(workspace, workspaceVersion, workspaceBody)

	require.Equal(t, 201, created.Status)
	ended := created.Wait()
	require.Equal(t, "Failed", ended.Body["status"])
	require.Equal(t, "InternalServerError", ended.Code())
	again := c.put(workspace, workspaceVersion, workspaceBody)
	require.Equal(t, "Succeeded", again.Wait().Body["status"])
}

func TestAFailedDeletionLeavesTheResource(t *testing.T) {
	c := faulty(t, faults.Rule{Kind: faults.FailOperation, Method: "DELETE", Count: 1})
	require.Equal(t, 201, c.put(group, groupVersion, groupBody).Status)
	deleted := c.del(group, groupVersion)
	require.Equal(t, 202, deleted.Status)
	failed := deleted.Wait()
	require.Equal(t, 409, failed.Status, "clients would go on polling after 5xx")
	require.Equal(t, "Failed", state(c.get(group, groupVersion)))
	require.Equal(t, 204, c.del(group, groupVersion).Wait().Status)
	require.Equal(t, 404, c.get(group, groupVersion).Status)
}
