package blob

import (
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// Limits of a blob's index tags.
// Source: https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs#setting-blob-index-tags
const (
	maxTags     = 10
	maxTagKey   = 128
	maxTagValue = 256
)

var (
	errTooManyTags = serviceError(http.StatusBadRequest, "TagsTooLarge",
		"The tags specified exceed the maximum permissible limit.")
	errInvalidTag = serviceError(http.StatusBadRequest, "InvalidTag",
		"The tags specified are invalid. They contain characters that are not permitted.")
	errEmptyTag = serviceError(http.StatusBadRequest, "EmptyTagName", "The name of one of the tag key-value pairs is "+
		"empty.")
	errDuplicateTag = serviceError(http.StatusBadRequest, "DuplicateTagNames", "The tags specified contain duplicate "+
		"names.")
)

// tagSet collects tags and refuses what may not be one.
type tagSet map[string]string

func (s tagSet) add(name, value string) *Error {
	_, twice := s[name]
	switch {
	case name == "":
		return errEmptyTag
	case len(name) > maxTagKey || len(value) > maxTagValue || len(s) == maxTags && !twice:
		return errTooManyTags
	case !isTagText(name) || !isTagText(value):
		return errInvalidTag
	case twice:
		return errDuplicateTag
	}
	s[name] = value
	return nil
}

func isTagText(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune(" +-./:=_", r)
	}) < 0
}

// tagsOf reads the tags of a new blob, which are written as a query; nil without any.
func tagsOf(h http.Header) (map[string]string, *Error) {
	text := h.Get("x-ms-tags")
	if text == "" {
		return nil, nil
	}
	out := tagSet{}
	for _, pair := range strings.Split(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err != nil || err2 != nil {
			return nil, errHeaderValue("x-ms-tags")
		}
		if e := out.add(name, value); e != nil {
			return nil, e
		}
	}
	return out, nil
}

type tagXML struct{ Key, Value string }

type tagsXML struct {
	XMLName xml.Name `xml:"Tags"`
	Tags    []tagXML `xml:"TagSet>Tag"`
}

// tagged is the document of a blob's tags, in the order of their names.
func tagged(tags map[string]string) tagsXML {
	var out tagsXML
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, tagXML{name, tags[name]})
	}
	return out
}

// getTags is Get Blob Tags: https://learn.microsoft.com/rest/api/storageservices/get-blob-tags
func (x *exchange) getTags() error {
	var p Properties
	if err := x.read(func() (err error) {
		p, err = x.content.Stat(x.place())
		return err
	}); err != nil {
		return err
	}
	c, e := conditionsOf(x.r.Header, "")
	if e == nil {
		e = c.onTags(&p)
	}
	if e != nil {
		return e
	}
	if err := x.mayUse(&p, false); err != nil {
		return err
	}
	writeXML(x.w, http.StatusOK, tagged(p.Tags))
	return nil
}

// setTags is Set Blob Tags, which replaces all tags and leaves the blob's tag of state and time as they are.
// Source: https://learn.microsoft.com/rest/api/storageservices/set-blob-tags
func (x *exchange) setTags() error {
	document, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxSmallXML))
	if err != nil {
		return transferError(err)
	}
	var asked tagsXML
	if err := xml.Unmarshal(document, &asked); err != nil {
		return errInvalidXML
	}
	tags := tagSet{}
	for _, t := range asked.Tags {
		if e := tags.add(t.Key, t.Value); e != nil {
			return e
		}
	}
	c, e := conditionsOf(x.r.Header, "")
	if e != nil {
		return e
	}
	_, err = x.content.Change(x.t.key(), x.at, ChangeTier, func(tx *store.Tx, p *Properties) error {
		if err := x.mayStage(tx); err != nil {
			return err
		}
		if e := c.onTags(p); e != nil {
			return e
		}
		if err := x.mayUse(p, true); err != nil {
			return err
		}
		p.Tags = tags
		return nil
	})
	if err != nil {
		return err
	}
	x.w.WriteHeader(http.StatusNoContent)
	return nil
}

type foundBlobXML struct {
	XMLName       xml.Name `xml:"Blob"`
	Name          string
	ContainerName string
	Tags          tagsXML
}

type foundXML struct {
	XMLName         xml.Name       `xml:"EnumerationResults"`
	ServiceEndpoint string         `xml:"ServiceEndpoint,attr"`
	Where           string         `xml:"Where"`
	Blobs           []foundBlobXML `xml:"Blobs>Blob"`
	NextMarker      string
}

// findByTags is Find Blobs by Tags, in the account or in a container.
// Source: https://learn.microsoft.com/rest/api/storageservices/find-blobs-by-tags
func (x *exchange) findByTags() error {
	l, e := x.listing()
	if e != nil {
		return e
	}
	where, e := parseTagFilter(x.q.Get("where"), true)
	if e != nil || len(where) == 0 {
		return errQueryValue("where")
	}
	containers, err := x.searched()
	if err != nil {
		return err
	}
	out := foundXML{ServiceEndpoint: l.answer.ServiceEndpoint, Where: x.q.Get("where")}
	for _, container := range containers {
		items, err := x.content.List(x.account.Name, container.Name, "")
		if err != nil {
			return err
		}
		// The container was there before; what was listed is its own if it still is.
		if now, ok := x.accounts.Container(nil, x.account, container.Name); !ok || now.Instance != container.Instance {
			continue
		}
		for _, item := range items {
			mark := container.Name + "/" + item.Name
			if len(item.Tags) == 0 || mark < l.from || !where.matches(container.Name, item.Tags) {
				continue
			}
			if len(out.Blobs) == l.max {
				out.NextMarker = markerFor(mark)
				writeXML(x.w, http.StatusOK, out)
				return nil
			}
			out.Blobs = append(out.Blobs, foundBlobXML{
				Name: item.Name, ContainerName: container.Name, Tags: tagged(item.Tags)})
		}
	}
	writeXML(x.w, http.StatusOK, out)
	return nil
}

// searched are the containers that a search is in: the request's, or all of the account.
func (x *exchange) searched() ([]Container, error) {
	if x.t.container == "" {
		return x.accounts.Containers(x.account)
	}
	c, err := x.containerIn(nil)
	return []Container{c}, err
}
