package logs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/kql"
)

// Audiences are what an access token for the query API is for.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/access-api
var Audiences = []string{"https://api.loganalytics.io", "https://api.loganalytics.azure.com"}

const (
	queryAction = "Microsoft.OperationalInsights/workspaces/query/read"
	maxRequest  = 1 << 20
)

// NewHandler makes the query API: GET and POST /v1/workspaces/{workspaceId}/query.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/request-format
func NewHandler(s *arm.Server) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, r *http.Request) {
		body, problem := query(s, r)
		status := http.StatusOK
		if r.Context().Err() != nil {
			return // the caller has left
		}
		if problem != nil {
			status, body = problem.status, map[string]any{"error": problem.body()}
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // a client that has disconnected needs no answer
	}
	mux.HandleFunc("GET /v1/workspaces/{workspace}/query", answer)
	mux.HandleFunc("POST /v1/workspaces/{workspace}/query", answer)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		missing := refuse(http.StatusNotFound, "PathNotFoundError", "The requested path does not exist")
		_ = json.NewEncoder(w).Encode(map[string]any{"error": missing.body()})
	})
	return mux
}

// problem is an error of the query API, which has a shape of its own.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/errors
type problem struct {
	status        int
	code, message string
	inner         map[string]any
}

func (p *problem) body() map[string]any {
	out := map[string]any{"code": p.code, "message": p.message, "correlationId": uuid.NewString()}
	if p.inner != nil {
		out["innererror"] = p.inner
	}
	return out
}

