package datashare

import (
	"errors"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

const (
	// tableCopied remembers which state of a source blob a mapping has: mapping object id/blob name → ETag.
	tableCopied = "datashare.copied"
	// tableCopiedTo remembers the container that has it: mapping object id → arm.Resource.Instance.
	tableCopiedTo = "datashare.copiedTo"
)

// rememberCopied notes the state in which blobs were copied into a container: their ETags by name.
func rememberCopied(c *arm.Call, objectID, container string, etags map[string]string) *arm.Error {
	if len(etags) == 0 {
		return nil
	}
	if err := c.Tx.Put(tableCopiedTo, objectID, container); err != nil {
		return arm.InternalError(err)
	}
	for name, etag := range etags {
		if err := c.Tx.Put(tableCopied, objectID+"/"+name, etag); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}

// copiedBy are the blobs that a mapping has copied into a container: the ETags of the source blobs by their names. What
// an earlier container of that name got is lost with it, and is copied again.
func copiedBy(c *arm.Call, objectID, container string) (map[string]string, *arm.Error) {
	out := map[string]string{}
	var to string
	known, err := c.Tx.Get(tableCopiedTo, objectID, &to)
	if err != nil {
		return nil, arm.InternalError(err)
	}
	if known && container != "" && to != container {
		return out, forgetCopied(c, objectID)
	}
	err = c.Tx.Scan(tableCopied, objectID+"/", func(key string, raw []byte) error {
		out[strings.TrimPrefix(key, objectID+"/")] = strings.Trim(string(raw), `"`)
		return nil
	})
	if err != nil {
		return nil, arm.InternalError(err)
	}
	return out, nil
}

// forgetCopied makes a mapping's next snapshot copy everything.
func forgetCopied(c *arm.Call, objectID string) *arm.Error {
	if err := errors.Join(c.Tx.DeleteAll(tableCopied, objectID+"/"), c.Tx.Delete(tableCopiedTo, objectID)); err != nil {
		return arm.InternalError(err)
	}
	return nil
}
