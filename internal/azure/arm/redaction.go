package arm

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// redaction keeps secrets out of one line of the request log. It goes by what a field is: its name, wherever it stands;
// its published type, in whatever spelling and api-version the type was asked for; and, for what the type does not
// have, the possibility that it is a misspelt secret. What it took out of the request it also takes out of the answer.
type redaction struct {
	// secrets are the texts that were taken out.
	secrets []string
}

// redacted stands for a secret.
const redacted = azuretypes.Redacted

// secretNames are names of properties and query parameters that hold secrets, in lower case without separators;
// secretEndings are ends of such names.
var (
	secretNames = []string{"key", "key1", "key2", "primarykey", "secondarykey", "sig", "assertion", "clientassertion",
		"serviceuri", "httptriggerurl", "callbackurl", "protectedsettings", "encodedcertificate", "pfx"}
	secretEndings = []string{"password", "passwd", "pwd", "passphrase", "secret", "token", "sharedkey", "accesskey",
		"accountkey", "apikey", "privatekey", "connectionstring", "credential", "signature"}
)

// namesSecret reports whether a property or parameter of this name holds a secret.
func namesSecret(name string) bool {
	plain := strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(name))
	return slices.Contains(secretNames, plain) || plain != "$skiptoken" &&
		slices.ContainsFunc(secretEndings, func(end string) bool { return strings.HasSuffix(plain, end) })
}

// hide takes a value out, whatever it is. Null, true and false tell nothing.
func (r *redaction) hide(v any) any {
	switch v := v.(type) {
	case nil, bool:
		return v
	case string:
		r.remember(v)
	case []any:
		for _, item := range v {
			r.hide(item)
		}
	case map[string]any:
		for _, item := range v {
			r.hide(item)
		}
	default:
		r.remember(fmt.Sprint(v))
	}
	return redacted
}

// remember has a text taken out of the answer, too. Short ones would take ordinary words with them.
func (r *redaction) remember(text string) {
	if len(text) >= 4 && text != redacted {
		r.secrets = append(r.secrets, text)
	}
}

// echoed takes out what was taken out before.
func (r *redaction) echoed(text string) string {
	for _, secret := range r.secrets {
		text = strings.ReplaceAll(text, secret, redacted)
	}
	return text
}

// Secrets within texts: the signature of a shared access signature, also in a URL within a URL, what authorizes a
// request, and the parts of connection strings.
var secretTexts = []*regexp.Regexp{
	regexp.MustCompile(`(?i)((?:\b|[_?&;]|%(?:25)*3f|%(?:25)*26)` + escaped('s') + escaped('i') + escaped('g') +
		`(?:=|%(?:25)*3d))[^&\s"'<>;]+`),
	regexp.MustCompile(`(?i)(\b(?:Bearer|SharedKey|SharedKeyLite|Basic)\s+)[^\s"'<>]+`),
	regexp.MustCompile(`(?i)(\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|Password|Pwd|client_secret)=)` +
		`[^;&\s"'<>]+`),
}

// escaped matches a letter in either case, as it is or in the escapes of URLs, once or repeatedly.
func escaped(letter rune) string {
	return fmt.Sprintf(`(?:%c|%%(?:25)*(?:%x|%x))`, letter, letter, letter-'a'+'A')
}

// text takes secrets out of a text that is no secret as a whole.
func (r *redaction) text(s string) string {
	for _, pattern := range secretTexts {
		s = pattern.ReplaceAllStringFunc(s, func(found string) string {
			start := pattern.FindStringSubmatch(found)[1]
			r.remember(found[len(start):])
			return start + redacted
		})
	}
	return r.echoed(s)
}

