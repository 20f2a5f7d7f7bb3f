package monitor

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/kql"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// alertRetention is how long alerts are kept.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview
const alertRetention = 30 * 24 * time.Hour

// fired is one alert of a rule.
type fired struct {
	rule *arm.Resource
	// target is what the alert is about: the rule's scope, or the resource that a row names.
	target string
	// dimensions tell the alerts of a rule apart that is split by columns.
	dimensions []dimension
	start      time.Time
	// resolved is zero while the condition holds.
	resolved time.Time
	// lastMet is when the condition was last found to hold, value what was measured then.
	lastMet time.Time
	value   float64
	// activity is set for the alert of an activity log alert rule, which has no severity and does not resolve.
	activity bool
}

type dimension struct{ name, value string }

// id is the same whenever the alert is computed.
func (f *fired) id() string {
	if f.activity {
		return f.activityID()
	}
	return uuid.NewSHA1(uuid.NameSpaceURL,
		[]byte(f.rule.ID.Key()+"|"+f.start.UTC().Format(time.RFC3339Nano)+"|"+key(f.dimensions))).String()
}

func key(dimensions []dimension) string {
	var b strings.Builder
	for _, d := range dimensions {
		b.WriteString(d.name + "=" + d.value + "\n")
	}
	return b.String()
}

// evaluation is a log alert rule as it is evaluated.
type evaluation struct {
	rule      *arm.Resource
	query     *kql.Query
	condition map[string]any
	// frequency is the time from one evaluation to the next, window what one looks at, lookBack the longer span that
	// overrideQueryTimeRange asks for.
	frequency, window, lookBack time.Duration
	periods, least              int
	stateful                    bool
}

// evaluationOf reads a rule; ok is false for one that raises no alerts: it is disabled, measures a metric, or its query
// is beyond what is served here.
func evaluationOf(rule *arm.Resource) (e evaluation, ok bool) {
	props := rule.Properties()
	if on, _ := props["enabled"].(bool); !on || !strings.EqualFold(rule.String("kind"), "LogAlert") {
		return e, false
	}
	conditions := jsonbody.Objects(jsonbody.Object(props, "criteria"), "allOf")
	if len(conditions) != 1 {
		return e, false
	}
	var err error
	e = evaluation{rule: rule, condition: conditions[0]}
	if e.query, err = kql.Parse(jsonbody.Text(e.condition, "query")); err != nil {
		return e, false
	}
	if e.frequency, err = duration(jsonbody.Text(props, "evaluationFrequency")); err != nil || e.frequency <= 0 {
		return e, false
	}
	if e.window, err = duration(jsonbody.Text(props, "windowSize")); err != nil {
		return e, false
	}
	if e.lookBack, err = duration(jsonbody.Text(props, "overrideQueryTimeRange")); err != nil {
		e.lookBack = 0
	}
	failing := jsonbody.Object(e.condition, "failingPeriods")
	periods, _ := failing["numberOfEvaluationPeriods"].(float64)
	least, _ := failing["minFailingPeriodsToAlert"].(float64)
	e.periods, e.least = max(1, int(periods)), max(1, int(least))
	e.stateful, _ = props["autoMitigate"].(bool)
	return e, true
}

// quiet is how long the condition must not hold for an alert to resolve.
// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview#stateful-alerts
func (e evaluation) quiet() time.Duration {
	switch f := e.frequency; {
	case f < 5*time.Minute:
		return 10 * time.Minute
	case f <= 15*time.Minute:
		return 3 * f
	case f <= 11*time.Hour:
		return 2 * f
	default:
		return f
	}
}

// alerts are those that the rule has raised until now, oldest first: it is evaluated at each of its times since it was
// created, as far back as alerts are kept, with what the workspace held then. Nothing is stored: what a rule's alerts
// are follows from its rows, and a changed rule is evaluated as it is now.
func (e evaluation) alerts(h *logs.History, now time.Time) []*fired {
	var all []*fired
	open := map[string]*fired{}
	first := e.rule.CreatedAt.Add(e.frequency)
	if skip := now.Add(-alertRetention).Sub(first); skip > 0 {
		first = first.Add((skip/e.frequency + 1) * e.frequency)
	}
	end := now
	if since, err := e.disabled(h, now); err == nil && !since.IsZero() {
		end = since
	}
	for at := first; !at.After(end); at = at.Add(e.frequency) {
		met, err := e.evaluate(h, at)
		if err != nil {
			continue // a query that fails raises nothing
		}
		for k, f := range open {
			if met[k] == nil && at.Sub(f.lastMet) >= e.quiet() {
				f.resolved = at
				delete(open, k)
			}
		}
		for k, f := range met {
			if known := open[k]; known != nil && e.stateful {
				known.lastMet, known.value = at, f.value
				continue
			}
			all, open[k] = append(all, f), f
		}
	}
	return all
}

