package kql

import (
	"context"
	"fmt"
)

// maxHeld bounds the bytes that the steps of a query hold together, so that no query exhausts memory. Azure's engine
// has a budget of the same kind, of 5 GB an operator.
const maxHeld = 256 << 20

// Codes of what a query exceeded, as the query API gives them (Error.Exceeded).
// Source: https://github.com/Azure/Azure-Sentinel/issues/13143 and
// https://learn.microsoft.com/kusto/concepts/partial-query-failures
const (
	// ExceededMemory is E_RUNAWAY_QUERY: an operator holds too much.
	ExceededMemory = "-2133196799"
	// ExceededResult is E_QUERY_RESULT_SET_TOO_LARGE.
	ExceededResult = "-2133196797"
)

// budget is what a query may hold and how long it may take.
type budget struct {
	ctx   context.Context
	held  int
	calls int
	// err is the error of the first step that exceeded it.
	err error
}

// hold counts bytes that a step holds from now on, and returns the query's error once they are too many or its context
// has ended.
func (b *budget) hold(operator string, bytes int) error {
	b.held += bytes
	b.calls++
	switch {
	case b.err != nil:
	case b.held > maxHeld:
		b.err = exceeded(operator)
	case b.calls%256 == 0 && b.ctx.Err() != nil:
		b.err = context.Cause(b.ctx)
	}
	return b.err
}

func exceeded(operator string) error {
	return &Error{Exceeded: ExceededMemory, Message: fmt.Sprintf("'%s' operator has exceeded the memory budget (%d) "+
		"during evaluation. Results may be incorrect or incomplete (E_RUNAWAY_QUERY; see "+
		"https://aka.ms/kustoquerylimits).", operator, maxHeld)}
}

// TooMuchLoaded is the error of a query whose table alone takes too much memory.
func TooMuchLoaded() error { return exceeded("scan") }

// Sizes of values in memory, in bytes.
const (
	valueSize = 16
	rowSize   = 24
	groupSize = 128
)

// rowBytes is what a row takes whose values are those of another row.
func rowBytes(columns int) int { return rowSize + valueSize*columns }

// sizeOf is what a value takes.
func sizeOf(v any) int {
	size := valueSize
	switch v := v.(type) {
	case string:
		size += len(v)
	case []any:
		for _, item := range v {
			size += sizeOf(item)
		}
	case map[string]any:
		for name, item := range v {
			size += valueSize + len(name) + sizeOf(item)
		}
	}
	return size
}

// RowSize is about what the values of a row take, in bytes.
func RowSize(row []any) int {
	size := rowSize
	for _, v := range row {
		size += sizeOf(v)
	}
	return size
}

// holdTable counts a table that was loaded for the query.
func (b *budget) holdTable(t *Table) error {
	for _, row := range t.Rows {
		if err := b.hold("scan", RowSize(row)); err != nil {
			return err
		}
	}
	return nil
}
