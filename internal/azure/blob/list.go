package blob

import (
	"cmp"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

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

// nameOf writes a name; one with characters that XML cannot hold is percent-encoded and marked as such.
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
	Snapshot   string `xml:",omitempty"`
	VersionID  string `xml:"VersionId,omitempty"`
	Current    bool   `xml:"IsCurrentVersion,omitempty"`
	Properties blobPropertiesXML
	Metadata   *pairsXML `xml:"Metadata,omitempty"`
	Tags       *tagsXML  `xml:"Tags,omitempty"`
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
	LeaseState         LeaseState
	LeaseDuration      string `xml:",omitempty"`
	CopyID             string `xml:"CopyId,omitempty"`
	CopySource         string `xml:",omitempty"`
	CopyStatus         string `xml:",omitempty"`
	CopyProgress       string `xml:",omitempty"`
	CopyCompletionTime string `xml:",omitempty"`
	ServerEncrypted    bool
	TagCount           int    `xml:",omitempty"`
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
	LeaseState                  LeaseState
	LeaseDuration               string `xml:",omitempty"`
	PublicAccess                string `xml:",omitempty"`
	DefaultEncryptionScope      string
	DenyEncryptionScopeOverride bool
	HasImmutabilityPolicy       bool
	HasLegalHold                bool
	DeletedTime                 string `xml:",omitempty"`
	RemainingDays               *int   `xml:"RemainingRetentionDays,omitempty"`
}

// listing is a request for a list.
type listing struct {
	answer listingXML
	// from is the name that the page begins with, max the most entries of a page.
	from string
	max  int
	// include are the parts that the request asks for besides, in lower case.
	include map[string]bool
}

// listing reads the query parameters that both lists have.
func (x *exchange) listing() (listing, *Error) {
	scheme := "http"
	if x.r.TLS != nil {
		scheme = "https"
	}
	l := listing{max: 5000, include: map[string]bool{}, answer: listingXML{
		ServiceEndpoint: scheme + "://" + x.r.Host + "/" + x.t.account + "/",
		Prefix:          x.q.Get("prefix"), Marker: x.q.Get("marker"),
	}}
	if v := x.q.Get("maxresults"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return l, errQueryValue("maxresults")
		}
		if n < 1 {
			return l, serviceError(http.StatusBadRequest, "OutOfRangeQueryParameterValue", "One of the query "+
				"parameters specified in the request URI is outside the permissible range: maxresults.")
		}
		l.max, l.answer.MaxResults = min(n, l.max), n
	}
	from, err := base64.URLEncoding.DecodeString(l.answer.Marker)
	if err != nil {
		return l, errQueryValue("marker")
	}
	l.from = string(from)
	for _, v := range strings.Split(x.q.Get("include"), ",") {
		l.include[strings.ToLower(strings.TrimSpace(v))] = true
	}
	return l, nil
}

func markerFor(name string) string { return base64.URLEncoding.EncodeToString([]byte(name)) }

// listBlobs is List Blobs: https://learn.microsoft.com/rest/api/storageservices/list-blobs
func (x *exchange) listBlobs() error {
	l, e := x.listing()
	if e != nil {
		return e
	}
	if l.include["tags"] {
		if e := x.authorize(x.auth, toListTags, x.account, x.t); e != nil {
			return e
		}
	}
	out := l.answer
	out.ContainerName, out.Delimiter = x.t.container, x.q.Get("delimiter")
	query := pageQuery{prefix: out.Prefix, delimiter: out.Delimiter, from: l.from, max: l.max}
	with := included{l.include["versions"], l.include["snapshots"], l.include["deleted"]}
	if with.snapshots && out.Delimiter != "" {
		return errQueryValue("include")
	}
	var found page
	err := x.read(func() (err error) {
		if with.any() {
			found, err = x.content.pageOfAll(x.t.account, x.t.container, query, with, x.at)
		} else {
			found, err = x.content.page(x.t.account, x.t.container, query)
		}
		return err
	})
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
		out.Blobs.Entries = append(out.Blobs.Entries, x.listed(*f.blob, l.include))
	}
	if found.next != "" {
		out.NextMarker = markerFor(found.next)
	}
	writeXML(x.w, http.StatusOK, out)
	return nil
}

