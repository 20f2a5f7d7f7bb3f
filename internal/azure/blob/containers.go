package blob

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

var containerName = regexp.MustCompile(`^[a-z0-9](-?[a-z0-9])*$`)

// CheckContainerName reports whether a container may have this name: 3 to 63 lower-case letters, digits and single
// hyphens in between; $root, $web and $logs are the service's own.
// Source: https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
func CheckContainerName(name string) *Error {
	switch {
	case name == "$root" || name == "$web" || name == "$logs":
		return nil
	case len(name) < 3 || len(name) > 63:
		return errNameLength
	case !containerName.MatchString(name):
		return errInvalidName
	}
	return nil
}

// createContainer is Create Container: https://learn.microsoft.com/rest/api/storageservices/create-container
func (x *exchange) createContainer() error {
	if e := CheckContainerName(x.t.container); e != nil {
		return e
	}
	metadata, e := metadataOf(x.r.Header)
	if e != nil {
		return e
	}
	access := PublicNone
	switch v := x.r.Header.Get("x-ms-blob-public-access"); v {
	case "":
	case "blob":
		access = PublicBlob
	case "container":
		access = PublicContainer
	default:
		return errHeaderValue("x-ms-blob-public-access")
	}
	if access != PublicNone && !x.account.PublicAccess {
		return errPublicAccess
	}
	c, err := x.accounts.CreateContainer(x.account,
		Container{Name: x.t.container, Metadata: metadata, PublicAccess: access})
	if err != nil {
		return err
	}
	x.stampContainer(c)
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

// deleteContainer is Delete Container: https://learn.microsoft.com/rest/api/storageservices/delete-container
func (x *exchange) deleteContainer() error {
	if err := x.accounts.DeleteContainer(x.account, x.t.container, func(c Container) error {
		if err := x.mayChangeContainer(c); err != nil {
			return err
		}
		return x.mayUseContainer(c, true)
	}); err != nil {
		return err
	}
	x.w.WriteHeader(http.StatusAccepted)
	return nil
}

// restoreContainer is Restore Container: https://learn.microsoft.com/rest/api/storageservices/restore-container
func (x *exchange) restoreContainer() error {
	if e := CheckContainerName(x.t.container); e != nil {
		return e
	}
	name, version := x.r.Header.Get("x-ms-deleted-container-name"), x.r.Header.Get("x-ms-deleted-container-version")
	if name == "" {
		return errMissingHeader("x-ms-deleted-container-name")
	}
	if version == "" {
		return errMissingHeader("x-ms-deleted-container-version")
	}
	c, err := x.accounts.RestoreContainer(x.account, name, version, x.t.container)
	if err != nil {
		return err
	}
	x.stampContainer(c)
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

// containerProperties is Get Container Properties and Get Container Metadata:
// https://learn.microsoft.com/rest/api/storageservices/get-container-properties
func (x *exchange) containerProperties() error {
	c, err := x.containerIn(nil)
	if err != nil {
		return err
	}
	if err := x.mayUseContainer(c, false); err != nil {
		return err
	}
	x.stampContainer(c)
	h := x.w.Header()
	setMetadata(h, c.Metadata)
	if x.q.Get("comp") == "" {
		describeLease(h, c.Lease, x.at)
		h.Set("x-ms-has-immutability-policy", strconv.FormatBool(c.Immutable > 0))
		h.Set("x-ms-has-legal-hold", "false")
		h.Set("x-ms-immutable-storage-with-versioning-enabled", "false")
		h.Set("x-ms-default-encryption-scope", "$account-encryption-key")
		h.Set("x-ms-deny-encryption-scope-override", "false")
		if c.PublicAccess != PublicNone && c.PublicAccess != "" {
			h.Set("x-ms-blob-public-access", strings.ToLower(c.PublicAccess))
		}
	}
	x.w.WriteHeader(http.StatusOK)
	return nil
}

// setContainerMetadata is Set Container Metadata: https://learn.microsoft.com/rest/api/storageservices/set-container-metadata
func (x *exchange) setContainerMetadata() error {
	metadata, e := metadataOf(x.r.Header)
	if e != nil {
		return e
	}
	c, err := x.accounts.ChangeContainer(x.account, x.t.container, func(c *Container) error {
		c.Metadata = metadata
		if err := x.mayChangeContainer(*c); err != nil {
			return err
		}
		return x.mayUseContainer(*c, false)
	})
	if err != nil {
		return err
	}
	x.stampContainer(c)
	x.w.WriteHeader(http.StatusOK)
	return nil
}

// mayUseContainer checks that a request's lease id fits the container's lease. A deletion needs that of an active one.
func (x *exchange) mayUseContainer(c Container, deletion bool) error {
	id, e := x.leaseID("x-ms-lease-id")
	if e == nil {
		e = c.Lease.permits(id, deletion, x.at, containerLeaseErrors)
	}
	if e != nil {
		return e
	}
	return nil
}

// mayChangeContainer is the check of a change in its transaction: it is of the container that the decision is on, and
// the request's conditions hold.
func (x *exchange) mayChangeContainer(c Container) error {
	if c.Instance != x.container {
		return errContainerNotFound
	}
	when, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	if when.read(c.ETag, c.LastModified) != nil {
		return errConditionNotMet
	}
	return nil
}

func (x *exchange) stampContainer(c Container) {
	x.w.Header().Set("ETag", `"`+c.ETag+`"`)
	x.w.Header().Set("Last-Modified", httpTime(c.LastModified))
}

// accountInfo is Get Account Information: https://learn.microsoft.com/rest/api/storageservices/get-account-information
func (x *exchange) accountInfo() error {
	h := x.w.Header()
	h.Set("x-ms-sku-name", x.account.SKU)
	h.Set("x-ms-account-kind", x.account.Kind)
	h.Set("x-ms-is-hns-enabled", strconv.FormatBool(x.account.HierarchicalNamespace))
	x.w.WriteHeader(http.StatusOK)
	return nil
}
