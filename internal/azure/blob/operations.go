package blob

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Category is where the resource log files an operation.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/microsoft-storage-storageaccounts-blobservices-logs
type Category string

// The categories of the blob service's log.
const (
	StorageRead   Category = "StorageRead"
	StorageWrite  Category = "StorageWrite"
	StorageDelete Category = "StorageDelete"
)

// Operation is an operation of the Blob service under the name that its log gives it.
// Source: https://learn.microsoft.com/azure/storage/blobs/map-rest-apis-transaction-categories, "Logged operation"
type Operation struct {
	Name     string
	Category Category
}

// Operations that other services do on blobs for their users.
var (
	GetBlob = Operation{"GetBlob", StorageRead}
	PutBlob = Operation{"PutBlob", StorageWrite}
)

// unknown is logged for requests that are no operation of the service.
func unknown(method string) Operation {
	category := StorageWrite
	switch method {
	case http.MethodGet, http.MethodHead:
		category = StorageRead
	case http.MethodDelete:
		category = StorageDelete
	}
	return Operation{"Unknown", category}
}

// level is what an operation is about.
type level int

const (
	levelService level = iota
	levelContainer
	levelBlob
)

// letter is the level's letter in an account SAS's resource types.
func (l level) letter() string { return [...]string{"s", "c", "o"}[l] }

// level is the level of the URL.
func (t target) level() level {
	switch {
	case t.container == "":
		return levelService
	case t.blob == "":
		return levelContainer
	}
	return levelBlob
}

// permission is the permission that a caller needs for an operation.
// Sources: https://learn.microsoft.com/rest/api/storageservices/create-service-sas and create-account-sas for
// signatures, https://learn.microsoft.com/rest/api/storageservices/authorize-with-azure-active-directory for actions.
type permission struct {
	level level
	// sas are letters of which a signature must have one.
	sas string
	// containerSAS says that a service SAS for the container covers the operation although it is on no blob.
	containerSAS bool
	// public is the level of public access at which everyone may call the operation; empty requires credentials.
	public string
	// action is the action that a bearer token's principal needs; data says that it is a data action.
	action string
	data   bool
	// tokenOnly refuses all who have not signed in with a token.
	tokenOnly bool
}

const containersPrefix = "Microsoft.Storage/storageAccounts/blobServices/containers/"

var (
	toListContainers = permission{level: levelService, sas: "l", action: containersPrefix + "read"}
	toReadAccount    = permission{level: levelService, sas: "rwdlacup", action: containersPrefix + "read"}

	toDelegate = permission{level: levelService, tokenOnly: true,
		action: "Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action"}

	toCreateContainer = permission{level: levelContainer, sas: "cw", action: containersPrefix + "write"}
	toChangeContainer = permission{level: levelContainer, sas: "w", action: containersPrefix + "write"}
	toDeleteContainer = permission{level: levelContainer, sas: "d", action: containersPrefix + "delete"}
	toReadContainer   = permission{level: levelContainer, sas: "r", public: PublicContainer,
		action: containersPrefix + "read"}
	toListBlobs = permission{level: levelContainer, sas: "l", containerSAS: true, public: PublicContainer,
		action: containersPrefix + "blobs/read", data: true}

	toReadBlob = permission{level: levelBlob, sas: "r", public: PublicBlob, action: containersPrefix + "blobs/read",
		data: true}
	toCreateBlob = permission{level: levelBlob, sas: "cw", action: containersPrefix + "blobs/write", data: true}
	toChangeBlob = permission{level: levelBlob, sas: "w", action: containersPrefix + "blobs/write", data: true}
	toReadTags   = permission{level: levelBlob, sas: "t", action: containersPrefix + "blobs/tags/read", data: true}
	toSetTags    = permission{level: levelBlob, sas: "t", action: containersPrefix + "blobs/tags/write", data: true}
	toListTags   = permission{level: levelContainer, sas: "t", containerSAS: true,
		action: containersPrefix + "blobs/tags/read", data: true}
	toFindInAccount = permission{level: levelService, sas: "f", action: containersPrefix + "blobs/filter/action",
		data: true}
	toFindInContainer = permission{level: levelContainer, sas: "f", containerSAS: true,
		action: containersPrefix + "blobs/filter/action", data: true}
	toDeleteBlob    = permission{level: levelBlob, sas: "d", action: containersPrefix + "blobs/delete", data: true}
	toDeleteVersion = permission{level: levelBlob, sas: "x",
		action: containersPrefix + "blobs/deleteBlobVersion/action", data: true}
)

// operation is one row of the table of operations: its requests, their permission and their handler.
type operation struct {
	Operation
	// methods, restype and comp identify its requests on the permission's level. A blob's restype is ignored.
	methods       []string
	restype, comp string
	// header and query name a header and a parameter that a request must have as well; empty requires none. The header
	// may have to have a value.
	header, value, query string
	permission           permission
	// versions and snapshots say that the operation takes a versionid and a snapshot.
	versions, snapshots bool
	// run answers requests; nil for operations of the service that are not implemented here.
	run func(*exchange) error
}

