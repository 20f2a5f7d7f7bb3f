package blob

import (
	"errors"
	"net/netip"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Errors that Accounts answers with; compare with errors.Is.
var (
	// ErrContainerExists refuses a second container of the same name.
	ErrContainerExists = errors.New("the container exists already")
	// ErrContainerNotFound means that the container does not exist.
	ErrContainerNotFound = errors.New("the container does not exist")
)

// Account is a storage account as the data plane needs it.
type Account struct {
	Name string
	// ID is the account's resource id.
	ID string
	// Instance tells the account from others that have had its name.
	Instance string
	// TenantID is the tenant whose tokens the account takes; empty takes those of any tenant.
	TenantID string
	// Keys are the account keys, decoded.
	Keys [][]byte
	// Delegation is the secret that user delegation keys are made of; empty while none has been given out.
	Delegation []byte
	// SharedKey says whether Shared Key and signatures made with an account key are accepted (allowSharedKeyAccess).
	SharedKey bool
	// HTTPSOnly refuses plain HTTP (supportsHttpsTrafficOnly).
	HTTPSOnly bool
	// PublicAccess says whether containers may be public at all (allowBlobPublicAccess).
	PublicAccess bool
	// ReadableSecondary says that reads are served at the account's name with "-secondary" too (RA-GRS, RA-GZRS).
	ReadableSecondary bool
	// HierarchicalNamespace is shown to clients (isHnsEnabled).
	HierarchicalNamespace bool
	// Closed says that network rules admit only callers whose addresses are Admitted.
	Closed   bool
	Admitted []netip.Prefix
	// Kind, SKU and AccessTier are shown to clients: "StorageV2", "Standard_LRS", "Hot".
	Kind, SKU, AccessTier string
}

// Public access levels of a container.
const (
	PublicNone      = "None"
	PublicBlob      = "Blob"
	PublicContainer = "Container"
)

// Container is a blob container.
type Container struct {
	Name string
	// ID is the container's resource id, the scope of role assignments.
	ID string
	// Instance tells the container from others that have had its name.
	Instance string
	// ETag is without quotes.
	ETag         string
	LastModified time.Time
	Metadata     map[string]string
	// PublicAccess is PublicNone, PublicBlob or PublicContainer.
	PublicAccess string
	// Lease is the lease on the container; nil without one.
	Lease *Lease
	// Immutable is the time after its creation for which a blob cannot be changed or deleted; 0 is no protection.
	Immutable time.Duration
	// Version, Deleted and Purge are of a deleted container: its id among those of its name, when it was deleted and
	// until when it can be restored.
	Version        string
	Deleted, Purge time.Time
}

// Accounts knows storage accounts and their containers. Containers are resources of the control plane, so the data
// plane's own operations on them pass through here. Every question about an account is about the very one that Account
// found: an account that was deleted has no containers, although another may have its name by now.
type Accounts interface {
	// Account finds an account by name.
	Account(name string) (Account, bool)
	// Container finds a container. With a tx it reads within that transaction; tx may be nil.
	Container(tx *store.Tx, of Account, name string) (Container, bool)
	// Containers lists an account's containers in name order.
	Containers(of Account) ([]Container, error)
	// CreateContainer makes a container with the name, metadata and public access of c, or returns ErrContainerExists,
	// or an *Error that the client receives unchanged.
	CreateContainer(of Account, c Container) (Container, error)
	// ChangeContainer lets change alter a container's metadata and lease, in one transaction. It returns
	// ErrContainerNotFound, or the error of change.
	ChangeContainer(of Account, name string, change func(c *Container) error) (Container, error)
	// DeleteContainer removes a container with its blobs unless check refuses, or returns ErrContainerNotFound or an
	// *Error.
	DeleteContainer(of Account, name string, check func(c Container) error) error
	// DelegationSecret is the account's Delegation, made if it has none yet.
	DelegationSecret(of Account) ([]byte, error)
	// DeletedContainers lists the deleted containers that can be restored, by name and then by version.
	DeletedContainers(of Account) ([]Container, error)
	// RestoreContainer brings a deleted container back under the name destination, or returns ErrContainerNotFound when
	// no deleted one matches, ErrContainerExists when the name is taken, or an *Error.
	RestoreContainer(of Account, name, version, destination string) (Container, error)
}

// Authorizer decides about bearer tokens.
type Authorizer interface {
	// Bearer verifies a token for Azure Storage and returns the principal that it was issued to.
	Bearer(token string) (Caller, error)
	// Claimed is the principal that a token names, without verifying it, for the log; empty if it cannot be read.
	Claimed(token string) Caller
	// Allowed reports whether the principal may do the action (a data action when data is set) at the scope, a resource
	// id.
	Allowed(principalObjectID, scope, action string, data bool) bool
}
