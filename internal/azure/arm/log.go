package arm

import (
	"encoding/json"
	"io"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// entry is one line of the request log.
type entry struct {
	Time         string  `json:"time"`
	Method       string  `json:"method"`
	URL          string  `json:"url"`
	Principal    string  `json:"principal"`
	Status       int     `json:"status"`
	Fault        string  `json:"fault,omitempty"`
	DurationMs   float64 `json:"durationMs"`
	RequestBody  any     `json:"requestBody,omitempty"`
	ResponseBody any     `json:"responseBody,omitempty"`
}

// requestLog writes entries as JSON lines; nil writes nothing.
type requestLog struct {
	mu sync.Mutex
	w  io.Writer
}

func newRequestLog(w io.Writer) *requestLog {
	if w == nil {
		return nil
	}
	return &requestLog{w: w}
}

func (l *requestLog) write(e entry, request, response []byte) {
	if l == nil {
		return
	}
	e.URL = redactText(e.URL)
	e.RequestBody, e.ResponseBody = redactBody(e.URL, request), redactBody(e.URL, response)
	line, err := json.Marshal(e)
	if err != nil {
		return // cannot happen: bodies come from JSON
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(append(line, '\n')) // a full disk must not fail the request
}

// secretNames are property names whose values never reach the log, wherever they occur.
var secretNames = map[string]bool{
	"adminpassword": true, "protectedsettings": true, "primarysharedkey": true, "secondarysharedkey": true,
	"primarykey": true, "secondarykey": true,
	"accountsastoken": true, "servicesastoken": true, "clientsecret": true, "client_secret": true, "access_token": true,
	"password": true, "secret": true,
	"connectionstring": true,
}

// redactBody parses a body and hides its secrets: those of the published type, those in secretNames, signatures of SAS
// URLs, and the key values in answers of listKeys.
func redactBody(target string, raw []byte) any {
	if len(raw) == 0 {
		return nil
	}
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "***" // not JSON, so it may hold anything
	}
	u, err := url.Parse(target)
	if err != nil {
		return "***"
	}
	if m, ok := v.(map[string]any); ok {
		if id, err := ParseID(u.Path); err == nil {
			if pub, ok := azuretypes.Lookup(id.Type(), queryValue(u.Query(), "api-version")); ok {
				v = pub.Redact(m)
			}
		}
	}
	listsKeys := strings.HasSuffix(strings.ToLower(u.Path), "keys") || strings.HasSuffix(strings.ToLower(u.Path), "key")
	return redactValue(v, listsKeys)
}

func redactValue(v any, listsKeys bool) any {
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			name := strings.ToLower(k)
			if _, isText := e.(string); isText && (secretNames[name] || listsKeys && name == "value") {
				v[k] = "***"
				continue
			}
			v[k] = redactValue(e, listsKeys)
		}
	case []any:
		for i, e := range v {
			v[i] = redactValue(e, listsKeys)
		}
	case string:
		return redactText(v)
	}
	return v
}

var signature = regexp.MustCompile(`(?i)([?&]sig=)[^&\s"]+`)

// redactText hides the signature of a SAS URL.
func redactText(s string) string {
	if !strings.Contains(s, "sig=") {
		return s
	}
	return signature.ReplaceAllString(s, "${1}***")
}
