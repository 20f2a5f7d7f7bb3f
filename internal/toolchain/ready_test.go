package toolchain

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithoutWorkNothingIsSaid(t *testing.T) {
	var lines bytes.Buffer
	require.NoError(t, makeReady(t.Context(), &lines, nil, nil))
	assert.Empty(t, lines.String())
}

func TestAnnouncementSaysWhatHappensWhyAndHowLong(t *testing.T) {
	jobs := []job{
		{what: "the CLI", why: "none is installed", effort: 200 * time.Second},
		{what: "the host", effort: 30 * time.Second},
		{what: "the program", effort: 100 * time.Second},
	}
	assert.Equal(t, "first run: making ready the CLI (none is installed), the host and the program\n"+
		"this takes about 3 minutes on 2 cores, downloads included; later runs start at once", announcement(jobs, 2))
	assert.Contains(t, announcement(jobs[1:2], 1), "the host\nthis takes about a minute on 1 core,")
	assert.Contains(t, announcement(jobs, 16), "about a minute on 16 cores")
}

func TestLanesAreDoneAtOnceAndTheirJobsInOrder(t *testing.T) {
	left, right := make(chan struct{}), make(chan struct{})
	var second, third bool
	done := func(do func()) job {
		return job{what: "it", do: func(context.Context, *step) error { do(); return nil }}
	}
	var lines bytes.Buffer
	require.NoError(t, makeReady(t.Context(), &lines,
		// Each lane waits for the other one: neither could end if they took turns.
		[]job{done(func() { close(left); <-right })},
		[]job{done(func() { <-left; second = true }), done(func() { third = second; close(right) })}))
	assert.True(t, third, "the third has waited for the second")
	assert.Contains(t, lines.String(), "(3 of 3, ")
}

func TestFailureEndsWhatRunsBesideItAndIsTheOneReported(t *testing.T) {
	failure := errors.New("no space left")
	begun := make(chan struct{})
	var lines bytes.Buffer
	err := makeReady(t.Context(), &lines,
		[]job{
			{what: "the CLI", do: func(ctx context.Context, _ *step) error {
				close(begun)
				<-ctx.Done()
				return context.Cause(ctx)
			}},
			{what: "what never begins", do: func(context.Context, *step) error { panic("begun") }},
		},
		[]job{{what: "the host", do: func(context.Context, *step) error { <-begun; return failure }}})
	assert.ErrorIs(t, err, failure)
	assert.Equal(t, "building the host: no space left", err.Error())
}

func TestJobThatOnlySavesTimeMayFail(t *testing.T) {
	var lines bytes.Buffer
	require.NoError(t, makeReady(t.Context(), &lines, []job{
		{what: "the program", lenient: true, do: func(context.Context, *step) error { return errors.New("syntax") }},
		{what: "the host", do: func(context.Context, *step) error { return nil }},
	}))
	assert.Contains(t, lines.String(), "the program does not compile: the run will say why\n")
	assert.Contains(t, lines.String(), "the host is ready (1 of 1, ")
}

func TestWordsOfTheGoCommandBecomeSteps(t *testing.T) {
	var lines bytes.Buffer
	b := &board{progress: &lines, start: time.Now()}
	s := &step{board: b, what: "the CLI", short: "CLI"}
	b.running = []*step{s}
	for _, text := range []string{
		"go: downloading example.com/a v1.0.0\ngo: downloa", "ding example.com/b v1.0.0\n",
		"example.com/a\r\nexample.com/a/b\n", "# example.com/b\n", "b.go:3:1: undefined: x\n", "exit",
	} {
		n, err := s.Write([]byte(text))
		require.NoError(t, err)
		assert.Equal(t, len(text), n)
	}
	assert.Equal(t, "downloading what the CLI is made of\ncompiling the CLI\n", lines.String())
	assert.Equal(t, "# example.com/b\nb.go:3:1: undefined: x\nexit", s.complaints())

	lines.Reset()
	b.still()
	assert.Equal(t, "  still at work (0s): CLI, 2 packages compiled\n", lines.String())
}
