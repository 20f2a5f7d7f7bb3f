package blob

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The fields of a user delegation SAS that are signed, by version, each with its name as its value.
// Source: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
func TestTheSignedFieldsOfAUserDelegationSASByVersion(t *testing.T) {
	const (
		start = "sp st se /blob/a/c skoid sktid skt ske sks skv "
		ids   = "saoid suoid scid "
		rest  = " rscc rscd rsce rscl rsct"
	)
	for version, fields := range map[string]string{
		"2018-11-09": start + "sip spr 2018-11-09 sr snapshot" + rest,
		"2020-02-10": start + ids + "sip spr 2020-02-10 sr snapshot" + rest,
		"2020-12-06": start + ids + "sip spr 2020-12-06 sr snapshot ses" + rest,
		"2025-07-05": start + ids + "skdutid sduoid sip spr 2025-07-05 sr snapshot ses" + rest,
	} {
		v := url.Values{}
		for _, name := range strings.Fields(fields) {
			v.Set(name, name)
		}
		v.Set("sv", version)
		assert.Equal(t, strings.Fields(fields), strings.Split(delegatedText(v, "/blob/a/c", "snapshot"), "\n"))
	}
}
