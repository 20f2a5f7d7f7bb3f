package blob

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Errors of Content. They are wrapped: compare with errors.Is.
var (
	// ErrNotFound means that the blob does not exist.
	ErrNotFound = errors.New("the blob does not exist")
	// ErrMD5Mismatch means that the bytes received do not have the MD5 that was announced.
	ErrMD5Mismatch = errors.New("the bytes do not have the announced MD5")
	// ErrInvalidName means that a part of a key is empty or invalid.
	ErrInvalidName = errors.New("the blob name is not valid")
	// ErrInvalidBlock means that a block list names a block that does not exist.
	ErrInvalidBlock = errors.New("the block list names an unknown block")
)

// Key names a blob, or one of its versions, or a snapshot of it.
type Key struct{ Account, Container, Name, Version, Snapshot string }

// String renders the key as account/container/name, without version and snapshot.
func (k Key) String() string { return k.Account + "/" + k.Container + "/" + k.Name }

// check refuses keys that would not round-trip through the table: accounts and containers hold no slash, a name is
// 1 to 1024 characters
// (learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata).
func (k Key) check() error {
	switch {
	case k.Account == "" || k.Container == "" || strings.ContainsAny(k.Account+k.Container, "/\x00"):
		return fmt.Errorf("%w: %q", ErrInvalidName, k)
	case k.Name == "" || len([]rune(k.Name)) > 1024 || strings.ContainsRune(k.Name, 0):
		return fmt.Errorf("%w: %q", ErrInvalidName, k)
	}
	return nil
}

// Headers are the HTTP headers that are stored with a blob and given back when it is read.
type Headers struct {
	ContentType        string `json:"contentType,omitempty"`
	ContentEncoding    string `json:"contentEncoding,omitempty"`
	ContentLanguage    string `json:"contentLanguage,omitempty"`
	ContentDisposition string `json:"contentDisposition,omitempty"`
	CacheControl       string `json:"cacheControl,omitempty"`
	// ContentMD5 is the MD5 kept with the blob: computed when it was written in one piece, the writer's own otherwise.
	ContentMD5 []byte `json:"contentMD5,omitempty"`
}

// Block is one committed or staged block of a block blob.
type Block struct {
	// ID is the block's base64 name.
	ID   string `json:"id"`
	Size int64  `json:"size"`
}

// Properties describe a stored blob.
type Properties struct {
	Headers
	// Size is in bytes.
	Size int64 `json:"size"`
	// SHA256 is the content's digest in lower-case hexadecimal.
	SHA256 string `json:"sha256"`
	// ETag is without quotes, and differs between any two writes.
	ETag string `json:"etag"`
	// CreatedAt is when a blob of this name was first written; LastModified when it last was (content, headers or
	// metadata).
	CreatedAt    time.Time         `json:"createdAt"`
	LastModified time.Time         `json:"lastModified"`
	Metadata     map[string]string `json:"metadata,omitempty"`
	// Tags are the index tags, by which blobs are found.
	Tags map[string]string `json:"tags,omitempty"`
	// Tier is the access tier that was set on the blob; empty when it follows the account's.
	Tier string `json:"tier,omitempty"`
	// Blocks are the committed blocks in order; none for a blob written in one piece.
	Blocks []Block `json:"blocks,omitempty"`
	// CopySource and CopyID describe the copy that made the blob, if one did.
	CopySource string `json:"copySource,omitempty"`
	CopyID     string `json:"copyId,omitempty"`
	// VersionID is the version's id where the account keeps versions, else empty.
	VersionID string `json:"versionId,omitempty"`
	// Lease is the lease on the blob; nil without one. Versions and deleted blobs have none.
	Lease *Lease `json:"lease,omitempty"`
	// Snapshot is the time of the snapshot that this is; empty for a blob and its versions.
	Snapshot string `json:"snapshot,omitempty"`
	// Deleted is the time of its deletion, Purge the end of its retention; both are nil unless it was deleted.
	Deleted *time.Time `json:"deleted,omitempty"`
	Purge   *time.Time `json:"purge,omitempty"`
}

// Item is one blob in a listing.
type Item struct {
	Name string
	Properties
	// Current says, in listings with versions, that this is the blob itself.
	Current bool
}

// PutOptions say how a blob is written. The zero value is a plain overwrite.
type PutOptions struct {
	Headers  Headers
	Metadata map[string]string
	Tags     map[string]string
	Tier     string
	// CopySource is recorded with the blob as the place that it was copied from.
	CopySource string
	// MD5, if set, must be the MD5 of the bytes, or the write fails with ErrMD5Mismatch.
	MD5 []byte
	// Check, if set, runs in the transaction that makes the write visible, with the blob that it replaces (nil if
	// none). Its error refuses the write. Conditional requests and the container's existence are decided here.
	Check func(tx *store.Tx, old *Properties) error
	// Now is the time of the write; zero means the present.
	Now time.Time
}
