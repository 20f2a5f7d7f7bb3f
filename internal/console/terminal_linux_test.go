package console

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pty is a terminal of the kernel's; read is what was written to it so far.
type pty struct {
	terminal *os.File
	mu       sync.Mutex
	content  bytes.Buffer
}

func openPTY(t *testing.T, columns, lines uint16) *pty {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	p := &pty{terminal: terminal}
	p.resize(t, columns, lines)
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			p.mu.Lock()
			p.content.Write(buffer[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		assert.NoError(t, terminal.Close())
		assert.NoError(t, master.Close())
	})
	return p
}

func (p *pty) resize(t *testing.T, columns, lines uint16) {
	t.Helper()
	require.NoError(t, unix.IoctlSetWinsize(int(p.terminal.Fd()), unix.TIOCSWINSZ,
		&unix.Winsize{Row: lines, Col: columns}))
}

// shows waits until the terminal has got a text.
func (p *pty) shows(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(p.read(), text) }, 30*time.Second,
		5*time.Millisecond, "%q never comes", text)
}

func (p *pty) read() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.content.String()
}

func TestATerminalGivesItsSizeAndLooks(t *testing.T) {
	p := openPTY(t, 132, 43)
	for _, test := range []struct {
		environment    map[string]string
		colour, moving bool
	}{
		{map[string]string{"TERM": "xterm-256color", "COLUMNS": "70"}, true, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": "1"}, false, true},
		{map[string]string{"TERM": "xterm", "NO_COLOR": ""}, true, true},
		{map[string]string{"TERM": "dumb"}, false, false},
	} {
		s := On(p.terminal, func(name string) string { return test.environment[name] })
		assert.Equal(t, 132, s.Width(), test.environment)
		assert.Equal(t, 43, s.Lines, test.environment)
		assert.Equal(t, test.colour, s.Colour, test.environment)
		assert.Equal(t, test.moving, s.Moving, test.environment)
		assert.False(t, s.Log)
	}
	s := On(p.terminal, func(string) string { return "" })
	p.resize(t, 90, 43)
	assert.Equal(t, 90, s.Width(), "the window was made smaller")
}

func TestTheMovingLineOnATerminal(t *testing.T) {
	p := openPTY(t, 60, 20)
	progress := On(p.terminal, func(string) string { return "" }).Progress()
	fmt.Fprintf(progress, "  + created   storage:StorageAccount contoso\n")
	p.shows(t, "+ created storage:StorageAccount contoso")
	fmt.Fprintf(progress, "note: something stays\n")
	progress.Clear()
	p.shows(t, "\r\x1b[Knote: something stays\r\n")
}

func TestLongPagesGoThroughThePager(t *testing.T) {
	for name, test := range map[string]struct {
		pager string
		lines int
		paged bool
	}{
		"short": {"tr a-z A-Z", 3, false}, "long": {"tr a-z A-Z", 30, true}, "cat": {"cat", 30, false},
		"no such program": {"no-such-pager-anywhere", 30, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := openPTY(t, 60, 20)
			getenv := func(name string) string { return map[string]string{"PAGER": test.pager}[name] }
			page := On(p.terminal, getenv).Page()
			for i := range test.lines {
				page.Text("", fmt.Sprintf("row %d", i))
			}
			require.NoError(t, page.PrintPaged(getenv))
			last := fmt.Sprintf("row %d", test.lines-1)
			if test.paged {
				last = strings.ToUpper(last)
			}
			p.shows(t, last)
		})
	}
}
