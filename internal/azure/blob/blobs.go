package blob

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// crcTable is the CRC-64 of x-ms-content-crc64 (the NVMe polynomial, reflected).
var crcTable = crc64.MakeTable(0x9A6C9329AC4BC9B5)

// body opens a request's body of at most limit bytes and returns what must hold once it has been read: MD5 and CRC-64.
func (x *exchange) body(limit int64) (r io.Reader, sum []byte, check func() *Error, e *Error) {
	switch {
	case x.r.ContentLength < 0:
		return nil, nil, nil, errNoLength
	case x.r.ContentLength > limit:
		return nil, nil, nil, errTooLarge
	}
	if sum, e = md5Of(x.r.Header, "Content-MD5"); e != nil {
		return nil, nil, nil, e
	}
	r = http.MaxBytesReader(x.w, x.r.Body, limit)
	check = func() *Error { return nil }
	if v := x.r.Header.Get("x-ms-content-crc64"); v != "" {
		want, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(want) != 8 {
			return nil, nil, nil, errHeaderValue("x-ms-content-crc64")
		}
		crc := crc64.New(crcTable)
		r = io.TeeReader(r, crc)
		check = func() *Error {
			got := binary.LittleEndian.AppendUint64(nil, crc.Sum64())
			if !bytes.Equal(got, want) {
				return errCRCMismatch
			}
			x.w.Header().Set("x-ms-content-crc64", base64.StdEncoding.EncodeToString(got))
			return nil
		}
	}
	return r, sum, check, nil
}

// transferError maps an error of a transfer: what the client did not finish is the client's.
func transferError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errInvalidInput
	}
	return err
}

// options collect what a write of a whole blob says about it.
func (x *exchange) options(standardHeaders bool) (PutOptions, *Error) {
	var o PutOptions
	var e *Error
	if o.Headers, e = headersOf(x.r.Header, standardHeaders); e != nil {
		return o, e
	}
	if o.Metadata, e = metadataOf(x.r.Header); e != nil {
		return o, e
	}
	if o.Tier, e = tierOf(x.r.Header); e != nil {
		return o, e
	}
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return o, e
	}
	o.Check, o.Now = x.mayWrite(c), x.at
	return o, nil
}

// precheck refuses a write before its body is read when that is already certain. The transaction decides again.
func (x *exchange) precheck(check func(tx *store.Tx, old *Properties) error) error {
	return x.content.st.View(func(tx *store.Tx) error {
		old, err := stat(tx, x.t.key())
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return check(tx, old)
	})
}

// putBlob is Put Blob: https://learn.microsoft.com/rest/api/storageservices/put-blob
func (x *exchange) putBlob() error {
	switch kind := x.r.Header.Get("x-ms-blob-type"); kind {
	case "BlockBlob":
	case "":
		return errMissingHeader("x-ms-blob-type")
	default: // PageBlob, AppendBlob
		return errHeaderValue("x-ms-blob-type (only BlockBlob is served here)")
	}
	o, e := x.options(true)
	if e != nil {
		return e
	}
	r, sum, complete, e := x.body(maxPutBlob)
	if e != nil {
		return e
	}
	if err := x.precheck(o.Check); err != nil {
		return err
	}
	o.MD5 = sum
	check := o.Check
	o.Check = func(tx *store.Tx, old *Properties) error {
		if e := complete(); e != nil {
			return e
		}
		return check(tx, old)
	}
	p, err := x.content.Put(x.r.Context(), x.t.key(), r, o)
	if err != nil {
		return transferError(err)
	}
	x.stamp(p)
	x.w.Header().Set("Content-MD5", base64.StdEncoding.EncodeToString(p.ContentMD5))
	x.w.Header().Set("x-ms-request-server-encrypted", "true")
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

// putBlock is Put Block: https://learn.microsoft.com/rest/api/storageservices/put-block
func (x *exchange) putBlock() error {
	id := x.q.Get("blockid")
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(raw) == 0 || len(raw) > 64 {
		return errInvalidBlockID
	}
	if x.r.Header.Get("x-ms-copy-source") != "" {
		return errUnsupportedHeader("x-ms-copy-source")
	}
	r, sum, complete, e := x.body(maxPutBlock)
	if e != nil {
		return e
	}
	check := func(tx *store.Tx, _ *Properties) error { return x.mayStage(tx) }
	if err := x.precheck(check); err != nil {
		return err
	}
	err = x.content.PutBlock(x.r.Context(), x.t.key(), id, r,
		PutOptions{MD5: sum, Check: func(tx *store.Tx, old *Properties) error {
			if e := complete(); e != nil {
				return e
			}
			return check(tx, old)
		}})
	if err != nil {
		return transferError(err)
	}
	if sum != nil {
		x.w.Header().Set("Content-MD5", base64.StdEncoding.EncodeToString(sum))
	}
	x.w.Header().Set("x-ms-request-server-encrypted", "true")
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

// putBlockList is Put Block List: https://learn.microsoft.com/rest/api/storageservices/put-block-list
func (x *exchange) putBlockList() error {
	o, e := x.options(false)
	if e != nil {
		return e
	}
	r, sum, complete, e := x.body(maxListBytes)
	if e != nil {
		return e
	}
	if err := x.precheck(o.Check); err != nil {
		return err
	}
	document, err := io.ReadAll(r)
	if err != nil {
		return transferError(err)
	}
	if got := md5.Sum(document); sum != nil && !bytes.Equal(got[:], sum) {
		return errMD5Mismatch
	}
	if e := complete(); e != nil {
		return e
	}
	list, e := parseBlockList(document)
	if e != nil {
		return e
	}
	p, err := x.content.PutBlockList(x.r.Context(), x.t.key(), list, o)
	if err != nil {
		return err
	}
	x.stamp(p)
	x.w.Header().Set("x-ms-request-server-encrypted", "true")
	x.w.WriteHeader(http.StatusCreated)
	return nil
}

func parseBlockList(document []byte) ([]BlockRef, *Error) {
	d := xml.NewDecoder(bytes.NewReader(document))
	list := []BlockRef{}
	depth := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && depth == 0 && d.InputOffset() > 0 {
			return list, nil
		}
		if err != nil {
			return nil, errInvalidXML
		}
		switch t := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			if depth == 0 {
				if t.Name.Local != "BlockList" {
					return nil, errInvalidXML
				}
				depth++
				continue
			}
			ref := BlockRef{}
			switch t.Name.Local {
			case "Latest":
				ref.Source = Latest
			case "Committed":
				ref.Source = Committed
			case "Uncommitted":
				ref.Source = Uncommitted
			default:
				return nil, errInvalidXML
			}
			if err := d.DecodeElement(&ref.ID, &t); err != nil {
				return nil, errInvalidXML
			}
			if len(list) == maxBlocks {
				return nil, errBlockListTooLong
			}
			list = append(list, ref)
		}
	}
}