var (
	get     = []string{http.MethodGet}
	getHead = []string{http.MethodGet, http.MethodHead}
	head    = []string{http.MethodHead}
	post    = []string{http.MethodPost}
	put     = []string{http.MethodPut}
	remove  = []string{http.MethodDelete}
)

// operations are all operations of the service: routing, authorization and the log go by this table alone. Of rows that
// fit a request the first counts.
var operations = append(leaseOperations(), []operation{
	{Operation: Operation{"ListContainers", StorageRead}, methods: get, comp: "list",
		permission: toListContainers, run: (*exchange).listContainers},
	{Operation: Operation{"GetAccountInformation", StorageRead}, methods: getHead, restype: "account",
		comp: "properties", permission: toReadAccount, run: (*exchange).accountInfo},
	{Operation: Operation{"GetBlobServiceProperties", StorageRead}, methods: get, restype: "service",
		comp: "properties", permission: permission{level: levelService}},
	{Operation: Operation{"SetBlobServiceProperties", StorageWrite}, methods: put, restype: "service",
		comp: "properties", permission: permission{level: levelService}},

	{Operation: Operation{"GetUserDelegationKey", StorageRead}, methods: post, restype: "service",
		comp: "userdelegationkey", permission: toDelegate, run: (*exchange).userDelegationKey},

	{Operation: Operation{"CreateContainer", StorageWrite}, methods: put, restype: "container",
		permission: toCreateContainer, run: (*exchange).createContainer},
	{Operation: Operation{"DeleteContainer", StorageDelete}, methods: remove, restype: "container",
		permission: toDeleteContainer, run: (*exchange).deleteContainer},
	{Operation: Operation{"GetContainerProperties", StorageRead}, methods: getHead, restype: "container",
		permission: toReadContainer, run: (*exchange).containerProperties},
	{Operation: Operation{"GetContainerMetadata", StorageRead}, methods: getHead, restype: "container",
		comp: "metadata", permission: toReadContainer, run: (*exchange).containerProperties},
	{Operation: Operation{"SetContainerMetadata", StorageWrite}, methods: put, restype: "container", comp: "metadata",
		permission: toChangeContainer, run: (*exchange).setContainerMetadata},
	{Operation: Operation{"RestoreContainer", StorageWrite}, methods: put, restype: "container", comp: "undelete",
		permission: toChangeContainer, run: (*exchange).restoreContainer},
	{Operation: Operation{"ListBlobs", StorageRead}, methods: get, restype: "container", comp: "list",
		permission: toListBlobs, run: (*exchange).listBlobs},
	{Operation: Operation{"GetContainerACL", StorageRead}, methods: getHead, restype: "container", comp: "acl",
		permission: permission{level: levelContainer}},
	{Operation: Operation{"SetContainerACL", StorageWrite}, methods: put, restype: "container", comp: "acl",
		permission: permission{level: levelContainer}},

	{Operation: GetBlob, methods: get, permission: toReadBlob, versions: true, snapshots: true,
		run: (*exchange).getBlob},
	{Operation: Operation{"GetBlobProperties", StorageRead}, methods: head, permission: toReadBlob, versions: true,
		snapshots: true, run: (*exchange).blobProperties},
	{Operation: Operation{"GetBlobMetadata", StorageRead}, methods: getHead, comp: "metadata",
		permission: toReadBlob, versions: true, snapshots: true, run: (*exchange).blobProperties},
	{Operation: Operation{"GetBlockList", StorageRead}, methods: get, comp: "blocklist", permission: toReadBlob,
		snapshots: true, run: (*exchange).getBlockList},
	{Operation: Operation{"CopyBlob", StorageWrite}, methods: put, header: "x-ms-copy-source",
		permission: toCreateBlob, run: (*exchange).copyBlob},
	{Operation: PutBlob, methods: put, permission: toCreateBlob, run: (*exchange).putBlob},
	{Operation: Operation{"PutBlock", StorageWrite}, methods: put, comp: "block", permission: toCreateBlob,
		run: (*exchange).putBlock},
	{Operation: Operation{"PutBlockList", StorageWrite}, methods: put, comp: "blocklist", permission: toCreateBlob,
		run: (*exchange).putBlockList},
	{Operation: Operation{"SetBlobMetadata", StorageWrite}, methods: put, comp: "metadata",
		permission: toChangeBlob, run: (*exchange).setMetadata},
	{Operation: Operation{"SetBlobProperties", StorageWrite}, methods: put, comp: "properties",
		permission: toChangeBlob, run: (*exchange).setHeaders},
	{Operation: Operation{"SetBlobTier", StorageWrite}, methods: put, comp: "tier", permission: toChangeBlob,
		run: (*exchange).setTier},
	{Operation: Operation{"UndeleteBlob", StorageWrite}, methods: put, comp: "undelete", permission: toChangeBlob,
		run: (*exchange).undelete},
	{Operation: Operation{"DeleteBlob", StorageDelete}, methods: remove, query: "versionid",
		permission: toDeleteVersion, versions: true, run: (*exchange).deleteBlob},
	{Operation: Operation{"DeleteBlob", StorageDelete}, methods: remove, permission: toDeleteBlob,
		snapshots: true, run: (*exchange).deleteBlob},
	{Operation: Operation{"GetBlobTags", StorageRead}, methods: get, comp: "tags", permission: toReadTags,
		versions: true, snapshots: true, run: (*exchange).getTags},
	{Operation: Operation{"SetBlobTags", StorageWrite}, methods: put, comp: "tags", permission: toSetTags,
		run: (*exchange).setTags},
	{Operation: Operation{"FindBlobsByTags", StorageRead}, methods: get, comp: "blobs", permission: toFindInAccount,
		run: (*exchange).findByTags},
	{Operation: Operation{"FindBlobsByTags", StorageRead}, methods: get, restype: "container", comp: "blobs",
		permission: toFindInContainer, run: (*exchange).findByTags},
	{Operation: Operation{"SnapshotBlob", StorageWrite}, methods: put, comp: "snapshot", permission: toCreateBlob,
		run: (*exchange).snapshotBlob},
}...)