// listed is a blob's entry in a list.
func (x *exchange) listed(i Item, include map[string]bool) blobXML {
	tier, inferred := x.tier(i.Properties)
	out := blobXML{Name: nameOf(i.Name), Properties: blobPropertiesXML{
		CreationTime: httpTime(i.CreatedAt), LastModified: httpTime(i.LastModified), ETag: i.ETag,
		ContentLength: i.Size,
		ContentType:   i.ContentType, ContentEncoding: i.ContentEncoding, ContentLanguage: i.ContentLanguage,
		ContentMD5: base64.StdEncoding.EncodeToString(i.ContentMD5), CacheControl: i.CacheControl,
		ContentDisposition: i.ContentDisposition,
		BlobType:           "BlockBlob", AccessTier: tier, AccessTierInferred: inferred,
		LeaseStatus: i.Lease.Status(x.at), LeaseState: i.Lease.State(x.at), LeaseDuration: i.Lease.Duration(x.at),
		ServerEncrypted: true,
	}}
	if out.Properties.ContentType == "" {
		out.Properties.ContentType = "application/octet-stream"
	}
	out.Snapshot = i.Snapshot
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
	if out.Properties.TagCount = len(i.Tags); include["tags"] && len(i.Tags) > 0 {
		tags := tagged(i.Tags)
		out.Tags = &tags
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
	l, e := x.listing()
	if e != nil {
		return e
	}
	all, err := x.containers(l.include["deleted"])
	if err != nil {
		return err
	}
	out := l.answer
	out.Containers = &struct {
		Entries []containerXML `xml:"Container"`
	}{}
	for _, c := range all {
		mark := c.Name
		if c.Version != "" {
			mark += "\x00" + c.Version
		}
		if mark < l.from || !strings.HasPrefix(c.Name, out.Prefix) {
			continue
		}
		if len(out.Containers.Entries) == l.max {
			out.NextMarker = markerFor(mark)
			break
		}
		out.Containers.Entries = append(out.Containers.Entries, x.listedContainer(c, l.include["metadata"]))
	}
	writeXML(x.w, http.StatusOK, out)
	return nil
}

// containers are the account's containers, with the deleted ones if wanted, by name and then by version.
func (x *exchange) containers(deleted bool) ([]Container, error) {
	all, err := x.accounts.Containers(x.account)
	if err != nil || !deleted {
		return all, err
	}
	kept, err := x.accounts.DeletedContainers(x.account)
	all = append(all, kept...)
	slices.SortStableFunc(all, func(a, b Container) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
	})
	return all, err
}

// listedContainer is a container's entry in a list.
func (x *exchange) listedContainer(c Container, metadata bool) containerXML {
	out := containerXML{Name: c.Name, Properties: containerPropertiesXML{
		LastModified: httpTime(c.LastModified), ETag: `"` + c.ETag + `"`,
		LeaseStatus: c.Lease.Status(x.at), LeaseState: c.Lease.State(x.at), LeaseDuration: c.Lease.Duration(x.at),
		DefaultEncryptionScope: "$account-encryption-key",
		HasImmutabilityPolicy:  c.Immutable > 0,
	}}
	if c.Version != "" {
		days := int(c.Purge.Sub(x.at).Hours() / 24)
		out.Deleted, out.Version = true, c.Version
		out.Properties.DeletedTime, out.Properties.RemainingDays = httpTime(c.Deleted), &days
	}
	if c.PublicAccess != PublicNone {
		out.Properties.PublicAccess = strings.ToLower(c.PublicAccess)
	}
	if metadata {
		m := pairsXML(c.Metadata)
		out.Metadata = &m
	}
	return out
}
