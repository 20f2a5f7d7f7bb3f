package blob

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// metadataOf collects x-ms-meta-* headers; names are in lower case, since HTTP does not keep theirs.
func metadataOf(h http.Header) (map[string]string, *Error) {
	var out map[string]string
	for name, values := range h {
		name = strings.ToLower(name)
		if !strings.HasPrefix(name, "x-ms-meta-") {
			continue
		}
		name = strings.TrimPrefix(name, "x-ms-meta-")
		if out == nil {
			out = map[string]string{}
		}
		out[name] = strings.Join(values, ",")
	}
	return out, CheckMetadata(out)
}

// CheckMetadata refuses metadata whose names are no identifiers, or that is longer than 8 KiB in all.
// Source: https://learn.microsoft.com/rest/api/storageservices/setting-and-retrieving-properties-and-metadata-for-blob-resources
func CheckMetadata(metadata map[string]string) *Error {
	size := 0
	for name, value := range metadata {
		if !isIdentifier(name) {
			return errInvalidMetadata
		}
		size += len(name) + len(value)
	}
	if size > maxMetadata {
		return errMetadataTooLarge
	}
	return nil
}

// isIdentifier is the rule for metadata names: those of C# identifiers.
func isIdentifier(name string) bool {
	for i, r := range name {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return false
		}
	}
	return name != ""
}

// headersOf collects the x-ms-blob-* headers that are stored with a blob; with standard, the HTTP headers stand in for
// those that are absent.
func headersOf(h http.Header, standard bool) (Headers, *Error) {
	get := func(name string) string {
		if v := h.Get("x-ms-blob-" + name); v != "" || !standard {
			return v
		}
		return h.Get(name)
	}
	out := Headers{
		ContentType: get("content-type"), ContentEncoding: get("content-encoding"),
		ContentLanguage:    get("content-language"),
		ContentDisposition: h.Get("x-ms-blob-content-disposition"), CacheControl: get("cache-control"),
	}
	var e *Error
	out.ContentMD5, e = md5Of(h, "x-ms-blob-content-md5")
	return out, e
}

