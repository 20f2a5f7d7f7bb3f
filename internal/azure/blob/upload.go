package blob

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"hash/crc64"
	"io"
	"net/http"
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

// transferError maps an error of a transfer: an incomplete body is the client's error.
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
