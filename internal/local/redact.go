package local

import (
	"encoding/json"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// secretMark takes the place of a secret. The engine uses the same.
const secretMark = "[secret]"

// redactor takes known secrets out of text. The engine masks the values that it knows to be secret; the redactor is for
// the others, such as a client secret in a provider's error message.
type redactor struct{ secrets []string }

// add makes secrets known. Very short ones are left alone: they would mask ordinary words.
func (r *redactor) add(secrets ...string) {
	for _, s := range secrets {
		if len(s) < 6 {
			continue
		}
		r.secrets = append(r.secrets, s)
		// Within JSON text a secret looks different when it has characters that JSON escapes.
		if raw, err := json.Marshal(s); err == nil && strings.Trim(string(raw), `"`) != s {
			r.secrets = append(r.secrets, strings.Trim(string(raw), `"`))
		}
	}
}

func (r *redactor) text(s string) string {
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, secretMark)
	}
	return s
}

// value redacts every string of a JSON value, and replaces every secret that the engine has masked, an object with a
// signature, by the mark.
func (r *redactor) value(v any) any {
	switch v := v.(type) {
	case string:
		return r.text(v)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = r.value(item)
		}
		return out
	case map[string]any:
		if v[resource.SigKey] == resource.SecretSig {
			return secretMark
		}
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = r.value(item)
		}
		return out
	}
	return v
}
