package storage

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// checkContainerName is the rule for container names.
func checkContainerName(name string) *arm.Error {
	if err := blob.CheckContainerName(name); err != nil {
		return arm.Errorf(err.Status, err.Code, "%s", err.Message)
	}
	return nil
}

// containerID is the id of an account's container.
func containerID(account arm.ID, name string) arm.ID {
	return account.Child("blobServices", "default").Child("containers", name)
}

// accountOf is the account that a container or what lies below it belongs to.
func accountOf(c *arm.Call, id arm.ID) (*arm.Resource, bool) {
	for {
		parent, ok := id.Parent()
		if !ok {
			return c.Get(id)
		}
		id = parent
	}
}

// putContainer completes a container as Blob Containers - Create and - Update do. A container that exists is updated.
// Source: https://learn.microsoft.com/rest/api/storagerp/blob-containers/create
func putContainer(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	jsonbody.SetDefault(props, "publicAccess", blob.PublicNone)
	jsonbody.SetDefault(props, "defaultEncryptionScope", "$account-encryption-key")
	jsonbody.SetDefault(props, "denyEncryptionScopeOverride", false)
	if props["publicAccess"] != blob.PublicNone {
		account, ok := accountOf(c, w.New.ID)
		if !ok || account.Value("properties", "allowBlobPublicAccess") != true {
			return arm.Conflict("PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
		}
	}
	if err := blob.CheckMetadata(metadataOf(props)); err != nil {
		return arm.Errorf(err.Status, err.Code, "%s", err.Message)
	}
	props["lastModifiedTime"], w.New.Body["etag"] = arm.Timestamp(c.Now), `"`+blob.ETag(c.Now)+`"`
	if !w.Create() {
		old := w.Old.Properties()
		same := true
		for _, name := range []string{"publicAccess", "metadata", "defaultEncryptionScope",
			"denyEncryptionScopeOverride", "immutableStorageWithVersioning"} {
			same = same && reflect.DeepEqual(old[name], props[name])
		}
		if same { // nothing was modified
			props["lastModifiedTime"], w.New.Body["etag"] = old["lastModifiedTime"], w.Old.Body["etag"]
		}
	}
	props["deleted"], props["remainingRetentionDays"] = false, 0
	props["hasLegalHold"] = false
	return nil
}

func metadataOf(props map[string]any) map[string]string {
	in, _ := props["metadata"].(map[string]any)
	if len(in) == 0 {
		return nil
	}
	out := map[string]string{}
	for name := range in {
		out[name] = jsonbody.Text(in, name)
	}
	return out
}

// showContainer adds what follows from the container's lease and immutability policy.
func showContainer(c *arm.Call, r *arm.Resource, body map[string]any) {
	if r.Value("properties", "deleted") == true {
		return // whatever has its name now is another one
	}
	policy, ok := c.Get(r.ID.Child("immutabilityPolicies", "default"))
	props := jsonbody.EnsureObject(body, "properties")
	lease := leaseOf(r)
	props["leaseState"], props["leaseStatus"] = capital(string(lease.State(c.Now))), capital(lease.Status(c.Now))
	if duration := lease.Duration(c.Now); duration != "" {
		props["leaseDuration"] = capital(duration)
	}
	props["hasImmutabilityPolicy"] = ok
	if ok {
		props["immutabilityPolicy"] = map[string]any{"etag": `"` + policy.ETag + `"`, "properties": policy.Properties()}
	}
}

// capital is a word of the data plane as the control plane spells it.
func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }

