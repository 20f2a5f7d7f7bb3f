package monitor

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/kql"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// checkQuery refuses a rule's query that uses search, or union other than across resources. Microsoft's page says that
// such rules are not supported; others deploy them all the same, so this is the stricter reading. A union counts as one
// across resources when each of its tables is named with its workspace.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-log-query
//
// The code is ours.
func checkQuery(text string) *arm.Error {
	for _, operator := range []string{"search", "union"} {
		if !kql.Uses(text, operator) {
			continue
		}
		if q, err := kql.Parse(text); operator == "union" && err == nil && q.CrossResource() {
			continue
		}
		return arm.BadRequest("BadRequest", "The query of the rule uses '%s', which is supported across resources "+
			"only: begin it with a table, or name every table with its workspace.", operator)
	}
	return nil
}

// validateQuery refuses a query whose tables or columns the workspace does not have now, unless the rule asks to skip
// that. A query that is beyond what is served here is taken as it is.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log
func validateQuery(c *arm.Call, props, condition map[string]any) *arm.Error {
	if skip, _ := props["skipQueryValidation"].(bool); skip {
		return nil
	}
	q, err := kql.Parse(jsonbody.Text(condition, "query"))
	if err != nil {
		return nil
	}
	workspace, ok := c.GetByID(jsonbody.Texts(props, "scopes")[0])
	if !ok || !strings.EqualFold(workspace.ID.Type(), workspaceType) {
		return nil
	}
	if err := logs.NewHistory(c, workspace).Check(q, c.Now); failsToResolve(err) {
		return arm.BadRequest("BadRequest", "The query of the rule is not valid: %v. A table is there once it has "+
			"rows: set skipQueryValidation to create the rule before.", err)
	}
	return nil
}

func failsToResolve(err error) bool {
	var misfit *kql.Error
	return errors.As(err, &misfit) && misfit.Unresolved
}

// failureLimit is how long a rule's query may go on failing before Azure disables the rule.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log
const failureLimit = 7 * 24 * time.Hour

// disabled is when the rule was disabled because its query had failed for a week; zero if it was not. Writing the rule
// enables it again. It follows from when tables resolved, and is not stored.
func (e evaluation) disabled(h *logs.History, now time.Time) (time.Time, error) {
	turns, err := h.Turns()
	if err != nil {
		return time.Time{}, err
	}
	began := e.rule.ModifiedAt
	moments := slices.DeleteFunc(turns, func(t time.Time) bool { return !t.After(began) || !t.Before(now) })
	moments = append([]time.Time{began}, append(moments, now)...)
	var failing time.Time // since when; zero while the query runs
	for i, at := range moments[:len(moments)-1] {
		switch err := h.Check(e.query, at); {
		case !failsToResolve(err):
			failing = time.Time{}
			continue
		case failing.IsZero():
			failing = at
		}
		if end := failing.Add(failureLimit); !end.After(moments[i+1]) {
			return end, nil
		}
	}
	return time.Time{}, nil
}

// showQueryRule shows a rule as disabled that has been failing for a week.
func showQueryRule(c *arm.Call, r *arm.Resource, body map[string]any) {
	e, ok := evaluationOf(r)
	if !ok {
		return
	}
	workspace, ok := e.workspace(c)
	if !ok {
		return
	}
	if since, err := e.disabled(logs.NewHistory(c, workspace), c.Now); err == nil && !since.IsZero() {
		jsonbody.Object(body, "properties")["enabled"] = false
	}
}

// workspace is what the rule watches.
func (e evaluation) workspace(c *arm.Call) (*arm.Resource, bool) {
	scopes := jsonbody.Texts(e.rule.Properties(), "scopes")
	if len(scopes) == 0 {
		return nil, false
	}
	r, ok := c.GetByID(scopes[0])
	return r, ok && strings.EqualFold(r.ID.Type(), workspaceType)
}
