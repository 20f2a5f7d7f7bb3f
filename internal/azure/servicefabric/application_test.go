package servicefabric_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	typeID    = clusterID + "/applicationTypes/GovernanceType"
	v1        = typeID + "/versions/1.0.0"
	v2        = typeID + "/versions/2.0.0"
	appID     = clusterID + "/applications/Governance"
	serviceID = appID + "/services/audit"
	anything  = "Stateless:AuditType"
)

func application(versionID string, parameters m) m {
	return m{"properties": m{"version": versionID, "parameters": parameters, "upgradePolicy": m{
		"upgradeMode": "Monitored", "rollingUpgradeMonitoringPolicy": m{
			"failureAction": "Rollback", "healthCheckWaitDuration": "00:02:00", "healthCheckStableDuration": "00:05:00",
			"healthCheckRetryTimeout": "00:10:00", "upgradeTimeout": "1.00:00:00", "upgradeDomainTimeout": "00:15:00",
		}}}}
}

var stateless = m{"properties": m{"serviceKind": "Stateless", "serviceTypeName": "AuditType", "instanceCount": -1,
	"partitionDescription": m{"partitionScheme": "Singleton"}}}

// running is a cluster that runs version 1.0.0 of the governance application with one service, and has 2.0.0.
func running(t *testing.T) *azure {
	a := ready(t)
	a.ok(http.MethodPut, typeID, m{})
	a.ok(http.MethodPut, v1,
		a.publish("v1.sfpkg", sfpkg(t, "GovernanceType", "1.0.0", anything, "Stateful:LedgerType")))
	a.ok(http.MethodPut, v2, a.publish("v2.sfpkg", sfpkg(t, "GovernanceType", "2.0.0", anything)))
	a.ok(http.MethodPut, appID, application(v1, m{"Audience": "auditors"}))
	a.ok(http.MethodPut, serviceID, stateless)
	return a
}

func TestAnApplicationRunsFromPackageToService(t *testing.T) {
	a := running(t)
	for _, id := range []string{typeID, v1, appID, serviceID} {
		assert.Equal(t, "Succeeded", a.props(id)["provisioningState"], id)
	}
	assert.Equal(t, v1, a.props(appID)["version"])
	a.ok(http.MethodDelete, appID, nil)
	assert.True(t, a.gone(serviceID), "services go with their application")
	a.ok(http.MethodDelete, v1, nil)
	a.ok(http.MethodDelete, typeID, nil)
	assert.True(t, a.gone(v2), "versions go with their type")
}

func TestAClusterThatIsNotReadyTakesNoApplications(t *testing.T) {
	a := newAzure(t)
	a.ok(http.MethodPut, clusterID, goodCluster)
	code, message := a.do(http.MethodPut, typeID, m{})
	assert.Equal(t, "ClusterNotReady", code)
	assert.Contains(t, message, "WaitingForNodes")
}

