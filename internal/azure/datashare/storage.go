package datashare

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

const (
	readBlobs  = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"
	writeBlobs = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"
)

// place is where the blobs of a data set lie or those of a mapping land: one blob, a folder, or a whole container.
type place struct {
	kind      string
	account   arm.ID
	container string
	// path is the blob's name, or the folder without a slash at its end; "" for a container.
	path string
}

// placeOf reads the place from a data set or a data set mapping. Kinds other than the three of plain blob accounts
// exist on Azure (Data Lake, SQL, Synapse, Kusto) but have no data plane here.
func placeOf(r *arm.Resource) (place, *arm.Error) {
	props := r.Properties()
	kind, _ := r.Body["kind"].(string)
	pl := place{
		kind: kind,
		account: arm.ID{
			Subscription:  jsonbody.Text(props, "subscriptionId"),
			ResourceGroup: jsonbody.Text(props, "resourceGroup"),
			Namespace:     "Microsoft.Storage",
			Types:         []string{"storageAccounts"},
			Names:         []string{jsonbody.Text(props, "storageAccountName")},
		},
		container: jsonbody.Text(props, "containerName"),
	}
	need := []string{"subscriptionId", "resourceGroup", "storageAccountName", "containerName"}
	switch kind {
	case "Blob":
		pl.path = strings.TrimPrefix(jsonbody.Text(props, "filePath"), "/")
		need = append(need, "filePath")
	case "BlobFolder":
		pl.path = strings.Trim(jsonbody.Text(props, "prefix"), "/")
		need = append(need, "prefix")
	case "Container":
	default:
		return pl, arm.BadRequest("DataSetKindNotSupported",
			"Data sets and mappings of kind '%s' are not served by this endpoint, which has blob storage only: use "+
				"'Blob', 'BlobFolder' or 'Container'.", kind)
	}
	for _, n := range need {
		if jsonbody.Text(props, n) == "" {
			return pl, arm.BadRequest("InvalidRequestContent", "The property '%s' is required for kind '%s' and must "+
				"not be empty.", n, kind)
		}
	}
	return pl, nil
}

// storedPlaceOf is placeOf with the names as they are stored.
func storedPlaceOf(c *arm.Call, r *arm.Resource) (place, *arm.Error) {
	pl, err := placeOf(r)
	return pl.stored(c), err
}

func (pl place) containerID() arm.ID {
	return pl.account.Child("blobServices", "default").Child("containers", pl.container)
}

// stored is the place with the names in the letter case in which account and container are stored: ids are found
// whatever the case, blobs are not.
func (pl place) stored(c *arm.Call) place {
	if r, ok := c.Get(pl.account); ok {
		pl.account = r.ID
	}
	if r, ok := c.Get(pl.containerID()); ok {
		pl.container = r.ID.Name()
	}
	return pl
}

func (pl place) key(name string) blob.Key {
	return blob.Key{Account: strings.ToLower(pl.account.Name()), Container: pl.container, Name: name}
}

// prefix is the common prefix of the names of the place's blobs.
func (pl place) prefix() string {
	if pl.kind == "BlobFolder" && pl.path != "" {
		return pl.path + "/"
	}
	return pl.path
}

// target is the blob's key at the place to which the source is mapped: a single blob takes the mapped name, the others
// keep their names below the mapped folder or container.
func (pl place) target(from place, name string) blob.Key {
	if pl.kind == "Blob" {
		return pl.key(pl.path)
	}
	return pl.key(pl.prefix() + strings.TrimPrefix(name, from.prefix()))
}

