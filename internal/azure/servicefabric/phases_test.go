package servicefabric_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// slow is a control plane that takes as long as Azure, on a clock that the test moves.
func slow(t *testing.T) *azure {
	a := newAzure(t)
	a.slow()
	return a
}

func (a *azure) slow() {
	a.scale = 1
	a.Restart()
}

// begin sends a request whose operation takes its time, and returns where to ask about it.
func (a *azure) begin(method, path string, body any) string {
	a.T.Helper()
	operation := a.Contoso.Do(method, path, body).OK().Header.Get("Azure-AsyncOperation")
	require.NotEmpty(a.T, operation)
	return operation
}

// ended is how an operation has ended, or that it has not.
func (a *azure) ended(operation string) (status, message string) {
	a.T.Helper()
	r := a.Contoso.Get(operation)
	return jsonbody.Text(r.Body, "status"), r.Message()
}

// A cluster goes through its states with its first primary node type, whose creation ends when the cluster is ready.
// Until then it takes no applications.
func TestAClusterGoesThroughItsStates(t *testing.T) {
	a := slow(t)
	created := a.begin(http.MethodPut, clusterID, goodCluster)
	assert.Equal(t, "Creating", a.props(clusterID)["provisioningState"])
	a.Advance(3 * time.Minute)
	status, _ := a.ended(created)
	require.Equal(t, "Succeeded", status)
	assert.Equal(t, "WaitingForNodes", a.props(clusterID)["clusterState"], "without nodes it waits as long as it takes")

	nodes := a.begin(http.MethodPut, nodesID, goodNodes)
	for _, c := range []struct {
		after time.Duration
		state string
	}{{0, "WaitingForNodes"}, {7 * time.Minute, "Deploying"}, {3*time.Minute + 30*time.Second, "BaselineUpgrade"}} {
		if c.after > 0 {
			a.Advance(c.after)
		}
		assert.Equal(t, c.state, a.props(clusterID)["clusterState"])
		status, _ := a.ended(nodes)
		assert.Equal(t, "InProgress", status)
		assert.Contains(t, a.Contoso.Put(typeID, m{}).Refused(http.StatusConflict, "ClusterNotReady").Message(),
			c.state)
	}
	a.Advance(2 * time.Minute)
	status, _ = a.ended(nodes)
	assert.Equal(t, "Succeeded", status)
	assert.Equal(t, "Ready", a.props(clusterID)["clusterState"])
	a.ok(http.MethodPut, typeID, m{})
}

// A second primary node type does not throw the cluster back, and replaces the first only once its machines are there.
func TestAReadyClusterStaysReadyWhileItsNodesAreReplaced(t *testing.T) {
	a := ready(t)
	a.slow()
	a.Advance(time.Hour) // the nodes were there at once; under the profile they are old now
	second := clusterID + "/nodeTypes/primary2"
	a.begin(http.MethodPut, second, goodNodes)
	assert.Equal(t, "Ready", a.props(clusterID)["clusterState"])
	last := a.Contoso.Delete(nodesID)
	assert.Equal(t, http.StatusBadRequest, last.Status)
	assert.Contains(t, last.Message(), "at least one active primary node type")
	a.Advance(13 * time.Minute)
	a.begin(http.MethodDelete, nodesID, nil)
	a.Advance(10 * time.Minute)
	assert.True(t, a.gone(nodesID))
	assert.Equal(t, "Ready", a.props(clusterID)["clusterState"])
}

// An upgrade is Updating while it goes through the upgrade domains; the new version runs when it has been through all.
func TestAnUpgradeTakesItsTime(t *testing.T) {
	a := running(t)
	a.slow()
	a.Advance(time.Hour)
	upgrade := a.begin(http.MethodPut, appID, application(v2, nil))
	a.Advance(4 * time.Minute)
	status, _ := a.ended(upgrade)
	assert.Equal(t, "InProgress", status)
	assert.Equal(t, "Updating", a.props(appID)["provisioningState"])
	a.Advance(2 * time.Minute)
	status, _ = a.ended(upgrade)
	assert.Equal(t, "Succeeded", status)
	assert.Equal(t, "Succeeded", a.props(appID)["provisioningState"])

	v3 := typeID + "/versions/3.0.0"
	registered := a.begin(http.MethodPut, v3,
		a.publish("v3.sfpkg", sfpkg(t, "GovernanceType", "3.0.0", "Stateless:NewType")))
	a.Advance(time.Minute)
	status, message := a.ended(registered)
	require.Equal(t, "Succeeded", status, message)
	upgrade = a.begin(http.MethodPut, appID, application(v3, nil))
	assert.Equal(t, "Updating", a.props(appID)["provisioningState"])
	a.Advance(6 * time.Minute)
	status, message = a.ended(upgrade)
	assert.Equal(t, "Failed", status)
	assert.Contains(t, message, "Services must be explicitly deleted")
	assert.Equal(t, v2, a.props(appID)["version"], "rolled back")
}

// The cluster refuses to start an upgrade whose timeouts leave no room for its health checks; the policy itself it
// takes.
func TestAnUpgradesTimeoutsLeaveRoomForItsHealthChecks(t *testing.T) {
	a := running(t)
	for name, c := range map[string]struct {
		change  m
		message string
	}{
		"domain and retry": {m{"upgradeDomainTimeout": "00:12:00"},
			"upgradeDomainTimeout must be longer than healthCheckWaitDuration and healthCheckRetryTimeout"},
		"whole and domain": {m{"upgradeTimeout": "00:14:00"}, "must not be shorter than upgradeDomainTimeout"},
		"whole and retry": {m{"upgradeTimeout": "00:10:00", "upgradeDomainTimeout": "00:10:00"},
			"must be longer than"},
		"domain and stable":   {m{"healthCheckStableDuration": "00:13:00"}, "and healthCheckStableDuration"},
		"days in the timeout": {m{"healthCheckStableDuration": "2.00:00:00"}, "and healthCheckStableDuration"},
	} {
		t.Run(name, func(t *testing.T) {
			policy := func(versionID string) m {
				body := application(versionID, m{"Audience": "auditors"})
				monitoring := body["properties"].(m)["upgradePolicy"].(m)["rollingUpgradeMonitoringPolicy"].(m)
				for k, v := range c.change {
					monitoring[k] = v
				}
				return body
			}
			a.ok(http.MethodPut, appID, policy(v1))
			code, message := a.do(http.MethodPut, appID, policy(v2))
			assert.Equal(t, "ClusterChildResourceOperationFailed", code)
			assert.Contains(t, message, c.message)
			assert.Equal(t, v1, a.props(appID)["version"])
		})
	}
	a.ok(http.MethodPut, appID, application(v2, nil))
	assert.Equal(t, v2, a.props(appID)["version"])
}
