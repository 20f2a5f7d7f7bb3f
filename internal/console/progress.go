package console

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// redrawEvery is how often the moving line shows the time.
const redrawEvery = time.Second

// Progress shows a person how work goes on. It is an io.Writer of whole lines, one message a write: a message that
// begins with two spaces is a passing detail, any other a step or a note. On a terminal a detail shows in one moving
// line at the bottom, with the time since the start, until the next one takes its place, while steps and notes stay
// above it. Elsewhere every line is written as it is.
type Progress struct {
	screen *Screen
	now    func() time.Time

	mu sync.Mutex
	// start is when the first message came.
	start time.Time
	// detail is what the moving line says; it is on the screen while drawn.
	detail string
	drawn  bool
	// rest is the beginning of an incomplete message.
	rest []byte
	// stop ends the redrawing; nil while nothing is redrawn.
	stop chan struct{}
}

// Progress on this screen. Clear ends it.
func (s *Screen) Progress() *Progress { return &Progress{screen: s, now: time.Now} }

// Begin shows the name of the work in the moving line before the first message. Without a terminal it writes nothing.
func (p *Progress) Begin(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.screen.Moving {
		return
	}
	if p.start.IsZero() {
		p.start = p.now()
	}
	p.detail = clean(what)
	_ = p.draw() // a detail may be lost
}

// Write implements io.Writer.
func (p *Progress) Write(message []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.screen.Moving {
		return p.screen.Write(message)
	}
	if p.start.IsZero() {
		p.start = p.now()
	}
	p.rest = append(p.rest, message...)
	if !bytes.HasSuffix(p.rest, []byte("\n")) {
		return len(message), nil
	}
	text := clean(strings.TrimRight(string(p.rest), "\n"))
	p.rest = p.rest[:0]
	var err error
	if strings.HasPrefix(text, "  ") {
		p.detail = strings.Join(strings.Fields(text), " ")
		err = p.draw()
	} else {
		err = p.note(text)
	}
	return len(message), err
}

// note writes lines that stay, above the moving line.
func (p *Progress) note(text string) error {
	style := ""
	if strings.HasPrefix(text, "warning:") {
		style = amber
	}
	p.erase()
	for _, line := range wrap(text, p.screen.Width()-1) {
		if _, err := fmt.Fprintln(p.screen, p.screen.paint(line, style)); err != nil {
			return err
		}
	}
	p.detail = "working"
	p.watch()
	return nil
}

// draw writes the moving line over what it said before, and keeps its time current.
func (p *Progress) draw() error {
	p.watch()
	took := p.now().Sub(p.start).Round(time.Second)
	line := clipEnd(fmt.Sprintf("%s  %s", clock(took), p.detail), p.screen.Width()-1)
	p.drawn = true
	_, err := io.WriteString(p.screen, eraseLine+p.screen.paint(line, faint))
	return err
}

// eraseLine returns to the start of the line and clears it (ECMA-48, 8.3.41).
const eraseLine = "\r\x1b[K"

func (p *Progress) erase() {
	if p.drawn {
		_, _ = io.WriteString(p.screen, eraseLine)
		p.drawn = false
	}
}

// watch redraws the moving line until Clear, so that its time keeps moving.
func (p *Progress) watch() {
	if p.stop != nil {
		return
	}
	stop := make(chan struct{})
	p.stop = stop
	go func() {
		ticker := time.NewTicker(redrawEvery)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				return
			case <-ticker.C:
				p.mu.Lock()
				if p.stop == stop {
					_ = p.draw()
				}
				p.mu.Unlock()
			}
		}
	}()
}

// Clear removes the moving line, before anything else is written to the terminal. The next message begins anew.
func (p *Progress) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.rest) > 0 {
		_ = p.note(clean(string(p.rest)))
		p.rest = nil
	}
	p.erase()
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
}

// clock is a time in minutes and seconds.
func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}