// check refuses a place that the caller may not see, that is not there, or where the account's identity may not do the
// blob data action yet.
//
// Code and message 5006: https://github.com/Azure/azure-rest-api-specs/issues/9010. The published sources do not give
// its HTTP status; a missing permission is answered with 403 here. The check of the identity comes before that of the
// container, which the service can only see with the permission.
func (p *provider) check(c *arm.Call, pl place, principalID, dataAction string) *arm.Error {
	id := pl.account.String()
	if !p.dir.Allowed(c.Tx, c.Caller.ObjectID, id, "Microsoft.Storage/storageAccounts/write", false) {
		return arm.Errorf(http.StatusForbidden, "LinkedAuthorizationFailed",
			"The client '%s' with object id '%s' has permission to perform the action on scope '%s'; however, it "+
				"does not have permission to perform action 'Microsoft.Storage/storageAccounts/write' on the linked "+
				"scope '%s'.",
			c.Caller.ClientID, c.Caller.ObjectID, c.ID, id)
	}
	account, ok := c.Get(pl.account)
	if !ok {
		return arm.NotFound(pl.account)
	}
	if err := admitted(account, top(c.ID, 1)); err != nil {
		return err
	}
	if !p.dir.Allowed(c.Tx, principalID, account.ID.String(), dataAction, true) {
		return missingPermissions(account.ID)
	}
	return pl.stored(c).checkContainer(c)
}

// checkContainer refuses a place whose container is missing.
func (pl place) checkContainer(c *arm.Call) *arm.Error {
	_, err := pl.instance(c)
	return err
}

// instance is that of the place's container, which is another one after the container, or its account, was deleted.
func (pl place) instance(c *arm.Call) (string, *arm.Error) {
	r, ok := c.Get(pl.containerID())
	if !ok {
		return "", arm.Errorf(http.StatusNotFound, "ContainerNotFound", "The specified container '%s' does not exist "+
			"in storage account '%s'.", pl.container, pl.account.Name())
	}
	return r.Instance(), nil
}

// mayReplace refuses to overwrite a blob that somebody has a lease on, or that its container keeps immutable.
// Sources: https://learn.microsoft.com/rest/api/storageservices/lease-blob and
// https://learn.microsoft.com/azure/storage/blobs/immutable-storage-overview
func (pl place) mayReplace(c *arm.Call, old *blob.Properties) *arm.Error {
	if refused := old.Lease.Permits("", true, c.Now); refused != nil {
		return arm.Errorf(refused.Status, refused.Code, "%s", refused.Message)
	}
	policy, ok := c.Get(pl.containerID().Child("immutabilityPolicies", "default"))
	if !ok {
		return nil
	}
	days, _ := policy.Value("properties", "immutabilityPeriodSinceCreationInDays").(float64)
	if c.Now.Before(old.CreatedAt.Add(time.Duration(days) * 24 * time.Hour)) {
		return arm.Conflict("BlobImmutableDueToPolicy", "This operation is not permitted as the blob is immutable due "+
			"to a policy.")
	}
	return nil
}

// admitted checks that a storage account's firewall lets a Data Share account in: as a trusted service, or by a rule of
// its own. The code is that with which storage refuses; what Data Share makes of it is not published.
// Source: https://learn.microsoft.com/azure/storage/common/storage-network-security-trusted-azure-services
func admitted(storage *arm.Resource, dataShare arm.ID) *arm.Error {
	rules, _ := storage.Value("properties", "networkAcls").(map[string]any)
	bypass, given := rules["bypass"].(string)
	if !strings.EqualFold(jsonbody.Text(rules, "defaultAction"), "Deny") || !given ||
		strings.Contains(strings.ToLower(bypass), "azureservices") {
		return nil
	}
	for _, rule := range jsonbody.Objects(rules, "resourceAccessRules") {
		if strings.EqualFold(jsonbody.Text(rule, "resourceId"), dataShare.String()) {
			return nil
		}
	}
	return arm.Errorf(http.StatusForbidden, "AuthorizationFailure",
		"This request is not authorized to perform this operation. The firewall of storage account '%s' keeps Azure "+
			"Data Share out: add 'AzureServices' to its networkAcls.bypass.", storage.ID.Name())
}

func missingPermissions(storage arm.ID) *arm.Error {
	return arm.Errorf(http.StatusForbidden, "5006", "Missing permissions for DataShareAccount on resource '%s'",
		storage)
}
