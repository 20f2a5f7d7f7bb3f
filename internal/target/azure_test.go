package target

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAPrincipalWithoutSecretNamesTheKey(t *testing.T) {
	var o organization
	o.Principal = &struct {
		ClientID string `json:"clientId"`
		UseOIDC  bool   `json:"useOidc"`
	}{ClientID: "c"}
	_, err := o.credential("fabrikam", "")
	assert.ErrorContains(t, err, "crossorg:principalSecrets.fabrikam")
}