func TestAPackageIsWhatItsVersionSaysOrTheVersionFails(t *testing.T) {
	a := ready(t)
	a.ok(http.MethodPut, typeID, m{})
	const governance = `<ApplicationManifest ApplicationTypeName="GovernanceType" ApplicationTypeVersion="1.0.0"`
	good := func(change map[string]string) []byte {
		files := map[string]string{
			"ApplicationManifest.xml": governance + `>
				<ServiceManifestImport>
					<ServiceManifestRef ServiceManifestName="AuditPkg" ServiceManifestVersion="1.0"/>
				</ServiceManifestImport></ApplicationManifest>`,
			"AuditPkg/ServiceManifest.xml": serviceManifest(anything), "AuditPkg/Code/audit.exe": "MZ",
		}
		for name, content := range change {
			if content == "" {
				delete(files, name)
			} else {
				files[name] = content
			}
		}
		return zipped(t, files)
	}
	many := map[string]string{}
	for i := range 10_000 {
		many[fmt.Sprintf("AuditPkg/Code/%d", i)] = "x"
	}
	for name, c := range map[string]struct {
		raw     []byte
		message string
	}{
		"another type": {sfpkg(t, "OtherType", "1.0.0", anything),
			"application type name 'OtherType', which doesn't match expected application type name 'GovernanceType'"},
		"another version": {sfpkg(t, "GovernanceType", "1.0.1", anything),
			"application type version '1.0.1', which doesn't match expected application type version '1.0.0'"},
		"no zip": {[]byte("hello"), "not a zip file"},
		"no manifest": {good(map[string]string{"ApplicationManifest.xml": ""}),
			"has no ApplicationManifest.xml"},
		"no XML": {good(map[string]string{"ApplicationManifest.xml": "<oops"}),
			"ApplicationManifest.xml is not valid"},
		"other XML": {good(map[string]string{"ApplicationManifest.xml": "<html/>"}),
			"ApplicationManifest.xml is not valid"},
		"no services": {good(map[string]string{"ApplicationManifest.xml": governance + `/>`}),
			"imports no service manifest"},
		"no service folder": {good(map[string]string{"AuditPkg/ServiceManifest.xml": ""}),
			"has no AuditPkg/ServiceManifest.xml"},
		"no code": {good(map[string]string{"AuditPkg/Code/audit.exe": ""}),
			"'Code' of service manifest 'AuditPkg' has no folder"},
		"no program": {good(map[string]string{"AuditPkg/Code/audit.exe": "", "AuditPkg/Code/readme.txt": "x"}),
			"The EntryPoint audit.exe is not found."},
		"no service type": {good(map[string]string{"AuditPkg/ServiceManifest.xml": serviceManifest()}),
			"has no service type"},
		"service type twice": {
			good(map[string]string{"AuditPkg/ServiceManifest.xml": serviceManifest(anything, anything)}),
			"defined twice"},
		"manifest version": {good(map[string]string{"AuditPkg/ServiceManifest.xml": strings.Replace(
			serviceManifest(anything), `Version="1.0"`, `Version="9"`, 1)}), "imports 'AuditPkg' version '1.0'"},
		"outside of itself": {good(map[string]string{"../evil.exe": "MZ"}), "outside of itself"},
		"too many entries":  {good(many), "more than 10000"},
		"too large manifest": {good(map[string]string{"ApplicationManifest.xml": strings.Repeat(" ", 5<<20)}),
			"larger than 4 MiB"},
	} {
		code, message := a.do(http.MethodPut, v1, a.publish("p.sfpkg", c.raw))
		assert.Equal(t, "ClusterChildResourceOperationFailed", code, name)
		assert.Contains(t, message, "FABRIC_E_IMAGEBUILDER_VALIDATION_ERROR", name)
		assert.Contains(t, message, c.message, name)
		assert.Equal(t, "Failed", a.props(v1)["provisioningState"], name)
	}
	a.ok(http.MethodPut, v1, a.publish("p.sfpkg", good(nil)))
	assert.Equal(t, "Succeeded", a.props(v1)["provisioningState"], "a failed version can be mended")
}

func TestAPackageThatCannotBeFetchedFailsTheVersionWithoutShowingTheSignature(t *testing.T) {
	a := ready(t)
	a.ok(http.MethodPut, typeID, m{})
	for link, message := range map[string]string{
		a.web.URL + "/none.sfpkg?sig=letmein":               "(404) Not Found",
		a.web.URL + "/none.sfpkg?sig=verysecret":            "(403) Forbidden",
		"https://127.0.0.1:1/unreachable.sfpkg?sig=letmein": "could not be downloaded",
	} {
		code, said := a.do(http.MethodPut, v1, m{"properties": m{"appPackageUrl": link}})
		assert.Equal(t, "ClusterChildResourceOperationFailed", code, link)
		assert.Contains(t, said, "FABRIC_E_IMAGEBUILDER_UNEXPECTED_ERROR")
		assert.Contains(t, said, message)
		assert.NotContains(t, said, "letmein")
		assert.NotContains(t, said, "verysecret")
	}
	for _, link := range []string{"ftp://contoso.com/a.sfpkg", "a.sfpkg", "https://contoso.com/a.zip"} {
		code, _ := a.do(http.MethodPut, v1, m{"properties": m{"appPackageUrl": link}})
		assert.Equal(t, "InvalidParameter", code, link)
	}
}

