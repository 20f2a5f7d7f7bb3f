package console

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Column is a column of a table.
type Column struct {
	// Head is the column's heading.
	Head string
	// Right aligns cells to the right, for numbers.
	Right bool
	// Clip says where a cell is cut when the table is too wide.
	Clip Clip
}

// Clip says how a column is cut.
type Clip int

const (
	// AtEnd cuts the end of a text.
	AtEnd Clip = iota
	// AtStart cuts the start, as of a path.
	AtStart
	// AtMiddle cuts the middle, as of a name that ends in random characters.
	AtMiddle
	// Never cuts nothing as long as other columns can give way.
	Never
)

// gap is the number of columns between two columns of a table, and minColumn the narrowest that one is cut to.
const (
	gap       = 2
	minColumn = 8
)

// Table is rows under columns.
type Table struct {
	columns []Column
	rows    [][]Cell
}

// NewTable has columns and no rows.
func NewTable(columns ...Column) *Table { return &Table{columns: columns} }

// Row adds a row: texts, numbers or styled cells, as many as there are columns.
func (t *Table) Row(values ...any) {
	row := make([]Cell, len(t.columns))
	for i, value := range values {
		row[i] = cell(value)
		row[i].text = strings.ReplaceAll(row[i].text, "\n", " ")
	}
	t.rows = append(t.rows, row)
}

// Len is the number of rows.
func (t *Table) Len() int { return len(t.rows) }

// lines lays the table out in a width, behind an indent.
func (t *Table) lines(s *Screen, indent string, width int) []string {
	widths := t.widths(width - len(indent))
	heads := make([]Cell, len(t.columns))
	named := false
	for i, c := range t.columns {
		heads[i] = Faint(c.Head)
		named = named || c.Head != ""
	}
	rows := t.rows
	if named {
		rows = append([][]Cell{heads}, rows...)
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, indent+t.line(s, row, widths))
	}
	return lines
}

func (t *Table) line(s *Screen, row []Cell, widths []int) string {
	var out strings.Builder
	blank := 0
	for i, c := range row {
		text := c.text
		switch t.columns[i].Clip {
		case AtStart:
			text = clipStart(text, widths[i])
		case AtMiddle:
			text = clipMiddle(text, widths[i])
		default:
			text = clipEnd(text, widths[i])
		}
		rest := widths[i] - ansi.StringWidth(text)
		if t.columns[i].Right {
			blank, rest = blank+rest, 0
		}
		// Blanks are written before the next text only, so that no line ends in them.
		if text != "" {
			out.WriteString(strings.Repeat(" ", blank))
			blank = 0
		}
		out.WriteString(s.paint(text, c.style))
		blank += rest + gap
	}
	return out.String()
}

// widths gives every column what its longest cell needs, or where that is too much a fair share: narrow columns keep
// their width, and the wide ones divide what is left.
func (t *Table) widths(available int) []int {
	needed := make([]int, len(t.columns))
	for i, c := range t.columns {
		needed[i] = ansi.StringWidth(c.Head)
		for _, row := range t.rows {
			needed[i] = max(needed[i], ansi.StringWidth(row[i].text))
		}
	}
	available -= gap * (len(t.columns) - 1)
	kept, yielding := 0, []int{}
	for i, c := range t.columns {
		if c.Clip == Never {
			kept += needed[i]
		} else {
			yielding = append(yielding, i)
		}
	}
	// When the columns that are never cut leave too little room, all columns shrink.
	if available-kept < minColumn*len(yielding) {
		kept, yielding = 0, nil
		for i := range t.columns {
			yielding = append(yielding, i)
		}
	}
	slices.SortStableFunc(yielding, func(a, b int) int { return needed[a] - needed[b] })
	left := available - kept
	for n, i := range yielding {
		share := max(1, left/(len(yielding)-n))
		needed[i] = min(needed[i], share)
		left -= needed[i]
	}
	return needed
}
