// Package console lays out reports for terminals: widths, colour, tables, shortened ids, one moving line of progress,
// and a pager for long lists.
package console

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

const (
	// defaultWidth is the number of columns where there is no terminal to ask.
	defaultWidth = 100
	// minWidth is the narrowest layout, in columns.
	minWidth = 40
)

// Screen is where lines for a person go.
type Screen struct {
	// Writer gets the lines.
	io.Writer
	// Columns and Lines are the size. Lines is 0 where nothing is cut into pages.
	Columns, Lines int
	// Colour allows coloured text.
	Colour bool
	// Moving allows a line to be written over.
	Moving bool
	// Log marks output that is no terminal: messages stay on one line.
	Log bool

	terminal *os.File
}

// On is the screen behind a writer. A terminal gives its size; elsewhere, and where it gives none, COLUMNS counts, or
// else 100 columns. NO_COLOR (https://no-color.org) with any value, and TERM=dumb, forbid colour; TERM=dumb forbids
// moving lines too.
func On(w io.Writer, getenv func(string) string) *Screen {
	s := &Screen{Writer: w, Columns: defaultWidth, Log: true}
	if n, err := strconv.Atoi(getenv("COLUMNS")); err == nil && n > 0 {
		s.Columns, s.Log = n, false
	}
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return s
	}
	if columns, lines, err := term.GetSize(int(file.Fd())); err == nil && columns > 0 {
		s.terminal, s.Columns, s.Lines, s.Log = file, columns, lines, false
	}
	s.Moving = getenv("TERM") != "dumb" && understandsSequences(file)
	s.Colour = s.Moving && getenv("NO_COLOR") == ""
	return s
}

// Width is the number of columns that a line may fill now: a terminal's window may have changed.
func (s *Screen) Width() int {
	columns := s.Columns
	if s.terminal != nil {
		if now, _, err := term.GetSize(int(s.terminal.Fd())); err == nil && now > 0 {
			columns = now
		}
	}
	return max(minWidth, columns)
}

// Cell is text with a style.
type Cell struct {
	text, style string
}

// SGR parameters (ECMA-48, 8.3.117).
const (
	bold  = "1"
	faint = "2"
	red   = "31"
	green = "32"
	amber = "33"
)

// Bold is a heading's style.
func Bold(text string) Cell { return Cell{text, bold} }

// Faint is for details.
func Faint(text string) Cell { return Cell{text, faint} }

// Good is for success.
func Good(text string) Cell { return Cell{text, green} }

// Bad is for failure.
func Bad(text string) Cell { return Cell{text, bold + ";" + red} }

// Warn is for warnings.
func Warn(text string) Cell { return Cell{text, amber} }

// cell makes a cell of any value. Sequences and control characters are removed: they would be Azure's or a program's,
// and might steer the terminal.
func cell(value any) Cell {
	c, ok := value.(Cell)
	if !ok {
		c.text = fmt.Sprint(value)
	}
	c.text = clean(c.text)
	return c
}

// clean removes control characters. Line ends stay; tabs become spaces.
func clean(text string) string {
	text = strings.ReplaceAll(ansi.Strip(text), "\t", "    ")
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, text)
}

// paint is a cell's text, in its style where the screen has colour.
func (s *Screen) paint(text, style string) string {
	if !s.Colour || style == "" || text == "" {
		return text
	}
	return "\x1b[" + style + "m" + text + "\x1b[0m"
}

const ellipsis = "…"

// clipEnd shortens a text at its end to a number of columns.
func clipEnd(text string, width int) string { return ansi.Truncate(text, max(1, width), ellipsis) }

// clipStart shortens a text at its start, and a path at a slash: the end of a path tells more.
func clipStart(text string, width int) string {
	if ansi.StringWidth(text) <= width {
		return text
	}
	kept := last(text, width-1)
	if slash := strings.IndexByte(kept, '/'); slash >= 0 && slash < len(kept)/2 {
		kept = kept[slash:]
	}
	return ellipsis + kept
}

// clipMiddle shortens a text in its middle.
func clipMiddle(text string, width int) string {
	if ansi.StringWidth(text) <= width {
		return text
	}
	tail := last(text, width/2)
	return ansi.Truncate(text, width-ansi.StringWidth(tail), ellipsis) + tail
}

// last is as much of the end of a text as fits a number of columns. A character may be two columns wide, and is kept
// whole or not at all.
func last(text string, width int) string {
	kept := text
	for cut := ansi.StringWidth(text) - width; ansi.StringWidth(kept) > width; cut++ {
		kept = ansi.TruncateLeft(text, cut, "")
	}
	return kept
}

// wrap folds a text into lines of up to a number of columns, at spaces, and inside of words that are too long: after a
// slash where there is one. A line that is indented stays so where it is folded.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		words := strings.TrimLeft(paragraph, " ")
		indent := paragraph[:min(len(paragraph)-len(words), width/2)]
		for _, line := range fold(words, width-len(indent)) {
			lines = append(lines, strings.TrimRight(indent+line, " "))
		}
	}
	return lines
}

func fold(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		switch {
		case line == "":
			line = word
		case ansi.StringWidth(line)+1+ansi.StringWidth(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
		for ansi.StringWidth(line) > width {
			head := ansi.Truncate(line, width, "")
			if slash := strings.LastIndexByte(head, '/'); slash > len(head)/2 {
				head = head[:slash+1]
			}
			if head == "" {
				break // one character is wider than the line
			}
			lines, line = append(lines, head), line[len(head):]
		}
	}
	return append(lines, line)
}