const leaseHeader = "x-ms-lease-action"

// leaseOperations are the operations on leases, of blobs and of containers.
func leaseOperations() (out []operation) {
	for _, action := range []string{"Acquire", "Renew", "Change", "Release", "Break"} {
		onBlob, onContainer := toChangeBlob, toChangeContainer
		if action == "Break" { // the permission to delete includes it
			onBlob.sas, onContainer.sas = "wd", "wd"
		}
		value := strings.ToLower(action)
		out = append(out,
			operation{Operation: Operation{action + "BlobLease", StorageWrite}, methods: put, comp: "lease",
				header: leaseHeader, value: value, permission: onBlob, run: (*exchange).leaseBlob},
			operation{Operation: Operation{action + "ContainerLease", StorageWrite}, methods: put, restype: "container",
				comp: "lease", header: leaseHeader, value: value, permission: onContainer,
				run: (*exchange).leaseContainer})
	}
	return out
}

// route finds the operation of a request. An unknown operation is nil and an error; one that is not implemented here is
// returned with an error.
func route(t target, r *http.Request, q url.Values) (*operation, *Error) {
	level, restype, comp := t.level(), q.Get("restype"), q.Get("comp")
	if level == levelBlob {
		restype = ""
	}
	otherMethod, otherValue := false, ""
	for i := range operations {
		op := &operations[i]
		if op.permission.level != level || op.restype != restype || op.comp != comp {
			continue
		}
		if !op.takes(r, q) {
			if op.value != "" && slices.Contains(op.methods, r.Method) {
				otherValue = op.header
				continue
			}
			otherMethod = otherMethod || op.run != nil
			continue
		}
		if op.run == nil {
			return op, errQueryValue("comp")
		}
		return op, nil
	}
	switch {
	case otherValue != "" && r.Header.Get(otherValue) == "":
		return nil, errMissingHeader(otherValue)
	case otherValue != "":
		return nil, errHeaderValue(otherValue)
	case otherMethod:
		return nil, errMethod
	case comp != "":
		return nil, errQueryValue("comp")
	}
	return nil, errInvalidURI
}

// takes reports whether a request on the operation's URL is one of its own.
func (o *operation) takes(r *http.Request, q url.Values) bool {
	return slices.Contains(o.methods, r.Method) && (o.header == "" || r.Header.Get(o.header) != "") &&
		(o.value == "" || strings.EqualFold(r.Header.Get(o.header), o.value)) &&
		(o.query == "" || q.Has(o.query))
}

// Endpoint is a line of the table of operations: a request that is one, and the permission that it needs.
type Endpoint struct {
	Operation
	// Method, Query and Header are those of the request.
	Method string
	Query  url.Values
	Header http.Header
	// Container and Blob say that the URL names one.
	Container, Blob bool
	// Action is what a token's principal needs; Data says that it is a data action. TokenOnly refuses other callers.
	Action          string
	Data, TokenOnly bool
}

// API lists the operations that are served, one line for each method.
func API() (out []Endpoint) {
	for _, op := range operations {
		if op.run == nil {
			continue
		}
		for _, method := range op.methods {
			e := Endpoint{Operation: op.Operation, Method: method, Query: url.Values{}, Header: http.Header{},
				Container: op.permission.level >= levelContainer, Blob: op.permission.level == levelBlob,
				Action: op.permission.action, Data: op.permission.data, TokenOnly: op.permission.tokenOnly}
			for name, value := range map[string]string{"restype": op.restype, "comp": op.comp, op.query: "1"} {
				if name != "" && value != "" {
					e.Query.Set(name, value)
				}
			}
			if op.header != "" {
				e.Header.Set(op.header, cmp.Or(op.value, "1"))
			}
			out = append(out, e)
		}
	}
	return out
}