func refuse(status int, code, format string, args ...any) *problem {
	return &problem{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func query(s *arm.Server, r *http.Request) (map[string]any, *problem) {
	text, span, bad := readQuery(r)
	if bad != nil {
		return nil, bad
	}
	ctx, cancel, bad := patience(r)
	if bad != nil {
		return nil, bad
	}
	defer cancel()
	select {
	case turns <- struct{}{}:
		defer func() { <-turns }()
	case <-ctx.Done():
		return nil, late()
	}
	var result *kql.Table
	var refused *problem
	err := s.View(func(c *arm.Call) error {
		caller, bad := authenticate(s.Directory(), c, r)
		if bad != nil {
			refused = bad
			return nil
		}
		workspace, ok := Workspace(c, r.PathValue("workspace"))
		if !ok {
			refused = refuse(http.StatusNotFound, "WorkspaceNotFoundError", "The workspace could not be found")
			return nil
		}
		sub, _ := s.Directory().Subscription(c.Tx, workspace.ID.Subscription)
		if !strings.EqualFold(sub.TenantID, caller.TenantID) || !s.Directory().Allowed(c.Tx, caller.ObjectID,
			workspace.ID.String(), queryAction, false) {
			refused = refuse(http.StatusForbidden, "InsufficientAccessError",
				"The provided credentials have insufficient access to perform the requested operation")
			return nil
		}
		within, bad := span(c.Now)
		if bad != nil {
			refused = bad
			return nil
		}
		var err error
		c.Context = ctx
		result, err = Run(c, workspace, text, within)
		return err
	})
	var misfit *kql.Error
	switch {
	case refused != nil:
		return nil, refused
	case errors.As(err, &misfit) && misfit.Exceeded != "":
		return partial(&kql.Table{}, misfit.Exceeded, misfit.Message), nil
	case errors.As(err, &misfit):
		return nil, badQuery(misfit)
	case ctx.Err() != nil:
		return nil, late()
	case err != nil:
		return nil, refuse(http.StatusInternalServerError, "InternalServerError", "%v", err)
	}
	if n := fitting(result); n < len(result.Rows) {
		result = &kql.Table{Columns: result.Columns, Rows: result.Rows[:n]}
		return partial(result, kql.ExceededResult, fmt.Sprintf("The results of this query exceed the set limit of %d "+
			"bytes, so not all records were returned (E_QUERY_RESULT_SET_TOO_LARGE, 0x80DA0003). See "+
			"https://aka.ms/kustoquerylimits for more information and possible solutions.", maxResult)), nil
	}
	return map[string]any{"tables": []any{render(result)}}, nil
}

// turns bounds the queries that run at once, as each may hold much memory; further ones wait.
var turns = make(chan struct{}, 4)

// maxResult is the most that an answer has, in bytes of its values.
// Source: https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#log-queries-and-language
const maxResult = 100_000_000

// fitting is how many rows of a result fit into an answer.
func fitting(t *kql.Table) int {
	size := 0
	for i, row := range t.Rows {
		if size += kql.RowSize(row); size > maxResult {
			return i
		}
	}
	return len(t.Rows)
}

// partial is the answer of a query that exceeded a limit while it ran: what there is of the result, with an error.
// Sources: https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format and
// https://github.com/Azure/Azure-Sentinel/issues/13143
func partial(t *kql.Table, code, message string) map[string]any {
	return map[string]any{"tables": []any{render(t)}, "error": map[string]any{
		"code": "PartialError", "message": "There were some errors when processing your query.",
		"details": []any{map[string]any{
			"code": "EngineError", "message": "Something went wrong processing your query on the server.",
			"innererror": map[string]any{"code": code, "message": message, "severity": 2, "severityName": "Error"},
		}},
	}}
}

const (
	defaultWait = 3 * time.Minute
	longestWait = 10 * time.Minute
)

// patience is how long a query may take: three minutes, or what the header Prefer says, up to ten. It ends when the
// caller leaves.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/api/timeouts
func patience(r *http.Request) (context.Context, context.CancelFunc, *problem) {
	wait := defaultWait
	for _, header := range r.Header.Values("Prefer") {
		for preference := range strings.FieldsFuncSeq(header, func(c rune) bool { return c == ',' || c == ';' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
			if !strings.EqualFold(name, "wait") {
				continue
			}
			seconds, err := strconv.Atoi(strings.TrimSpace(value))
			if err != nil || seconds <= 0 {
				return nil, nil, argument("The preference wait of the header Prefer is no number of seconds.")
			}
			wait = min(time.Duration(min(seconds, int(longestWait/time.Second)))*time.Second, longestWait)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	return ctx, cancel, nil
}

// late is the answer of a query that takes too long. Microsoft documents the status; the code is ours.
func late() *problem {
	return refuse(http.StatusGatewayTimeout, "GatewayTimeout", "The query took longer than it may: narrow it down, or "+
		"allow it up to 600 seconds with the header Prefer: wait=600.")
}

func authenticate(dir *identity.Directory, c *arm.Call, r *http.Request) (identity.Principal, *problem) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return identity.Principal{}, refuse(http.StatusUnauthorized, "AuthorizationRequiredError", "Valid "+
			"authentication was not provided")
	}
	p, err := dir.Verify(c.Tx, strings.TrimSpace(token), Audiences...)
	if err == nil {
		return p, nil
	}
	bad := refuse(http.StatusUnauthorized, "InvalidTokenError", "The provided authentication is not valid for this "+
		"resource")
	bad.inner = map[string]any{"code": "SignatureVerificationFailed", "message": "Could not validate the request"}
	switch {
	case errors.Is(err, identity.ErrTokenAudience):
		bad.inner = map[string]any{"code": "AudienceValidationFailed",
			"message": "The token is for another audience: ask for one for " + Audiences[0]}
	case errors.Is(err, identity.ErrTokenExpired):
		bad.inner = map[string]any{"code": "TokenExpired", "message": "The token has expired"}
	}
	return p, bad
}

// readQuery reads the query and its time span, from the URL or the body.
func readQuery(r *http.Request) (text string, span func(now time.Time) (Span, *problem), bad *problem) {
	var request struct {
		Query      string   `json:"query"`
		Timespan   string   `json:"timespan"`
		Workspaces []string `json:"workspaces"`
	}
	if r.Method == http.MethodGet {
		request.Query, request.Timespan = r.URL.Query().Get("query"), r.URL.Query().Get("timespan")
	} else {
		raw, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
		if err != nil || len(raw) > maxRequest || json.Unmarshal(raw, &request) != nil {
			return "", nil, argument("The request body is not a JSON object with a query, or is too long.")
		}
	}
	if strings.TrimSpace(request.Query) == "" {
		return "", nil, argument("The query is missing.")
	}
	if len(request.Workspaces) > 0 {
		return "", nil, argument("Queries over several workspaces are not served by this endpoint: ask each workspace.")
	}
	return request.Query, func(now time.Time) (Span, *problem) { return readSpan(request.Timespan, now) }, nil
}

func argument(message string) *problem {
	p := refuse(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties")
	p.inner = map[string]any{"code": "InvalidArgument", "message": message}
	return p
}

// badQuery renders an error of the query language.
func badQuery(e *kql.Error) *problem {
	p := refuse(http.StatusBadRequest, "BadArgumentError", "The request had some invalid properties")
	if e.Semantic {
		inner := map[string]any{"code": "SEM0100", "message": e.Message}
		if e.Line > 0 {
			inner["line"], inner["pos"] = e.Line, e.Column
		}
		p.inner = map[string]any{"code": "SemanticError", "message": "A semantic error occurred.", "innererror": inner}
		return p
	}
	p.inner = map[string]any{"code": "SyntaxError", "message": "A recognition error occurred in the query.",
		"innererror": map[string]any{
			"code": "SYN0002", "message": "Query could not be parsed: " + e.Error(), "line": e.Line, "pos": e.Column,
		}}
	return p
}

var isoPeriod = regexp.MustCompile(`^P(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,7})S)?)?$`)

// readSpan reads an ISO 8601 interval: P1D (up to now), start/end, start/P1D or P1D/end.
func readSpan(text string, now time.Time) (Span, *problem) {
	if text == "" {
		return Span{}, nil
	}
	bad := argument(fmt.Sprintf(
		"The timespan '%s' is no ISO 8601 interval such as P1D or 2025-01-01T00:00:00Z/P1D.", text))
	first, second, two := strings.Cut(text, "/")
	if !two {
		d, ok := period(first)
		if !ok {
			return Span{}, bad
		}
		return Span{From: now.Add(-d), To: now}, nil
	}
	from, err1 := time.Parse(time.RFC3339Nano, first)
	to, err2 := time.Parse(time.RFC3339Nano, second)
	switch {
	case err1 == nil && err2 == nil:
		return Span{from, to}, nil
	case err1 == nil:
		if d, ok := period(second); ok {
			return Span{from, from.Add(d)}, nil
		}
	case err2 == nil:
		if d, ok := period(first); ok {
			return Span{to.Add(-d), to}, nil
		}
	}
	return Span{}, bad
}

func period(text string) (time.Duration, bool) {
	m := isoPeriod.FindStringSubmatch(text)
	if m == nil || text == "P" || strings.HasSuffix(text, "T") {
		return 0, false
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(m[i+1]) // empty counts as 0
		d += time.Duration(n) * unit
	}
	return d, true
}

// render is a result in the published shape.
func render(t *kql.Table) map[string]any {
	columns := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = map[string]any{"name": c.Name, "type": string(c.Type)}
	}
	rows := make([]any, len(t.Rows))
	for i, row := range t.Rows {
		out := make([]any, len(row))
		for k, v := range row {
			out[k] = value(v, t.Columns[k].Type)
		}
		rows[i] = out
	}
	return map[string]any{"name": "PrimaryResult", "columns": columns, "rows": rows}
}

// value is a value as the API writes it: dynamic values as text, times and durations too.
func value(v any, typ kql.Type) any {
	switch x := v.(type) {
	case nil:
		return nil
	case time.Time:
		return x.UTC().Format("2006-01-02T15:04:05.9999999Z")
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return kql.Text(x)
		}
	case time.Duration:
		return kql.Text(x)
	}
	if typ == kql.Dynamic {
		return kql.Text(v)
	}
	return v
}
