package blob

import (
	"net/http"
	"strconv"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// setMetadata is Set Blob Metadata: https://learn.microsoft.com/rest/api/storageservices/set-blob-metadata
func (x *exchange) setMetadata() error {
	metadata, e := metadataOf(x.r.Header)
	if e != nil {
		return e
	}
	return x.change(ChangeMetadata, http.StatusOK, func(p *Properties) { p.Metadata = metadata })
}

// setHeaders is Set Blob Properties: it sets the headers in the request and clears all others.
// Source: https://learn.microsoft.com/rest/api/storageservices/set-blob-properties
func (x *exchange) setHeaders() error {
	headers, e := headersOf(x.r.Header, false)
	if e != nil {
		return e
	}
	return x.change(ChangeHeaders, http.StatusOK, func(p *Properties) { p.Headers = headers })
}

// setTier is Set Blob Tier: https://learn.microsoft.com/rest/api/storageservices/set-blob-tier
func (x *exchange) setTier() error {
	tier, e := tierOf(x.r.Header)
	if e != nil {
		return e
	}
	if tier == "" {
		return errMissingHeader("x-ms-access-tier")
	}
	return x.change(ChangeTier, http.StatusOK, func(p *Properties) { p.Tier = tier })
}

func (x *exchange) change(kind ChangeKind, status int, change func(*Properties)) error {
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	if _, err := x.containerIn(nil); err != nil {
		return err
	}
	check := x.mayWrite(c)
	p, err := x.content.Change(x.t.key(), x.at, kind, func(tx *store.Tx, p *Properties) error {
		if kind == ChangeTier { // neither conditions, a lease nor a policy keep a blob from being moved
			check = func(tx *store.Tx, p *Properties) error {
				if err := x.mayStage(tx); err != nil {
					return err
				}
				return x.mayUse(p, false)
			}
		}
		if err := check(tx, p); err != nil {
			return err
		}
		change(p)
		return nil
	})
	if err != nil {
		return err
	}
	if kind != ChangeTier {
		x.stamp(p)
		x.w.Header().Set("x-ms-request-server-encrypted", "true")
	}
	x.w.WriteHeader(status)
	return nil
}

// deleteBlob is Delete Blob: https://learn.microsoft.com/rest/api/storageservices/delete-blob
func (x *exchange) deleteBlob() error {
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	if _, err := x.containerIn(nil); err != nil {
		return err
	}
	keep, err := x.retention()
	if err != nil {
		return err
	}
	snapshots, e := x.snapshots()
	if e != nil {
		return e
	}
	permanent := keep.DeletedDays == 0
	if x.version() != "" || x.snapshot() != "" {
		err = x.content.DeleteVersion(x.place(), x.at, x.mayDelete(c))
	} else {
		permanent = permanent && (!keep.Versions || snapshots == OnlySnapshots)
		err = x.content.DeleteWith(x.t.key(), snapshots, x.at, x.mayDelete(c))
	}
	if err != nil {
		return err
	}
	x.w.Header().Set("x-ms-delete-type-permanent", strconv.FormatBool(permanent))
	x.w.WriteHeader(http.StatusAccepted)
	return nil
}

// retention is the account's retention of overwritten and deleted blobs.
func (x *exchange) retention() (k Retention, err error) {
	err = x.content.st.View(func(tx *store.Tx) error {
		k, err = x.content.Retention(tx, x.t.account)
		return err
	})
	return k, err
}

// undelete is Undelete Blob: https://learn.microsoft.com/rest/api/storageservices/undelete-blob
func (x *exchange) undelete() error {
	if err := x.content.Undelete(x.t.key(), x.at, x.mayStage); err != nil {
		return err
	}
	x.w.WriteHeader(http.StatusOK)
	return nil
}
