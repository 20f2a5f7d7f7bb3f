package datashare

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// tableCopied remembers which state of a source blob a mapping has: mapping object id/blob name → ETag.
const tableCopied = "datashare.copied"

// rememberCopied notes the state in which blobs were copied: their ETags by name.
func rememberCopied(c *arm.Call, objectID string, etags map[string]string) *arm.Error {
	for name, etag := range etags {
		if err := c.Tx.Put(tableCopied, objectID+"/"+name, etag); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}

// copiedBy are the blobs that a mapping has copied: the ETags of the source blobs by their names.
func copiedBy(c *arm.Call, objectID string) (map[string]string, *arm.Error) {
	out := map[string]string{}
	err := c.Tx.Scan(tableCopied, objectID+"/", func(key string, raw []byte) error {
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
	if err := c.Tx.DeleteAll(tableCopied, objectID+"/"); err != nil {
		return arm.InternalError(err)
	}
	return nil
}