// deleteContainer drops the container's blobs, or keeps them with it where deleted containers are kept. A container
// that goes with its account is gone.
func (p *provider) deleteContainer(c *arm.Call, r *arm.Resource) *arm.Error {
	account, ok := accountOf(c, r.ID)
	if !ok {
		return nil // the account went before and took the blobs along
	}
	// A deletion through the data plane has no id of its own.
	if alone := c.ID.Subscription == "" || c.ID.Key() == r.ID.Key(); alone {
		// The data plane has asked for the lease's id. That the control plane refuses is documented, its status is not.
		if c.ID.Subscription != "" && leaseOf(r).Active(c.Now) {
			return arm.Conflict("LeaseIdMissing", "There is currently a lease on the container and no lease ID was "+
				"specified in the request.")
		}
		kept, err := p.bury(c, account, r)
		if err != nil {
			return arm.InternalError(err)
		}
		if kept {
			return nil
		}
	}
	if err := p.content.DropContainer(c.Tx, account.ID.Name(), r.ID.Name()); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// putImmutability completes a container's immutability policy. A locked one can only be extended.
// Source: https://learn.microsoft.com/rest/api/storagerp/blob-containers/create-or-update-immutability-policy
func putImmutability(_ *arm.Call, w *arm.Write) *arm.Error {
	if !w.Create() && w.Old.Value("properties", "state") == "Locked" {
		return lockedPolicy()
	}
	props := w.New.Properties()
	if err := checkPeriod(props["immutabilityPeriodSinceCreationInDays"]); err != nil {
		return err
	}
	props["state"] = "Unlocked"
	jsonbody.SetDefault(props, "allowProtectedAppendWrites", false)
	return nil
}

// wrongETag is the answer to a change of an immutability policy without its current etag.
// Sources: https://learn.microsoft.com/rest/api/storagerp/blob-containers/delete-immutability-policy (an etag is needed) and
// https://github.com/pulumi/pulumi-azure-native/pull/2154 (the answer).
func wrongETag() *arm.Error {
	return arm.Errorf(http.StatusPreconditionFailed, "ContainerImmutabilityPolicyFailure",
		"Operation not allowed on immutability policy with incorrect etag.")
}

func lockedPolicy() *arm.Error {
	return arm.Conflict("ContainerImmutabilityPolicyFailure", "The operation is not permitted because the "+
		"immutability policy is locked: it can only be extended.")
}

// checkPeriod is the rule for a retention interval.
// Source: https://learn.microsoft.com/azure/storage/blobs/immutable-time-based-retention-policy-overview
func checkPeriod(v any) *arm.Error {
	if days, ok := v.(float64); !ok || days < 1 || days > 146000 {
		return arm.BadRequest("InvalidRequestPropertyValue", "The property "+
			"'properties.immutabilityPeriodSinceCreationInDays' must be between 1 and 146000.")
	}
	return nil
}

func showImmutability(_ *arm.Call, r *arm.Resource, body map[string]any) {
	body["etag"] = `"` + r.ETag + `"`
}

// deleteImmutability refuses to delete a policy that still protects blobs: a locked policy stays, and a container with
// a policy goes only when it is empty.
// Source: https://learn.microsoft.com/azure/storage/blobs/immutable-container-level-worm-policies
func (p *provider) deleteImmutability(c *arm.Call, r *arm.Resource) *arm.Error {
	if c.ID.Key() == r.ID.Key() {
		if r.Value("properties", "state") == "Locked" {
			return lockedPolicy()
		}
		return nil
	}
	container, _ := r.ID.Parent()
	account, ok := accountOf(c, r.ID)
	if !ok {
		return nil
	}
	empty, err := p.content.Empty(c.Tx, account.ID.Name(), container.Name())
	if err != nil {
		return arm.InternalError(err)
	}
	if !empty {
		return arm.Conflict("ContainerProtectedFromDeletion", "The storage container %s in account %s is protected "+
			"from deletion due to immutability.", container.Name(), account.ID.Name())
	}
	return nil
}

// lockImmutability answers Blob Containers - Lock Immutability Policy.
// Source: https://learn.microsoft.com/rest/api/storagerp/blob-containers/lock-immutability-policy
func lockImmutability(c *arm.Call, r *arm.Resource, _ map[string]any) (any, *arm.Error) {
	r.Properties()["state"] = "Locked"
	return saveImmutability(c, r)
}

// extendImmutability answers Blob Containers - Extend Immutability Policy.
// Source: https://learn.microsoft.com/rest/api/storagerp/blob-containers/extend-immutability-policy
func extendImmutability(c *arm.Call, r *arm.Resource, body map[string]any) (any, *arm.Error) {
	asked, _ := body["properties"].(map[string]any)
	days := asked["immutabilityPeriodSinceCreationInDays"]
	if err := checkPeriod(days); err != nil {
		return nil, err
	}
	if r.Value("properties", "state") != "Locked" {
		return nil, arm.Conflict("ContainerImmutabilityPolicyFailure",
			"The immutability policy is not locked: update it instead of extending it.")
	}
	if was, _ := r.Value("properties", "immutabilityPeriodSinceCreationInDays").(float64); days.(float64) < was {
		return nil, arm.Conflict("ContainerImmutabilityPolicyFailure",
			"The retention period of a locked immutability policy cannot be shortened.")
	}
	r.Properties()["immutabilityPeriodSinceCreationInDays"] = days
	return saveImmutability(c, r)
}

func saveImmutability(c *arm.Call, r *arm.Resource) (any, *arm.Error) {
	if err := c.Save(r); err != nil {
		return nil, err
	}
	return map[string]any{"id": r.ID.String(), "name": r.ID.Name(), "type": r.ID.Type(), "etag": `"` + r.ETag + `"`,
		"properties": r.Properties()}, nil
}
