package arm

import (
	"encoding/json"
	"io"
	"net/url"
	"sync"
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
	r := &redaction{}
	u, err := url.Parse(e.URL)
	if err != nil {
		u = &url.URL{}
	}
	e.URL = r.url(e.URL)
	e.RequestBody = r.request(u, request)
	e.ResponseBody = r.response(u, response)
	e.URL = r.echoed(e.URL)
	line, err := json.Marshal(e)
	if err != nil {
		return // cannot happen: bodies come from JSON
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.w.Write(append(line, '\n')) // a full disk must not fail the request
}
