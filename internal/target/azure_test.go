package target

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/internal/stackfile"
)

func TestAPrincipalWithoutSecretNamesTheKey(t *testing.T) {
	o := stackfile.Organization{Principal: &stackfile.Principal{ClientID: "c"}}
	_, err := credential("fabrikam", o, "")
	assert.ErrorContains(t, err, "crossorg:principalSecrets.fabrikam")
}
