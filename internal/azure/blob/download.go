package blob

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"strconv"
)

// getBlob is Get Blob: https://learn.microsoft.com/rest/api/storageservices/get-blob
func (x *exchange) getBlob() error {
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	var f *contentFile
	var p Properties
	err := x.read(func() (err error) {
		f, p, err = x.content.open(x.place())
		return err
	})
	if f != nil {
		defer f.Close()
	}
	if err != nil {
		return err
	}
	if err := x.showVersion(p); err != nil {
		return err
	}
	if e := c.read(p.ETag, p.LastModified); e != nil {
		x.stamp(p)
		return e
	}
	if e := c.onTags(&p); e != nil {
		return e
	}
	if err := x.mayUse(&p, false); err != nil {
		return err
	}
	if p.Tier == "Archive" {
		return errArchived
	}
	part, partial, e := rangeOf(x.r.Header, p.Size)
	if e != nil {
		if e == errInvalidRange {
			x.w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", p.Size))
		}
		return e
	}
	if !partial {
		part.from, part.length = 0, p.Size
	}
	if err := f.check(part.from, part.length); err != nil {
		return err // before the answer begins
	}
	h := x.w.Header()
	whole := base64.StdEncoding.EncodeToString(p.ContentMD5)
	if !partial {
		x.describe(p)
		if len(p.ContentMD5) > 0 {
			h.Set("Content-MD5", whole)
		}
		return x.send(http.StatusOK, f, p.Size)
	}
	section := io.NewSectionReader(f, part.from, part.length)
	if e := x.digestRange(section, part.length); e != nil {
		return e
	}
	x.describe(p)
	if len(p.ContentMD5) > 0 {
		h.Set("x-ms-blob-content-md5", whole)
	}
	h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", part.from, part.from+part.length-1, p.Size))
	return x.send(http.StatusPartialContent, section, part.length)
}

// digestRange adds the requested digests of a range. Such a range must have at most 4 MiB.
func (x *exchange) digestRange(section *io.SectionReader, length int64) *Error {
	wantMD5 := x.r.Header.Get("x-ms-range-get-content-md5") == "true"
	wantCRC := x.r.Header.Get("x-ms-range-get-content-crc64") == "true"
	if !wantMD5 && !wantCRC {
		return nil
	}
	if length > 4<<20 {
		return serviceError(http.StatusBadRequest, "OutOfRangeInput",
			"One of the request inputs is out of range: a digest is given for at most 4 MiB.")
	}
	data, err := io.ReadAll(section)
	if err != nil {
		return errInternal()
	}
	if _, err := section.Seek(0, io.SeekStart); err != nil {
		return errInternal()
	}
	if wantMD5 {
		sum := md5.Sum(data)
		x.w.Header().Set("Content-MD5", base64.StdEncoding.EncodeToString(sum[:]))
	}
	if wantCRC {
		sum := binary.LittleEndian.AppendUint64(nil, crc64.Checksum(data, crcTable))
		x.w.Header().Set("x-ms-content-crc64", base64.StdEncoding.EncodeToString(sum))
	}
	return nil
}

// send sends content. After it has begun, an error can only break the connection: the client sees that bytes are
// missing from the length.
func (x *exchange) send(status int, r io.Reader, length int64) error {
	x.w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	x.w.WriteHeader(status)
	if _, err := io.CopyN(x.w, r, length); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// blobProperties is Get Blob Properties and Get Blob Metadata:
// https://learn.microsoft.com/rest/api/storageservices/get-blob-properties
func (x *exchange) blobProperties() error {
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	var p Properties
	err := x.read(func() (err error) {
		p, err = x.content.Stat(x.place())
		return err
	})
	if err != nil {
		return err
	}
	if err := x.showVersion(p); err != nil {
		return err
	}
	if e := c.read(p.ETag, p.LastModified); e != nil {
		x.stamp(p)
		return e
	}
	if e := c.onTags(&p); e != nil {
		return e
	}
	if err := x.mayUse(&p, false); err != nil {
		return err
	}
	if x.q.Get("comp") == "metadata" {
		x.stamp(p)
		setMetadata(x.w.Header(), p.Metadata)
		x.w.WriteHeader(http.StatusOK)
		return nil
	}
	x.describe(p)
	h := x.w.Header()
	if len(p.ContentMD5) > 0 {
		h.Set("Content-MD5", base64.StdEncoding.EncodeToString(p.ContentMD5))
	}
	tier, inferred := x.tier(p)
	h.Set("x-ms-access-tier", tier)
	if inferred {
		h.Set("x-ms-access-tier-inferred", "true")
	}
	h.Set("Content-Length", strconv.FormatInt(p.Size, 10))
	x.w.WriteHeader(http.StatusOK)
	return nil
}
