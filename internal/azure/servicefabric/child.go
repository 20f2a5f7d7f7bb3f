package servicefabric

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// States of what runs on a cluster.
const (
	creating  = "Creating"
	updating  = "Updating"
	succeeded = "Succeeded"
	failed    = "Failed"
)

// jobDeploy is the work of the cluster on an application type version, an application or a service.
const jobDeploy = "deploy"

// fabricName is what applications, services, types and versions may be called: it becomes part of a fabric:/ name.
var fabricName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.~-]{0,127}$`)

func checkFabricName(name string) *arm.Error {
	if fabricName.MatchString(name) {
		return nil
	}
	return arm.BadRequest("InvalidResourceName", "The name '%s' is invalid: it must have 1 to 128 letters, digits, "+
		"'_', '.', '~' or '-' and begin with a letter or digit.", name)
}

// onCluster is the error of an operation that the cluster itself refuses, in the form in which Azure passes it on. On
// Azure all of them come from an asynchronous operation.
// Source: https://github.com/microsoft/service-fabric/issues/335 and
// https://github.com/microsoft/service-fabric-healer/issues/144
func onCluster(operation, detail string) *arm.Error {
	raw, _ := json.Marshal(detail) // a string always marshals
	return clusterError(fmt.Sprintf(
		"Resource operation failed. Operation: %s. Error details: {\r\n  \"Details\": %s\r\n}", operation, raw))
}

func clusterError(message string) *arm.Error {
	return &arm.Error{Status: http.StatusBadRequest, Code: "ClusterChildResourceOperationFailed", Message: message}
}

// begin sets a resource to work in progress and has the cluster do it: at once, or, under a latency profile, when that
// says the work is done. An upgrade takes effect at its end, when it has been through all upgrade domains.
func begin(c *arm.Call, w *arm.Write) *arm.Error {
	state, kind := creating, arm.OpCreate
	if w.Old != nil {
		kind = arm.OpUpdate
		if w.Old.String("properties", "provisioningState") == succeeded {
			state = updating
		}
	}
	w.New.Properties()["provisioningState"] = state
	if w.New.Private == nil {
		w.New.Private = map[string]any{}
	}
	w.New.Private["work"] = w.New.ETag
	return c.Enqueue(w.New.ID, jobDeploy, c.Now.Add(c.Server.Latency(w.New.ID.Type(), kind)),
		map[string]any{"work": w.New.ETag})
}

// finish does the work on a resource and records how it ended. A job may run again after it has ended: then the
// recorded result is returned. When the resource has been written again since the work began, nothing happens: that
// write has work of its own.
func finish(
	s *arm.Server, id arm.ID, payload map[string]any, apply func(c *arm.Call, r *arm.Resource) *arm.Error,
) *arm.Error {
	var result *arm.Error
	err := s.Update(func(c *arm.Call) error {
		r, ok := c.Get(id)
		if !ok || r.Private["work"] != payload["work"] {
			return nil
		}
		if r.Private["done"] == payload["work"] {
			if message, bad := r.Private["failure"].(string); bad {
				result = clusterError(message)
			}
			return nil
		}
		result = apply(c, r)
		r.Private["done"] = payload["work"]
		r.Properties()["provisioningState"] = succeeded
		delete(r.Private, "failure")
		if result != nil {
			r.Properties()["provisioningState"] = failed
			r.Private["failure"] = result.Message
		}
		if aerr := c.Save(r); aerr != nil {
			return aerr
		}
		return nil
	})
	if err != nil {
		return arm.InternalError(err)
	}
	return result
}

// deploy makes a job of a check that needs nothing but the stored resources.
func deploy(apply func(c *arm.Call, r *arm.Resource) *arm.Error) arm.Job {
	return func(_ context.Context, s *arm.Server, r *arm.Resource, payload map[string]any) *arm.Error {
		return finish(s, r.ID, payload, apply)
	}
}