type blockXML struct {
	Name string
	Size int64
}

type blockListXML struct {
	XMLName     xml.Name    `xml:"BlockList"`
	Committed   *[]blockXML `xml:"CommittedBlocks>Block,omitempty"`
	Uncommitted *[]blockXML `xml:"UncommittedBlocks>Block,omitempty"`
}

// getBlockList is Get Block List: https://learn.microsoft.com/rest/api/storageservices/get-block-list
func (x *exchange) getBlockList() error {
	kind := x.q.Get("blocklisttype")
	if kind == "" {
		kind = "committed"
	}
	if kind != "committed" && kind != "uncommitted" && kind != "all" {
		return errQueryValue("blocklisttype")
	}
	if err := x.containerExists(); err != nil {
		return err
	}
	p, staged, err := x.content.Blocks(x.t.key())
	if err != nil {
		return err
	}
	convert := func(blocks []Block) *[]blockXML {
		out := []blockXML{}
		for _, b := range blocks {
			out = append(out, blockXML{b.ID, b.Size})
		}
		return &out
	}
	var out blockListXML
	if kind != "uncommitted" {
		var committed []Block
		if p != nil {
			committed = p.Blocks
		}
		out.Committed = convert(committed)
	}
	if kind != "committed" {
		out.Uncommitted = convert(staged)
	}
	if p != nil {
		x.stamp(*p)
		x.w.Header().Set("x-ms-blob-content-length", strconv.FormatInt(p.Size, 10))
	}
	writeXML(x.w, http.StatusOK, out)
	return nil
}

func (x *exchange) containerExists() error {
	if _, ok := x.accounts.Container(nil, x.t.account, x.t.container); !ok {
		return errContainerNotFound
	}
	return nil
}

