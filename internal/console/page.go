package console

import (
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Page is the text of one report for a person. Its lines fit the screen, except lines that are meant to be copied.
type Page struct {
	screen *Screen
	width  int
	lines  []string
}

// Page is an empty page, as wide as the screen is now.
func (s *Screen) Page() *Page { return &Page{screen: s, width: s.Width()} }

// Blank adds an empty line, except at the start and after another empty line.
func (p *Page) Blank() {
	if n := len(p.lines); n > 0 && p.lines[n-1] != "" {
		p.lines = append(p.lines, "")
	}
}

// Heading begins a section.
func (p *Page) Heading(text string) {
	p.Blank()
	p.Text("", Bold(text))
}

// Text is folded to the width behind an indent; value is a text or a styled cell.
func (p *Page) Text(indent string, value any) { p.Labelled(indent, "", value) }

// Labelled is a text behind a label; its further lines stand below its first, not below the label.
func (p *Page) Labelled(indent string, label, value any) {
	l, c := cell(label), cell(value)
	width := p.width - ansi.StringWidth(indent+l.text)
	p.hang(indent, l, wrap(c.text, max(1, width)), c.style)
}

// Message is Labelled for errors and warnings. In a log it stays on one line, so that a search finds it.
func (p *Page) Message(indent string, label, value any) {
	if !p.screen.Log {
		p.Labelled(indent, label, value)
		return
	}
	c := cell(value)
	p.hang(indent, cell(label), strings.Split(c.text, "\n"), c.style)
}

func (p *Page) hang(indent string, label Cell, lines []string, style string) {
	hanging := indent + strings.Repeat(" ", ansi.StringWidth(label.text))
	for i, line := range lines {
		start := hanging
		if i == 0 {
			start = indent + p.screen.paint(label.text, label.style)
		}
		p.lines = append(p.lines, strings.TrimRight(start+p.screen.paint(line, style), " "))
	}
}

// Fact is a value with its name.
type Fact struct {
	Name  string
	Value any
}

// Facts are values behind their names, one below the other.
func (p *Page) Facts(indent string, facts ...Fact) {
	width := 0
	for _, f := range facts {
		width = max(width, ansi.StringWidth(f.Name))
	}
	for _, f := range facts {
		p.Labelled(indent, Faint(f.Name+strings.Repeat(" ", width-ansi.StringWidth(f.Name)+gap)), f.Value)
	}
}

// WholeFacts are Facts with values to be copied: they are never folded.
func (p *Page) WholeFacts(indent string, facts ...Fact) {
	width := p.width
	p.width = math.MaxInt
	p.Facts(indent, facts...)
	p.width = width
}

// Command is a command line to be copied, with what it does.
type Command struct{ Line, Does string }

// Commands are lined up with what they do, where there is room for all of it.
func (p *Page) Commands(indent string, commands ...Command) {
	const mark = "  # "
	width, room := 0, 0
	for _, c := range commands {
		width = max(width, ansi.StringWidth(c.Line))
		room = max(room, ansi.StringWidth(mark+c.Does))
	}
	for _, c := range commands {
		does := ""
		if len(indent)+width+room <= p.width {
			does = strings.Repeat(" ", width-ansi.StringWidth(c.Line)) + p.screen.paint(mark+c.Does, faint)
		}
		p.lines = append(p.lines, indent+c.Line+does)
	}
}

// Table lays a table out.
func (p *Page) Table(indent string, t *Table) {
	p.lines = append(p.lines, t.lines(p.screen, indent, p.width)...)
}

// Verbatim shows lines to be copied, such as commands, without folding or cutting them.
func (p *Page) Verbatim(indent string, lines ...string) {
	for _, line := range lines {
		p.lines = append(p.lines, strings.TrimRight(indent+clean(line), " "))
	}
}

// Print writes the page.
func (p *Page) Print() error {
	if len(p.lines) == 0 {
		return nil
	}
	_, err := io.WriteString(p.screen, strings.Join(p.lines, "\n")+"\n")
	return err
}

// PrintPaged writes the page through the pager where it is longer than the terminal: PAGER's, or less. Where there is
// no terminal, and where PAGER is cat or cannot be started, it is Print.
func (p *Page) PrintPaged(getenv func(string) string) error {
	if p.screen.terminal == nil || !p.screen.Moving || len(p.lines) < p.screen.Lines {
		return p.Print()
	}
	words := strings.Fields(getenv("PAGER"))
	if len(words) == 0 {
		words = []string{"less", "-FRX"}
	}
	if words[0] == "cat" {
		return p.Print()
	}
	pager := exec.Command(words[0], words[1:]...)
	pager.Stdin = strings.NewReader(strings.Join(p.lines, "\n") + "\n")
	pager.Stdout, pager.Stderr = p.screen.terminal, os.Stderr
	if pager.Env = os.Environ(); getenv("LESSCHARSET") == "" {
		pager.Env = append(pager.Env, "LESSCHARSET=utf-8")
	}
	if err := pager.Start(); err != nil {
		return p.Print()
	}
	// Ctrl-C is the pager's while it runs.
	signal.Ignore(os.Interrupt)
	defer signal.Reset(os.Interrupt)
	// Leaving the pager before the end is no error.
	_ = pager.Wait()
	return nil
}
