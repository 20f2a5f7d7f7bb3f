package console

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
)

// emulator is the little of a terminal that the moving line uses: lines, carriage return and erase to the end.
type emulator struct {
	mu    sync.Mutex
	lines []string
	width int
	// wrapped tells that a line was longer than the terminal is wide.
	wrapped bool
}

func (e *emulator) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for part := range strings.SplitAfterSeq(ansi.Strip(strings.ReplaceAll(string(p), eraseLine, "\x00")), "\n") {
		if at := strings.LastIndex(part, "\x00"); at >= 0 {
			part = part[at+1:]
			e.set("")
		}
		text, ends := strings.CutSuffix(part, "\n")
		e.set(e.last() + text)
		if ends {
			e.lines = append(e.lines, "")
		}
	}
	return len(p), nil
}

func (e *emulator) last() string {
	if len(e.lines) == 0 {
		e.lines = []string{""}
	}
	return e.lines[len(e.lines)-1]
}

func (e *emulator) set(text string) {
	e.last()
	e.lines[len(e.lines)-1] = text
	e.wrapped = e.wrapped || ansi.StringWidth(text) >= e.width
}

func (e *emulator) seen() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.lines, "\n")
}

// terminal is a progress on an emulated terminal of 50 columns whose clock stands still.
func terminal(t *testing.T) (*Progress, *emulator, *time.Time) {
	e := &emulator{width: 50}
	p := (&Screen{Writer: e, Columns: 50, Moving: true, Colour: true}).Progress()
	t.Cleanup(p.Clear)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	p.now = func() time.Time { return now }
	return p, e, &now
}

func TestDetailsMoveAndNotesStay(t *testing.T) {
	p, e, now := terminal(t)
	p.Begin("bringing up dev")
	assert.Equal(t, "0:00  bringing up dev", e.seen())
	fmt.Fprintf(p, "  + created   storage:StorageAccount contoso\n")
	assert.Equal(t, "0:00  + created storage:StorageAccount contoso", e.seen())
	*now = now.Add(75 * time.Second)
	fmt.Fprintf(p, "  … creating servicefabric:ManagedCluster %s (75s)\n", strings.Repeat("long", 20))
	assert.Equal(t, "1:15  … creating servicefabric:ManagedCluster lo…"[:49], e.seen()[:49])
	fmt.Fprintf(p, "warning: this stays, and is told\n  in two lines\n")
	assert.Equal(t, "warning: this stays, and is told\n  in two lines\n", e.seen())
	fmt.Fprintf(p, "note: %s\n", strings.Repeat("words ", 12))
	assert.Equal(t, 5, strings.Count(e.seen(), "\n")+1, "a note is folded: %s", e.seen())
	assert.False(t, e.wrapped, "a line as wide as the terminal could not be written over")
}

func TestClearLeavesNothingOfTheMovingLine(t *testing.T) {
	p, e, _ := terminal(t)
	fmt.Fprintf(p, "building the CLI\n")
	fmt.Fprintf(p, "  still building (5s)\n")
	p.Clear()
	assert.Equal(t, "building the CLI\n", e.seen())
	p.Clear()
	fmt.Fprintf(p, "a message without its end")
	assert.Equal(t, "building the CLI\n", e.seen(), "a part of a line waits for the rest")
	p.Clear()
	assert.Equal(t, "building the CLI\na message without its end\n", e.seen())
}

func TestTheMovingLineKeepsTime(t *testing.T) {
	p, e, now := terminal(t)
	p.Begin("waiting")
	p.mu.Lock()
	*now = now.Add(3 * time.Second)
	p.mu.Unlock()
	assert.Eventually(t, func() bool { return e.seen() == "0:03  waiting" }, 30*time.Second, 20*time.Millisecond,
		"nobody writes, and still it moves")
}

func TestManyWriteAtOnce(t *testing.T) {
	p, e, _ := terminal(t)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			fmt.Fprintf(p, "  detail %d\n", i)
			fmt.Fprintf(p, "note %02d\n", i)
		})
	}
	all.Wait()
	p.Clear()
	for i := range 20 {
		assert.Equal(t, 1, strings.Count(e.seen(), fmt.Sprintf("note %02d\n", i)))
	}
	assert.Equal(t, 20, strings.Count(e.seen(), "\n"))
}

func TestElsewhereEveryLineIsWrittenAsItIs(t *testing.T) {
	var out bytes.Buffer
	p := (&Screen{Writer: &out, Columns: 50}).Progress()
	p.Begin("bringing up dev")
	fmt.Fprintf(p, "  + created   storage:StorageAccount contoso\n")
	fmt.Fprintf(p, "note: %s\n", strings.Repeat("words ", 30))
	p.Clear()
	assert.Equal(t, "  + created   storage:StorageAccount contoso\nnote: "+strings.Repeat("words ", 30)+"\n",
		out.String())
}