func TestAVersionKeepsItsPackageButTakesARenewedSignature(t *testing.T) {
	a := running(t)
	body := a.publish("v1.sfpkg", nil)
	body["properties"].(m)["appPackageUrl"] = body["properties"].(m)["appPackageUrl"].(string) + "&se=2030"
	a.ok(http.MethodPut, v1, body)
	assert.Equal(t, "Succeeded", a.props(v1)["provisioningState"])
	code, message := a.do(http.MethodPut, v1, a.publish("other.sfpkg", nil))
	assert.Equal(t, "PropertyChangeNotAllowed", code)
	assert.NotContains(t, message, "letmein")
}

func TestAnInterruptedRegistrationGoesOnAfterARestart(t *testing.T) {
	a := ready(t)
	a.ok(http.MethodPut, typeID, m{})
	body := a.publish("v1.sfpkg", sfpkg(t, "GovernanceType", "1.0.0", anything))
	a.mu.Lock()
	a.hold = make(chan struct{})
	a.mu.Unlock()
	begun := a.Contoso.Put(v1, body)
	require.Equal(t, http.StatusAccepted, begun.Status)
	assert.Equal(t, "Creating", begun.Properties()["provisioningState"])
	require.Eventually(t, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.asked > 0
	}, 10*time.Second, time.Millisecond)
	a.Restart()
	a.mu.Lock()
	close(a.hold)
	a.hold = nil
	a.mu.Unlock()
	require.Eventually(t, func() bool { return a.props(v1)["provisioningState"] == "Succeeded" }, 10*time.Second,
		time.Millisecond)
}

func TestAnApplicationRunsARegisteredVersionOfItsOwnCluster(t *testing.T) {
	a := running(t)
	other := clusterID + "/applications/Other"
	for name, c := range map[string]struct{ version, code, message string }{
		"a bare version": {"1.0.0", "InvalidParameter", "must be the full id"},
		"the type":       {typeID, "InvalidParameter", "must be the full id"},
		"another cluster's": {strings.Replace(v1, "contosogov", "fabrikamgov", 1), "InvalidParameter",
			"must be the full id"},
		"no version": {"", "InvalidParameter", "must be the full id"},
		"unregistered version": {typeID + "/versions/9.9.9", "ClusterChildResourceOperationFailed",
			"FABRIC_E_APPLICATION_TYPE_NOT_FOUND"},
	} {
		code, message := a.do(http.MethodPut, other, application(c.version, nil))
		assert.Equal(t, c.code, code, name)
		assert.Contains(t, message, c.message, name)
	}
	code, message := a.do(http.MethodPut, other, application(v1, m{"Colour": "red"}))
	assert.Equal(t, "ClusterChildResourceOperationFailed", code)
	assert.Contains(t, message, "Parameter 'Colour' is not defined in the ApplicationManifest file.")
	assert.Equal(t, "Failed", a.props(other)["provisioningState"])
	code, message = a.do(http.MethodPut, other+"/services/audit", stateless)
	assert.Equal(t, "ClusterChildResourceOperationFailed", code)
	assert.Contains(t, message, "FABRIC_E_APPLICATION_NOT_FOUND", "a failed application runs nothing")

	bad := application(v1, nil)
	bad["properties"].(m)["upgradePolicy"].(m)["rollingUpgradeMonitoringPolicy"].(m)["upgradeTimeout"] = "soon"
	code, message = a.do(http.MethodPut, other, bad)
	assert.Equal(t, "InvalidParameter", code)
	assert.Contains(t, message, "upgradeTimeout")
}