func md5Of(h http.Header, name string) ([]byte, *Error) {
	v := h.Get(name)
	if v == "" {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(v)
	if err != nil || len(sum) != 16 {
		return nil, errInvalidMD5
	}
	return sum, nil
}

// tierOf reads an access tier for block blobs.
func tierOf(h http.Header) (string, *Error) {
	switch tier := h.Get("x-ms-access-tier"); tier {
	case "", "Hot", "Cool", "Cold", "Archive":
		return tier, nil
	}
	return "", errHeaderValue("x-ms-access-tier")
}

// tier is a blob's tier, and whether it follows from the account.
func (x *exchange) tier(p Properties) (tier string, inferred bool) {
	if p.Tier != "" {
		return p.Tier, false
	}
	if x.account.AccessTier != "" {
		return x.account.AccessTier, true
	}
	return "Hot", true
}

// describe sets the headers that describe a blob.
func (x *exchange) describe(p Properties) {
	h := x.w.Header()
	set := func(name, value string) {
		if value != "" {
			h.Set(name, value)
		}
	}
	x.stamp(p)
	h.Set("Content-Type", "application/octet-stream")
	set("Content-Type", p.ContentType)
	set("Content-Encoding", p.ContentEncoding)
	set("Content-Language", p.ContentLanguage)
	set("Content-Disposition", p.ContentDisposition)
	set("Cache-Control", p.CacheControl)
	if s := x.auth.sas; s != nil && s.service {
		set("Content-Type", x.q.Get("rsct"))
		set("Content-Encoding", x.q.Get("rsce"))
		set("Content-Language", x.q.Get("rscl"))
		set("Content-Disposition", x.q.Get("rscd"))
		set("Cache-Control", x.q.Get("rscc"))
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("x-ms-blob-type", "BlockBlob")
	h.Set("x-ms-creation-time", httpTime(p.CreatedAt))
	if p.Snapshot == "" {
		describeLease(h, p.Lease, x.at)
	}
	h.Set("x-ms-server-encrypted", "true")
	setMetadata(h, p.Metadata)
	if len(p.Tags) > 0 {
		h.Set("x-ms-tag-count", strconv.Itoa(len(p.Tags)))
	}
	if p.CopyID != "" {
		h.Set("x-ms-copy-id", p.CopyID)
		h.Set("x-ms-copy-source", p.CopySource)
		h.Set("x-ms-copy-status", "success")
		h.Set("x-ms-copy-progress", copyProgress(p))
		h.Set("x-ms-copy-completion-time", httpTime(p.LastModified))
	}
}

// describeLease sets the headers that describe a lease.
func describeLease(h http.Header, l *Lease, now time.Time) {
	h.Set("x-ms-lease-state", string(l.State(now)))
	h.Set("x-ms-lease-status", l.Status(now))
	if duration := l.Duration(now); duration != "" {
		h.Set("x-ms-lease-duration", duration)
	}
}

// leaseTime is the time, in whole seconds, until a broken lease ends.
func leaseTime(l *Lease, now time.Time) string {
	left := l.Broken.Sub(now)
	return strconv.Itoa(max(0, int((left+time.Second-1)/time.Second)))
}

// intHeader reads a header with a whole number; nil without one.
func intHeader(h http.Header, name string) (*int, *Error) {
	v := h.Get(name)
	if v == "" {
		return nil, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return nil, errHeaderValue(name)
	}
	return &n, nil
}

// stamp sets the headers that identify a blob's state: ETag, time and version.
func (x *exchange) stamp(p Properties) {
	x.w.Header().Set("ETag", `"`+p.ETag+`"`)
	x.w.Header().Set("Last-Modified", httpTime(p.LastModified))
	if p.VersionID != "" {
		x.w.Header().Set("x-ms-version-id", p.VersionID)
	}
}

// version is the version id that a request is about; empty is the blob itself.
func (x *exchange) version() string { return x.q.Get("versionid") }

// snapshot is the time of the snapshot that a request is about; empty is the blob itself.
func (x *exchange) snapshot() string { return x.q.Get("snapshot") }

// place is the blob, or the version or snapshot of it, that a request is about.
func (x *exchange) place() Key {
	k := x.t.key()
	k.Version, k.Snapshot = x.version(), x.snapshot()
	return k
}

// showVersion sets the header that marks the current version.
func (x *exchange) showVersion(p Properties) error {
	if p.VersionID == "" {
		return nil
	}
	current := x.version() == ""
	if !current {
		now, err := x.content.Stat(x.t.key())
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		current = err == nil && now.VersionID == p.VersionID
	}
	if current {
		x.w.Header().Set("x-ms-is-current-version", "true")
	}
	return nil
}

func setMetadata(h http.Header, metadata map[string]string) {
	for name, value := range metadata {
		h["x-ms-meta-"+name] = []string{value} // as stored: Set would change the case
	}
}

func copyProgress(p Properties) string {
	n := strconv.FormatInt(p.Size, 10)
	return n + "/" + n
}

// byteRange is a part of a blob.
type byteRange struct{ from, length int64 }

// rangeOf reads the range that a request asks for; ok is false when it asks for all.
// Source: https://learn.microsoft.com/rest/api/storageservices/specifying-the-range-header-for-blob-service-operations
func rangeOf(h http.Header, size int64) (r byteRange, ok bool, e *Error) {
	v := h.Get("x-ms-range")
	if v == "" {
		v = h.Get("Range")
	}
	if v == "" {
		return r, false, nil
	}
	from, to, found := strings.Cut(strings.TrimPrefix(v, "bytes="), "-")
	start, err := strconv.ParseInt(from, 10, 64)
	if !strings.HasPrefix(v, "bytes=") || !found || err != nil || start < 0 {
		return r, false, errHeaderValue("Range")
	}
	end := size - 1
	if to != "" {
		if end, err = strconv.ParseInt(to, 10, 64); err != nil || end < start {
			return r, false, errHeaderValue("Range")
		}
	}
	if start >= size {
		return r, false, errInvalidRange
	}
	return byteRange{start, min(end, size-1) - start + 1}, true, nil
}

func httpTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
