package arm

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// tableBusy holds, by resource key, the latest asynchronous operation on a resource. A record counts until its
// operation ends.
const tableBusy = "busy"

// busyRecord is an operation that works on a resource.
type busyRecord struct {
	Operation string `json:"operation"`
	// Kind is OpCreate, OpUpdate or OpDelete.
	Kind Op `json:"kind"`
	// Location is the region in the operation's URLs.
	Location string `json:"location"`
	// Ghost is the resource under deletion. It is no longer stored; GET shows it until the operation ends.
	Ghost *Resource `json:"ghost,omitempty"`
}

// occupy records that the call's operation works on a resource. An operation that has already ended is not recorded.
func (c *Call) occupy(id ID, kind Op, location string, ghost *Resource) *Error {
	if c.op == nil {
		return nil
	}
	if c.op.settle(c.Now); c.op.Status != statusInProgress {
		return nil
	}
	if err := c.Tx.Put(tableOperations, c.op.ID, c.op); err != nil {
		return InternalError(err)
	}
	if err := c.Tx.Put(tableBusy, id.Key(),
		busyRecord{Operation: c.op.ID, Kind: kind, Location: location, Ghost: ghost}); err != nil {
		return InternalError(err)
	}
	return nil
}

// busy is the operation in progress on a resource; nil without one.
func (c *Call) busy(id ID) (*busyRecord, *operation) {
	var b busyRecord
	if ok, err := c.Tx.Get(tableBusy, id.Key(), &b); err != nil || !ok {
		return nil, nil
	}
	var op operation
	if ok, err := c.Tx.Get(tableOperations, b.Operation, &op); err != nil || !ok {
		return nil, nil
	}
	op.settle(c.Now)
	if op.Status != statusInProgress {
		return nil, nil
	}
	return &b, &op
}

// ghost is the resource under deletion with this id.
func (c *Call) ghost(id ID) (*Resource, bool) {
	if b, _ := c.busy(id); b != nil && b.Ghost != nil {
		return b.Ghost, true
	}
	return nil, false
}

// checkIdle refuses a write on a resource while an operation works on it, on a resource above it, or deletes its group.
// Azure words the conflict differently from service to service; this is the network provider's wording, the most
// common.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
func (s *Server) checkIdle(c *Call, id ID) *Error {
	if id.ResourceGroup != "" {
		if b, _ := c.busy(id.Group()); b != nil && b.Kind == OpDelete {
			return Conflict("ResourceGroupBeingDeleted", "The resource group '%s' is in deprovisioning state and "+
				"cannot perform this operation.", id.ResourceGroup)
		}
	}
	for ok := true; ok; id, ok = id.Parent() {
		if b, op := c.busy(id); b != nil {
			return Conflict("AnotherOperationInProgress", "Another operation on this or dependent resource is in "+
				"progress. To retrieve status of the operation use uri: %s.",
				s.operationURL(id, b.Location, operationStatuses, op))
		}
	}
	return nil
}

// deletingAlready answers a repeated DELETE with the operation that deletes the resource.
func (s *Server) deletingAlready(c *Call, t *Type) (*reply, bool) {
	b, op := c.busy(c.ID)
	if b == nil || b.Ghost == nil || op.Caller != c.Caller.ObjectID {
		return nil, false
	}
	rep := &reply{status: http.StatusAccepted}
	if t.DeleteAsync == AzureAsyncOperation {
		rep.set("Azure-AsyncOperation", s.operationURL(b.Ghost.ID, b.Location, operationStatuses, op))
	}
	rep.set("Location", s.operationURL(b.Ghost.ID, b.Location, operationResults, op))
	s.pollAfter(rep, t.Name, op.Until.Sub(c.Now))
	return rep, true
}

// showProgress replaces a final provisioning state in a body by the state of the operation in progress, in the words
// that the type publishes. A type without published words stays as it is.
func showProgress(pub *azuretypes.Resource, kind Op, body map[string]any) {
	props, _ := body["properties"].(map[string]any)
	if state, _ := props["provisioningState"].(string); state != "Succeeded" && state != "Failed" {
		return
	}
	words := map[Op][]string{
		OpCreate: {"Creating", "ProvisioningAccount", "RegisteringDns"},
		OpUpdate: {"Updating"},
		OpDelete: {"Deleting"},
	}[kind]
	shape := pub.Body
	if v, err := shape.Variant(body); err == nil && v != nil {
		shape = v
	}
	p := shape.Prop("properties")
	if p == nil || p.Shape == nil || p.Shape.Prop("provisioningState") == nil {
		return
	}
	known := p.Shape.Prop("provisioningState").Shape.Enum
	for _, word := range words {
		if len(known) == 0 {
			props["provisioningState"] = word
			return
		}
		for _, k := range known {
			if strings.EqualFold(k, word) {
				props["provisioningState"] = k
				return
			}
		}
	}
}

// lasting is the time at which an operation that begins now ends under the server's latency.
func (s *Server) lasting(c *Call, fullType string, op Op) time.Time {
	return c.Now.Add(s.Latency(fullType, op))
}