// getBlob is Get Blob: https://learn.microsoft.com/rest/api/storageservices/get-blob
func (x *exchange) getBlob() error {
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	if err := x.containerExists(); err != nil {
		return err
	}
	f, p, err := x.content.open(x.place())
	if err != nil {
		return err
	}
	defer f.Close()
	if err := x.showVersion(p); err != nil {
		return err
	}
	if e := c.read(p.ETag, p.LastModified); e != nil {
		x.stamp(p)
		return e
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

// digestRange adds the digests that a request wants of its range, which must be at most 4 MiB for that.
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

// send sends content. Once it has begun there is no way to tell of an error but to break off, which the length makes
// known.
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
	if err := x.containerExists(); err != nil {
		return err
	}
	p, err := x.content.Stat(x.place())
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

// setMetadata is Set Blob Metadata: https://learn.microsoft.com/rest/api/storageservices/set-blob-metadata
func (x *exchange) setMetadata() error {
	metadata, e := metadataOf(x.r.Header)
	if e != nil {
		return e
	}
	return x.change(Anew, http.StatusOK, func(p *Properties) { p.Metadata = metadata })
}

// setHeaders is Set Blob Properties: all of the headers are set, those that are not sent are cleared.
// Source: https://learn.microsoft.com/rest/api/storageservices/set-blob-properties
func (x *exchange) setHeaders() error {
	headers, e := headersOf(x.r.Header, false)
	if e != nil {
		return e
	}
	return x.change(Touch, http.StatusOK, func(p *Properties) { p.Headers = headers })
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
	return x.change(Quiet, http.StatusOK, func(p *Properties) { p.Tier = tier })
}

func (x *exchange) change(how int, status int, change func(*Properties)) error {
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	if err := x.containerExists(); err != nil {
		return err
	}
	check := x.mayWrite(c)
	p, err := x.content.Change(x.t.key(), x.at, how, func(tx *store.Tx, p *Properties) error {
		if how != Quiet {
			if err := check(tx, p); err != nil {
				return err
			}
		}
		change(p)
		return nil
	})
	if err != nil {
		return err
	}
	if how != Quiet {
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
	if err := x.containerExists(); err != nil {
		return err
	}
	keep, err := x.keeping()
	if err != nil {
		return err
	}
	permanent := keep.DeletedDays == 0
	if x.version() != "" {
		err = x.content.DeleteVersion(x.place(), x.at, x.mayDelete(c))
	} else {
		permanent = permanent && !keep.Versions
		err = x.content.DeleteIf(x.t.key(), x.at, x.mayDelete(c))
	}
	if err != nil {
		return err
	}
	x.w.Header().Set("x-ms-delete-type-permanent", strconv.FormatBool(permanent))
	x.w.WriteHeader(http.StatusAccepted)
	return nil
}

func (x *exchange) keeping() (k Keeping, err error) {
	err = x.content.st.View(func(tx *store.Tx) error {
		k, err = x.content.Keeping(tx, x.t.account)
		return err
	})
	return k, err
}

// undelete is Undelete Blob: https://learn.microsoft.com/rest/api/storageservices/undelete-blob
func (x *exchange) undelete() error {
	if err := x.containerExists(); err != nil {
		return err
	}
	if err := x.content.Undelete(x.t.key(), x.at); err != nil {
		return err
	}
	x.w.WriteHeader(http.StatusOK)
	return nil
}

// copyBlob is Copy Blob, Copy Blob From URL and Put Blob From URL, of sources that are served here; it is done at once.
// Source: https://learn.microsoft.com/rest/api/storageservices/copy-blob
func (x *exchange) copyBlob() error {
	source, err := url.Parse(x.r.Header.Get("x-ms-copy-source"))
	if err != nil || source.Host == "" {
		return errHeaderValue("x-ms-copy-source")
	}
	if source.Host != x.r.Host {
		return errCopySource
	}
	at, e := parsePath(source)
	if e != nil || at.blob == "" || source.Query().Has("snapshot") {
		return errHeaderValue("x-ms-copy-source")
	}
	from := at.key()
	if from.Version = source.Query().Get("versionid"); from.Version != "" && !checkVersion(from.Version) {
		return errHeaderValue("x-ms-copy-source")
	}
	if e := x.authorizeSource(source, at); e != nil {
		return e
	}
	o, e := x.options(false)
	if e != nil {
		return e
	}
	of, e := conditionsOf(x.r.Header, "x-ms-source-")
	if e != nil {
		return e
	}
	check := o.Check
	o.Check = func(tx *store.Tx, old *Properties) error {
		p, err := stat(tx, from)
		if err != nil {
			return err
		}
		if e := of.read(p.ETag, p.LastModified); e != nil {
			return serviceError(http.StatusPreconditionFailed, "SourceConditionNotMet",
				"The source condition specified using HTTP conditional header(s) is not met.")
		}
		return check(tx, old)
	}
	source.RawQuery = "" // signatures are not kept
	o.CopySource = source.String()
	p, err := x.content.CopyWith(x.r.Context(), from, x.t.key(), o)
	if errors.Is(err, ErrNotFound) {
		return errCopySource
	}
	if err != nil {
		return err
	}
	x.stamp(p)
	h := x.w.Header()
	h.Set("x-ms-copy-id", p.CopyID)
	h.Set("x-ms-copy-status", "success")
	status := http.StatusAccepted
	if x.r.Header.Get("x-ms-blob-type") != "" { // Put Blob From URL
		status = http.StatusCreated
	}
	x.w.WriteHeader(status)
	return nil
}
