package blob

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc64"
	"io"
	"net/http"

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

// options collects the options of a write of a whole blob.
func (x *exchange) options(standardHeaders bool) (PutOptions, *Error) {
	var o PutOptions
	var e *Error
	if o.Headers, e = headersOf(x.r.Header, standardHeaders); e != nil {
		return o, e
	}
	if o.Metadata, e = metadataOf(x.r.Header); e != nil {
		return o, e
	}
	if o.Tags, e = tagsOf(x.r.Header); e != nil {
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

// precheck refuses a write before its body is read if the refusal is already certain. The transaction checks again.
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