func TestAnUpgradeMovesToTheNewVersionOrRollsBack(t *testing.T) {
	a := running(t)
	a.ok(http.MethodPut, appID, application(v2, m{"Audience": "all"}))
	assert.Equal(t, v2, a.props(appID)["version"])
	assert.Equal(t, "Succeeded", a.props(appID)["provisioningState"])

	v3 := typeID + "/versions/3.0.0"
	a.ok(http.MethodPut, v3, a.publish("v3.sfpkg", sfpkg(t, "GovernanceType", "3.0.0", "Stateless:NewType")))
	code, message := a.do(http.MethodPut, appID, application(v3, nil))
	assert.Equal(t, "ClusterChildResourceOperationFailed", code)
	assert.Contains(t, message, "Services must be explicitly deleted before removing their Service Types")
	assert.Equal(t, v2, a.props(appID)["version"], "rolled back")
	assert.Equal(t, "Failed", a.props(appID)["provisioningState"])

	a.ok(http.MethodDelete, serviceID, nil)
	a.ok(http.MethodPut, appID, application(v3, nil))
	assert.Equal(t, v3, a.props(appID)["version"])
	assert.Equal(t, "Succeeded", a.props(appID)["provisioningState"])

	otherType := clusterID + "/applicationTypes/OtherType"
	a.ok(http.MethodPut, otherType, m{})
	a.ok(http.MethodPut, otherType+"/versions/1", a.publish("o.sfpkg", sfpkg(t, "OtherType", "1", anything)))
	code, _ = a.do(http.MethodPut, appID, application(otherType+"/versions/1", nil))
	assert.Equal(t, "InvalidParameter", code, "an application does not change its type")
}

func TestAVersionInUseStaysUnlessTheClusterGoes(t *testing.T) {
	a := running(t)
	for _, id := range []string{v1, typeID} {
		code, message := a.do(http.MethodDelete, id, nil)
		assert.Equal(t, "ClusterChildResourceOperationFailed", code)
		assert.Contains(t, message, "FABRIC_E_APPLICATION_TYPE_IN_USE")
	}
	a.ok(http.MethodDelete, v2, nil)
	a.ok(http.MethodDelete, clusterID, nil)
	assert.True(t, a.gone(v1))
}

func TestAServiceIsOfATypeThatItsApplicationsPackageHas(t *testing.T) {
	a := running(t)
	id := appID + "/services/other"
	for name, c := range map[string]struct {
		change        m
		code, message string
	}{
		"unknown type": {m{"serviceTypeName": "NoType"}, "ClusterChildResourceOperationFailed",
			"FABRIC_E_SERVICE_TYPE_NOT_FOUND"},
		"stateful type": {m{"serviceTypeName": "LedgerType"}, "ClusterChildResourceOperationFailed",
			"LedgerType' is Stateful"},
		"no instances":    {m{"instanceCount": 0}, "InvalidParameter", "instanceCount"},
		"fewer than none": {m{"instanceCount": -2}, "InvalidRequestContent", "instanceCount"},
		"no partition name": {m{"partitionDescription": m{"partitionScheme": "Named", "names": []string{}}},
			"InvalidParameter", "names"},
		"same name twice": {m{"partitionDescription": m{"partitionScheme": "Named", "names": []string{"a", "a"}}},
			"InvalidParameter", "names"},
		"no keys": {m{"partitionDescription": m{"partitionScheme": "UniformInt64Range", "count": 4,
			"lowKey": 0, "highKey": 2}}, "InvalidParameter", "count"},
		"unknown kind": {m{"serviceKind": "Stateles"}, "InvalidRequestContent", "serviceKind"},
	} {
		code, message := a.do(http.MethodPut, id, changed(stateless, c.change))
		assert.Equal(t, c.code, code, "%s: %s", name, message)
		assert.Contains(t, message, c.message, name)
	}
	a.ok(http.MethodPut, id,
		m{"properties": m{
			"serviceKind": "Stateful", "serviceTypeName": "LedgerType",
			"targetReplicaSetSize": 3, "minReplicaSetSize": 2,
			"partitionDescription": m{"partitionScheme": "UniformInt64Range", "count": 2, "lowKey": 0, "highKey": 9},
		}})
	assert.Equal(t, "Succeeded", a.props(id)["provisioningState"])
	a.ok(http.MethodPut, serviceID, changed(stateless, m{"instanceCount": 3}))
	code, _ := a.do(http.MethodPut, serviceID, changed(stateless, m{"serviceTypeName": "LedgerType"}))
	assert.Equal(t, "PropertyChangeNotAllowed", code)
}