// evaluate returns the groups, by dimensions, for which the condition holds at a moment.
func (e evaluation) evaluate(h *logs.History, at time.Time) (map[string]*fired, error) {
	failing, latest := map[string]int{}, map[string]*fired{}
	for period := range e.periods {
		end := at.Add(-time.Duration(period) * e.window)
		from := end.Add(-e.window)
		if e.periods == 1 && e.lookBack > e.window {
			from = end.Add(-e.lookBack)
		}
		result, err := h.Run(e.query, at, logs.Span{From: from, To: end})
		if err != nil {
			return nil, err
		}
		for k, g := range e.groups(result) {
			value, measured := e.measure(result, g.rows)
			if !measured || !e.exceeds(value) {
				continue
			}
			failing[k]++
			if latest[k] == nil {
				latest[k] = &fired{rule: e.rule, target: g.target, dimensions: g.dimensions, start: at, lastMet: at,
					value: value}
			}
		}
	}
	for k, n := range failing {
		if n < e.least {
			delete(latest, k)
		}
	}
	return latest, nil
}

type group struct {
	target     string
	dimensions []dimension
	rows       [][]any
}

// groups splits a result by the condition's dimensions; without any it is one group, also when it has no rows.
func (e evaluation) groups(t *kql.Table) map[string]*group {
	scope := ""
	if scopes := jsonbody.Texts(e.rule.Properties(), "scopes"); len(scopes) > 0 {
		scope = scopes[0]
	}
	column := func(name string) int {
		return slices.IndexFunc(t.Columns, func(c kql.Column) bool { return c.Name == name })
	}
	wanted := jsonbody.Objects(e.condition, "dimensions")
	resource := jsonbody.Text(e.condition, "resourceIdColumn")
	out := map[string]*group{}
	if len(wanted) == 0 && resource == "" {
		out[""] = &group{target: scope, rows: t.Rows}
		return out
	}
	for _, row := range t.Rows {
		g := &group{target: scope}
		skip := false
		for _, d := range wanted {
			i := column(jsonbody.Text(d, "name"))
			if i < 0 {
				return nil
			}
			value := kql.Text(row[i])
			listed := slices.ContainsFunc(jsonbody.Texts(d, "values"),
				func(v string) bool { return v == "*" || strings.EqualFold(v, value) })
			skip = skip || listed == strings.EqualFold(jsonbody.Text(d, "operator"), "Exclude")
			g.dimensions = append(g.dimensions, dimension{jsonbody.Text(d, "name"), value})
		}
		if i := column(resource); resource != "" && i >= 0 {
			g.target = kql.Text(row[i])
			g.dimensions = append(g.dimensions, dimension{resource, g.target})
		}
		if skip {
			continue
		}
		k := key(g.dimensions)
		if out[k] == nil {
			out[k] = g
		}
		out[k].rows = append(out[k].rows, row)
	}
	return out
}

// measure aggregates the rows of a group; ok is false without a value.
func (e evaluation) measure(t *kql.Table, rows [][]any) (value float64, ok bool) {
	aggregation := strings.ToLower(jsonbody.Text(e.condition, "timeAggregation"))
	if aggregation == "count" {
		return float64(len(rows)), true
	}
	column := slices.IndexFunc(t.Columns,
		func(c kql.Column) bool { return c.Name == jsonbody.Text(e.condition, "metricMeasureColumn") })
	if column < 0 {
		return 0, false
	}
	sum, n := 0.0, 0
	var low, high float64
	for _, row := range rows {
		v, isNumber := kql.Value(row[column], kql.Real).(float64)
		if !isNumber {
			continue
		}
		if n == 0 {
			low, high = v, v
		}
		sum, low, high = sum+v, min(low, v), max(high, v)
		n++
	}
	switch {
	case n == 0:
		return 0, false
	case aggregation == "total":
		return sum, true
	case aggregation == "average":
		return sum / float64(n), true
	case aggregation == "minimum":
		return low, true
	}
	return high, true
}

// exceeds compares a measured value with the threshold.
func (e evaluation) exceeds(value float64) bool {
	threshold, _ := e.condition["threshold"].(float64)
	switch strings.ToLower(jsonbody.Text(e.condition, "operator")) {
	case "equals", "equal":
		return value == threshold
	case "greaterthan":
		return value > threshold
	case "greaterthanorequal":
		return value >= threshold
	case "lessthan":
		return value < threshold
	}
	return value <= threshold
}
