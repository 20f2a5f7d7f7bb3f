package servicefabric

import (
	"net/http"

	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// applications are instances of an application type version.
// Source: https://learn.microsoft.com/rest/api/servicefabric/managedclusters/applications/create-or-update
func (p *provider) applications() *arm.Type {
	return &arm.Type{
		Name: applicationType, CheckName: checkFabricName, Created: http.StatusOK, PutAsync: arm.AzureAsyncOperation,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         putApplication, Jobs: map[string]arm.Job{jobDeploy: deploy(runApplication)},
	}
}

// running is the id of the version that an application really runs, as opposed to the one that was last asked for.
func running(app *arm.Resource) string {
	version, _ := app.Private["running"].(string)
	return version
}

func putApplication(c *arm.Call, w *arm.Write) *arm.Error {
	cluster := above(w.New.ID, 1)
	if _, err := readyCluster(c, cluster); err != nil {
		return err
	}
	props := w.New.Properties()
	version, err := arm.ParseID(jsonbody.Text(props, "version"))
	if err != nil || !strings.EqualFold(version.Type(), versionType) || version.Name() == "" ||
		above(version, 2).Key() != cluster.Key() {
		return invalid("properties.version of application '%s' is '%s': it must be the full id of an application "+
			"type version of the same cluster, '%s/applicationTypes/{type}/versions/{version}'.",
			w.New.ID.Name(), jsonbody.Text(props, "version"), cluster)
	}
	if old := w.Old; old != nil && running(old) != "" {
		if was, err := arm.ParseID(running(old)); err == nil && above(was, 1).Key() != above(version, 1).Key() {
			return invalid("The application '%s' is of type '%s' and cannot become one of type '%s': delete it and "+
				"create it again.", w.New.ID.Name(), above(was, 1).Name(), above(version, 1).Name())
		}
	}
	if err := checkUpgradePolicy(props); err != nil {
		return err
	}
	if err := c.CompleteIdentity(w); err != nil {
		return err
	}
	return begin(c, w)
}

// timeSpan is how durations of an upgrade are written: hours, minutes, seconds, optionally days before them.
var timeSpan = regexp.MustCompile(`^(\d+\.)?([01]?\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?$`)

// checkUpgradePolicy checks the rules beyond the published type.
func checkUpgradePolicy(props map[string]any) *arm.Error {
	policy := jsonbody.Object(props, "upgradePolicy")
	if policy == nil {
		return nil
	}
	monitoring := jsonbody.Object(policy, "rollingUpgradeMonitoringPolicy")
	for _, key := range []string{"healthCheckWaitDuration", "healthCheckStableDuration", "healthCheckRetryTimeout",
		"upgradeTimeout", "upgradeDomainTimeout"} {
		if monitoring != nil && !timeSpan.MatchString(jsonbody.Text(monitoring, key)) {
			return invalid("properties.upgradePolicy.rollingUpgradeMonitoringPolicy.%s '%s' is not a duration such "+
				"as 00:05:00.", key, jsonbody.Text(monitoring, key))
		}
	}
	if health := jsonbody.Object(policy, "applicationHealthPolicy"); health != nil {
		if n, _ := jsonbody.Number(health, "maxPercentUnhealthyDeployedApplications"); n < 0 || n > 100 {
			return invalid("properties.upgradePolicy.applicationHealthPolicy.maxPercentUnhealthyDeployedApplications "+
				"is %v: it must be between 0 and 100.", n)
		}
	}
	return nil
}

// runApplication creates or upgrades an application. When an upgrade is refused, the version before it goes on running,
// and the application says so unless its policy leaves the upgrade to be mended by hand.
func runApplication(c *arm.Call, app *arm.Resource) *arm.Error {
	aerr := checkRun(c, app)
	before, wanted := running(app), app.String("properties", "version")
	if aerr == nil && before != "" && !strings.EqualFold(before, wanted) {
		aerr = checkUpgrade(app)
	}
	if aerr == nil {
		app.Private["running"] = wanted
		return nil
	}
	action := app.String("properties", "upgradePolicy", "rollingUpgradeMonitoringPolicy", "failureAction")
	if before != "" && !strings.EqualFold(action, "Manual") {
		app.Properties()["version"] = before
	}
	return aerr
}

// checkUpgrade checks the timeouts of a monitored upgrade against its health checks. The cluster does so when an
// upgrade starts, not when the policy is set.
// Source: https://github.com/microsoft/service-fabric, RollingUpgradeMonitoringPolicy
func checkUpgrade(app *arm.Resource) *arm.Error {
	policy := jsonbody.Object(jsonbody.Object(app.Properties(), "upgradePolicy"), "rollingUpgradeMonitoringPolicy")
	if policy == nil {
		return nil
	}
	of := func(key string) time.Duration { return spanOf(jsonbody.Text(policy, key)) }
	wait := of("healthCheckWaitDuration")
	for _, check := range []string{"healthCheckRetryTimeout", "healthCheckStableDuration"} {
		for _, name := range []string{"upgradeDomainTimeout", "upgradeTimeout"} {
			if of(name) <= wait+of(check) {
				return onCluster("CreateOrUpdate", fmt.Sprintf(
					"The upgrade cannot start: %s must be longer than healthCheckWaitDuration and %s together. "+
						"Requested values: %s, %s, %s.",
					name, check, jsonbody.Text(policy, name), jsonbody.Text(policy, "healthCheckWaitDuration"),
					jsonbody.Text(policy, check)))
			}
		}
	}
	if of("upgradeTimeout") < of("upgradeDomainTimeout") {
		return onCluster("CreateOrUpdate", fmt.Sprintf(
			"The upgrade cannot start: upgradeTimeout must not be shorter than upgradeDomainTimeout. "+
				"Requested values: %s, %s.",
			jsonbody.Text(policy, "upgradeTimeout"), jsonbody.Text(policy, "upgradeDomainTimeout")))
	}
	return nil
}

// spanOf reads what timeSpan matches; what does not match is 0.
func spanOf(s string) time.Duration {
	days, clock, found := strings.Cut(s, ".")
	if !found || strings.Contains(days, ":") {
		days, clock = "0", s
	}
	clock, _, _ = strings.Cut(clock, ".")
	var d, h, m, sec int
	if _, err := fmt.Sscanf(days+":"+clock, "%d:%d:%d:%d", &d, &h, &m, &sec); err != nil {
		return 0
	}
	return time.Duration(d)*24*time.Hour + time.Duration(h)*time.Hour + time.Duration(m)*time.Minute +
		time.Duration(sec)*time.Second
}

// checkRun checks an application against the package that it is to run, and the package against the services there are.
// Source of messages: https://github.com/microsoft/service-fabric/issues/1333 and
// https://github.com/microsoft/service-fabric-healer/issues/144
func checkRun(c *arm.Call, app *arm.Resource) *arm.Error {
	version, ok := c.GetByID(app.String("properties", "version"))
	if !ok || version.String("properties", "provisioningState") != succeeded {
		return onCluster("CreateOrUpdate", "FABRIC_E_APPLICATION_TYPE_NOT_FOUND: The application type version "+
			"'"+app.String("properties", "version")+"' is not registered in the cluster.")
	}
	declared, _ := version.Private["parameters"].([]any)
	for name := range jsonbody.Object(app.Properties(), "parameters") {
		if !slices.Contains(declared, any(name)) {
			return onCluster("CreateOrUpdate", "Parameter '"+name+"' is not defined in the ApplicationManifest "+
				"file.\r\nFileName: applicationParameters")
		}
	}
	for _, service := range c.Children(app.ID, "services") {
		if kindOf(version, service.String("properties", "serviceTypeName")) == "" {
			return onCluster("CreateOrUpdate", "Services must be explicitly deleted before removing their Service "+
				"Types: '"+service.ID.Name()+"' is of type '"+service.String("properties", "serviceTypeName")+"'.")
		}
	}
	return nil
}

// kindOf is the kind of a service type in a registered version, "" for an unknown service type.
func kindOf(version *arm.Resource, serviceTypeName string) string {
	types, _ := version.Private["serviceTypes"].(map[string]any)
	return jsonbody.Text(types, serviceTypeName)
}
