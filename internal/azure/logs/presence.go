package logs

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

const (
	// tablePresence keeps when rows came into a table: workspace id/table → spans. It outlives the rows.
	tablePresence = "logs.presence"
	// presenceLasts is for how long after its last row a table resolves in queries. A table that never had a row does
	// not resolve at all.
	// Source: https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log
	presenceLasts = 30 * 24 * time.Hour
	// presenceGrain is how exactly the time of the last row is kept, so that not every row writes it.
	presenceGrain = time.Hour
)

// presence is when a table resolved: spans of rows without a gap longer than presenceLasts, the oldest first.
type presence []Span

// at reports whether the table resolves at a moment.
func (p presence) at(t time.Time) bool {
	return slices.ContainsFunc(p, func(s Span) bool { return !t.Before(s.From) && !t.After(s.To.Add(presenceLasts)) })
}

// notePresence records that a table gets a row now.
func notePresence(c *arm.Call, workspace *arm.Resource, table string) error {
	p, err := presenceOf(c, workspace, table)
	if err != nil {
		return err
	}
	now := c.Now.UTC()
	switch last := len(p) - 1; {
	case last >= 0 && now.Sub(p[last].To) < presenceGrain:
		return nil
	case p.at(now):
		p[last].To = now
	default:
		p = append(p, Span{From: now, To: now})
	}
	return c.Tx.Put(tablePresence, presenceKey(workspace, table), p)
}

// presenceOf reads when a table resolved. A table of a home without such a record has it of its rows.
func presenceOf(c *arm.Call, workspace *arm.Resource, table string) (presence, error) {
	var p presence
	found, err := c.Tx.Get(tablePresence, presenceKey(workspace, table), &p)
	if found || err != nil {
		return p, err
	}
	var span Span
	err = c.Tx.Scan(tableRows, rowPrefix(workspace, table), func(key string, _ []byte) error {
		stamp, _, _ := strings.Cut(strings.TrimPrefix(key, rowPrefix(workspace, table)), "/")
		at, err := time.Parse(keyTime, stamp)
		if err != nil {
			return fmt.Errorf("a row of %s has no time: %w", table, err)
		}
		if span.From.IsZero() {
			span.From = at
		}
		span.To = at
		return nil
	})
	if err != nil || span.From.IsZero() {
		return nil, err
	}
	return presence{span}, nil
}

func presenceKey(workspace *arm.Resource, table string) string {
	return workspace.String("properties", "customerId") + "/" + table
}

// turnsOf are the moments at which a table of the workspace began to resolve, or ceased to, in the order of time.
func turnsOf(c *arm.Call, workspace *arm.Resource) ([]time.Time, error) {
	var out []time.Time
	prefix := workspace.String("properties", "customerId") + "/"
	err := c.Tx.Scan(tablePresence, prefix, func(_ string, raw []byte) error {
		var p presence
		if err := json.Unmarshal(raw, &p); err != nil {
			return err
		}
		for _, s := range p {
			out = append(out, s.From, s.To.Add(presenceLasts+1))
		}
		return nil
	})
	slices.SortFunc(out, time.Time.Compare)
	return out, err
}
