package blob

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/crossorg/crossorg/internal/azure/store"
)

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
	check := func(tx *store.Tx, old *Properties) error {
		if err := x.mayStage(tx); err != nil {
			return err
		}
		return x.mayUse(old, true)
	}
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
	var p *Properties
	var staged []Block
	err := x.read(func() (err error) {
		p, staged, err = x.content.Blocks(x.place())
		return err
	})
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
	if err := x.mayUse(p, false); err != nil {
		return err
	}
	if p != nil {
		x.stamp(*p)
		x.w.Header().Set("x-ms-blob-content-length", strconv.FormatInt(p.Size, 10))
	}
	writeXML(x.w, http.StatusOK, out)
	return nil
}
