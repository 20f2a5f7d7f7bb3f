package blob

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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
	c, err := x.accounts.CreateContainer(x.t.account,
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
	c, ok := x.accounts.Container(nil, x.t.account, x.t.container)
	if !ok {
		return errContainerNotFound
	}
	if e := x.containerConditions(c); e != nil {
		return errConditionNotMet
	}
	if err := x.accounts.DeleteContainer(x.t.account, x.t.container); err != nil {
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
	c, err := x.accounts.RestoreContainer(x.t.account, name, version, x.t.container)
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
	c, ok := x.accounts.Container(nil, x.t.account, x.t.container)
	if !ok {
		return errContainerNotFound
	}
	x.stampContainer(c)
	h := x.w.Header()
	setMetadata(h, c.Metadata)
	if x.q.Get("comp") == "" {
		h.Set("x-ms-lease-state", "available")
		h.Set("x-ms-lease-status", "unlocked")
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
	c, ok := x.accounts.Container(nil, x.t.account, x.t.container)
	if !ok {
		return errContainerNotFound
	}
	if e := x.containerConditions(c); e != nil {
		return errConditionNotMet
	}
	c, err := x.accounts.SetContainerMetadata(x.t.account, x.t.container, metadata)
	if err != nil {
		return err
	}
	x.stampContainer(c)
	x.w.WriteHeader(http.StatusOK)
	return nil
}

func (x *exchange) containerConditions(c Container) *Error {
	when, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	return when.read(c.ETag, c.LastModified)
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

// pairsXML is metadata as an element per name.
type pairsXML map[string]string

// MarshalXML writes the pairs.
func (m pairsXML) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for name, value := range m {
		if err := e.EncodeElement(value, xml.StartElement{Name: xml.Name{Local: name}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

type listingXML struct {
	XMLName         xml.Name `xml:"EnumerationResults"`
	ServiceEndpoint string   `xml:"ServiceEndpoint,attr"`
	ContainerName   string   `xml:"ContainerName,attr,omitempty"`
	Prefix          string   `xml:"Prefix,omitempty"`
	Marker          string   `xml:"Marker,omitempty"`
	MaxResults      int      `xml:"MaxResults,omitempty"`
	Delimiter       string   `xml:"Delimiter,omitempty"`
	Blobs           *struct {
		Entries []any `xml:"Entry"`
	} `xml:"Blobs,omitempty"`
	Containers *struct {
		Entries []containerXML `xml:"Container"`
	} `xml:"Containers,omitempty"`
	NextMarker string
}

type nameXML struct {
	Encoded string `xml:"Encoded,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// nameOf writes a name; one with characters that XML cannot hold is percent-encoded and marked so.
func nameOf(name string) nameXML {
	for _, r := range name {
		if r == utf8.RuneError || r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return nameXML{Encoded: "true", Text: url.QueryEscape(name)}
		}
	}
	return nameXML{Text: name}
}

type prefixXML struct {
	XMLName xml.Name `xml:"BlobPrefix"`
	Name    nameXML
}

type blobXML struct {
	XMLName    xml.Name `xml:"Blob"`
	Name       nameXML
	Deleted    bool   `xml:",omitempty"`
	VersionID  string `xml:"VersionId,omitempty"`
	Current    bool   `xml:"IsCurrentVersion,omitempty"`
	Properties blobPropertiesXML
	Metadata   *pairsXML `xml:"Metadata,omitempty"`
}

type blobPropertiesXML struct {
	CreationTime       string `xml:"Creation-Time"`
	LastModified       string `xml:"Last-Modified"`
	ETag               string `xml:"Etag"`
	ContentLength      int64  `xml:"Content-Length"`
	ContentType        string `xml:"Content-Type"`
	ContentEncoding    string `xml:"Content-Encoding"`
	ContentLanguage    string `xml:"Content-Language"`
	ContentMD5         string `xml:"Content-MD5"`
	CacheControl       string `xml:"Cache-Control"`
	ContentDisposition string `xml:"Content-Disposition"`
	BlobType           string
	AccessTier         string
	AccessTierInferred bool `xml:",omitempty"`
	LeaseStatus        string
	LeaseState         string
	CopyID             string `xml:"CopyId,omitempty"`
	CopySource         string `xml:",omitempty"`
	CopyStatus         string `xml:",omitempty"`
	CopyProgress       string `xml:",omitempty"`
	CopyCompletionTime string `xml:",omitempty"`
	ServerEncrypted    bool
	DeletedTime        string `xml:",omitempty"`
	RemainingDays      *int   `xml:"RemainingRetentionDays,omitempty"`
}

type containerXML struct {
	Name       string
	Deleted    bool   `xml:",omitempty"`
	Version    string `xml:",omitempty"`
	Properties containerPropertiesXML
	Metadata   *pairsXML `xml:"Metadata,omitempty"`
}

type containerPropertiesXML struct {
	LastModified                string `xml:"Last-Modified"`
	ETag                        string `xml:"Etag"`
	LeaseStatus                 string
	LeaseState                  string
	PublicAccess                string `xml:",omitempty"`
	DefaultEncryptionScope      string
	DenyEncryptionScopeOverride bool
	HasImmutabilityPolicy       bool
	HasLegalHold                bool
	DeletedTime                 string `xml:",omitempty"`
	RemainingDays               *int   `xml:"RemainingRetentionDays,omitempty"`
}

// listing reads what both lists have in common. from is the name that the page begins with.
func (x *exchange) listing() (out listingXML, from string, max int, include map[string]bool, e *Error) {
	scheme := "http"
	if x.r.TLS != nil {
		scheme = "https"
	}
	out.ServiceEndpoint = scheme + "://" + x.r.Host + "/" + x.t.account + "/"
	out.Prefix, out.Marker = x.q.Get("prefix"), x.q.Get("marker")
	max = 5000
	if v := x.q.Get("maxresults"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return out, "", 0, nil, errQueryValue("maxresults")
		}
		if n < 1 {
			return out, "", 0, nil, serviceError(http.StatusBadRequest, "OutOfRangeQueryParameterValue", "One of the "+
				"query parameters specified in the request URI is outside the permissible range: maxresults.")
		}
		max, out.MaxResults = min(n, max), n
	}
	raw, err := base64.URLEncoding.DecodeString(out.Marker)
	if err != nil {
		return out, "", 0, nil, errQueryValue("marker")
	}
	include = map[string]bool{}
	for _, v := range strings.Split(x.q.Get("include"), ",") {
		include[strings.ToLower(strings.TrimSpace(v))] = true
	}
	return out, string(raw), max, include, nil
}

func markerFor(name string) string { return base64.URLEncoding.EncodeToString([]byte(name)) }

// listBlobs is List Blobs: https://learn.microsoft.com/rest/api/storageservices/list-blobs
func (x *exchange) listBlobs() error {
	out, from, max, include, e := x.listing()
	if e != nil {
		return e
	}
	if err := x.containerExists(); err != nil {
		return err
	}
	out.ContainerName, out.Delimiter = x.t.container, x.q.Get("delimiter")
	query := pageQuery{prefix: out.Prefix, delimiter: out.Delimiter, from: from, max: max}
	var found page
	var err error
	if include["versions"] || include["deleted"] {
		found, err = x.content.pageOfAll(x.t.account, x.t.container, query, include["versions"], include["deleted"],
			x.at)
	} else {
		found, err = x.content.page(x.t.account, x.t.container, query)
	}
	if err != nil {
		return err
	}
	out.Blobs = &struct {
		Entries []any `xml:"Entry"`
	}{}
	for _, f := range found.entries {
		if f.blob == nil {
			out.Blobs.Entries = append(out.Blobs.Entries, prefixXML{Name: nameOf(f.prefix)})
			continue
		}
		out.Blobs.Entries = append(out.Blobs.Entries, x.listed(*f.blob, include))
	}
	if found.next != "" {
		out.NextMarker = markerFor(found.next)
	}
	writeXML(x.w, http.StatusOK, out)
	return nil
}

func (x *exchange) listed(i Item, include map[string]bool) blobXML {
	tier, inferred := x.tier(i.Properties)
	out := blobXML{Name: nameOf(i.Name), Properties: blobPropertiesXML{
		CreationTime: httpTime(i.CreatedAt), LastModified: httpTime(i.LastModified), ETag: i.ETag,
		ContentLength: i.Size,
		ContentType:   i.ContentType, ContentEncoding: i.ContentEncoding, ContentLanguage: i.ContentLanguage,
		ContentMD5: base64.StdEncoding.EncodeToString(i.ContentMD5), CacheControl: i.CacheControl,
		ContentDisposition: i.ContentDisposition,
		BlobType:           "BlockBlob", AccessTier: tier, AccessTierInferred: inferred, LeaseStatus: "unlocked",
		LeaseState: "available", ServerEncrypted: true,
	}}
	if out.Properties.ContentType == "" {
		out.Properties.ContentType = "application/octet-stream"
	}
	if include["versions"] && i.VersionID != "" {
		out.VersionID, out.Current = i.VersionID, i.Current
	}
	if i.Deleted != nil {
		out.Deleted, out.Properties.DeletedTime = true, httpTime(*i.Deleted)
		days := int(i.Purge.Sub(x.at).Hours() / 24)
		out.Properties.RemainingDays = &days
		out.VersionID = i.VersionID
	}
	if include["metadata"] {
		m := pairsXML(i.Metadata)
		out.Metadata = &m
	}
	if include["copy"] && i.CopyID != "" {
		out.Properties.CopyID, out.Properties.CopySource, out.Properties.CopyStatus = i.CopyID, i.CopySource, "success"
		out.Properties.CopyProgress, out.Properties.CopyCompletionTime = copyProgress(i.Properties),
			httpTime(i.LastModified)
	}
	return out
}

// listContainers is List Containers: https://learn.microsoft.com/rest/api/storageservices/list-containers2
func (x *exchange) listContainers() error {
	out, from, max, include, e := x.listing()
	if e != nil {
		return e
	}
	all, err := x.accounts.Containers(x.t.account)
	if err != nil {
		return err
	}
	if include["deleted"] {
		deleted, err := x.accounts.DeletedContainers(x.t.account)
		if err != nil {
			return err
		}
		all = append(all, deleted...)
		slices.SortStableFunc(all, func(a, b Container) int {
			return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
		})
	}
	out.Containers = &struct {
		Entries []containerXML `xml:"Container"`
	}{}
	for _, c := range all {
		mark := c.Name
		if c.Version != "" {
			mark += "\x00" + c.Version
		}
		if mark < from || !strings.HasPrefix(c.Name, out.Prefix) {
			continue
		}
		if len(out.Containers.Entries) == max {
			out.NextMarker = markerFor(mark)
			break
		}
		row := containerXML{Name: c.Name, Properties: containerPropertiesXML{
			LastModified: httpTime(c.LastModified), ETag: `"` + c.ETag + `"`, LeaseStatus: "unlocked",
			LeaseState:             "available",
			DefaultEncryptionScope: "$account-encryption-key", HasImmutabilityPolicy: c.Immutable > 0,
		}}
		if c.Version != "" {
			days := int(c.Purge.Sub(x.at).Hours() / 24)
			row.Deleted, row.Version = true, c.Version
			row.Properties.DeletedTime, row.Properties.RemainingDays = httpTime(c.Deleted), &days
		}
		if c.PublicAccess != PublicNone {
			row.Properties.PublicAccess = strings.ToLower(c.PublicAccess)
		}
		if include["metadata"] {
			m := pairsXML(c.Metadata)
			row.Metadata = &m
		}
		out.Containers.Entries = append(out.Containers.Entries, row)
	}
	writeXML(x.w, http.StatusOK, out)
	return nil
}