// url takes secrets out of a request's target.
func (r *redaction) url(target string) string {
	path, query, found := strings.Cut(target, "?")
	if path = r.text(path); !found {
		return path
	}
	parameters := strings.Split(query, "&")
	for i, parameter := range parameters {
		name, value, _ := strings.Cut(parameter, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || namesSecret(plain) || strings.EqualFold(plain, "code") || strings.EqualFold(plain, "value") {
			r.remember(value)
			if decoded, err := url.QueryUnescape(value); err == nil {
				r.remember(decoded)
			}
			parameters[i] = name + "=" + redacted
			continue
		}
		parameters[i] = r.text(parameter)
	}
	return path + "?" + strings.Join(parameters, "&")
}

// request is a request's body as it may be logged.
func (r *redaction) request(u *url.URL, raw []byte) any {
	v, ok := decodeForLog(raw)
	if !ok {
		return v
	}
	if body, isObject := v.(map[string]any); isObject {
		if shape := shapeFor(u); shape != nil {
			known := shape.Published(body)
			v = r.unknown(body, known)
		}
	}
	return r.body(u, v)
}

// response is an answer's body as it may be logged.
func (r *redaction) response(u *url.URL, raw []byte) any {
	v, ok := decodeForLog(raw)
	if !ok {
		return v
	}
	return r.body(u, v)
}

// decodeForLog decodes a body. ok is false for an empty one, and for one that is no JSON and so may hold anything.
func decodeForLog(raw []byte) (v any, ok bool) {
	if len(raw) == 0 {
		return nil, false
	}
	if json.Unmarshal(raw, &v) != nil {
		return redacted, false
	}
	return v, true
}

// shapeFor is the published shape of the type that a request is about: in its api-version, or else in the newest; nil
// when the path names no known type.
func shapeFor(u *url.URL) *azuretypes.Resource {
	id, err := ParseID(strings.TrimRight(collapsed(u.Path), "/"))
	if err != nil {
		return nil
	}
	if shape, ok := azuretypes.Lookup(id.Type(), queryValue(u.Query(), "api-version")); ok {
		return shape
	}
	for _, version := range azuretypes.APIVersions(id.Type()) {
		shape, _ := azuretypes.Lookup(id.Type(), version)
		return shape
	}
	return nil
}

// body takes the secrets of the type out, and then those that fields and texts tell.
func (r *redaction) body(u *url.URL, v any) any {
	if shape := shapeFor(u); shape != nil {
		if body, ok := v.(map[string]any); ok {
			shown := shape.Redact(body)
			r.compare(body, shown)
			v = shown
		}
	}
	if _, isText := v.(string); isText {
		return r.hide(v)
	}
	return r.value(v, true)
}

// unknown hides what a body has and its type has not.
func (r *redaction) unknown(v, known any) any {
	switch v := v.(type) {
	case map[string]any:
		known, ok := known.(map[string]any)
		if !ok {
			return r.hide(v)
		}
		out := map[string]any{}
		for name, item := range v {
			if its, ok := known[name]; ok {
				out[name] = r.unknown(item, its)
			} else {
				out[name] = r.hide(item)
			}
		}
		return out
	case []any:
		known, ok := known.([]any)
		if !ok || len(known) != len(v) {
			return r.hide(v)
		}
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = r.unknown(item, known[i])
		}
		return out
	}
	return v
}

// compare remembers what a type's own redaction took out.
func (r *redaction) compare(v, shown any) {
	switch shown := shown.(type) {
	case map[string]any:
		if v, ok := v.(map[string]any); ok {
			for name, item := range v {
				r.compare(item, shown[name])
			}
		}
	case []any:
		if v, ok := v.([]any); ok && len(v) == len(shown) {
			for i, item := range v {
				r.compare(item, shown[i])
			}
		}
	case string:
		if shown == redacted {
			r.hide(v)
		}
	}
}

// value takes secrets out by the names of fields. A field named value is a secret's or a key's, except for the list
// that is the answer to a GET of a collection, at the top.
func (r *redaction) value(v any, top bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range v {
			list, isList := item.([]any)
			switch {
			case namesSecret(name):
				out[name] = r.hide(item)
			case strings.EqualFold(name, "value") && (!top || !isList):
				out[name] = r.hide(item)
			case strings.EqualFold(name, "value"):
				shown := make([]any, len(list))
				for i, one := range list {
					if _, isObject := one.(map[string]any); isObject {
						shown[i] = r.value(one, false)
					} else {
						shown[i] = r.hide(one)
					}
				}
				out[name] = shown
			default:
				out[name] = r.value(item, false)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = r.value(item, false)
		}
		return out
	case string:
		return r.text(v)
	}
	return v
}
