package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/crossorg/crossorg/internal/stackfile"
	"github.com/crossorg/crossorg/internal/toolchain"
)

// sweep tries everything that was asked for. A report comes with an error, too, once trials have begun.
func (o *options) sweep(ctx context.Context, progress io.Writer) (_ *report, err error) {
	// The engine saves its state at every step, as it does by default: without that nothing survives a kill.
	if err := os.Unsetenv("PULUMI_SKIP_CHECKPOINTS"); err != nil {
		return nil, err
	}
	work, done, err := o.workDir()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	project, err := stackfile.FindProject(".")
	if err != nil {
		return nil, err
	}
	if _, err := toolchain.Find(ctx, toolchain.Program{Dir: project.Dir}, progress); err != nil {
		return nil, err
	}
	began := time.Now()
	// Timestamps have the seconds' precision in places.
	since := began.Add(-time.Second)
	lanes := make([]*lane, o.lanes)
	for i := range lanes {
		fmt.Fprintf(progress, "lane %d: runs without faults\n", i+1)
		if lanes[i], err = newLane(ctx, filepath.Join(work, "lane"+strconv.Itoa(i+1)), project, since); err != nil {
			return nil, err
		}
		lanes[i].thrifty = o.thrifty
	}
	// Two clean runs that differ would make every comparison worthless.
	for _, verb := range verbs {
		for _, l := range lanes[1:] {
			if differs := compare(lanes[0].clean[verb], lanes[0].clean[verb], l.clean[verb]); len(differs) > 0 {
				return nil, fmt.Errorf("two runs of %s without faults ended differently:\n  %s", verb,
					strings.Join(differs, "\n  "))
			}
		}
	}
	trials := o.trials(lanes[0].requests, lanes[0].operations)
	r := newReport(lanes[0], len(trials))
	fmt.Fprintf(progress, "up makes %d requests and %d asynchronous operations, destroy %d and %d\n",
		r.Requests["up"], r.Operations["up"], r.Requests["destroy"], r.Operations["destroy"])
	fmt.Fprintf(progress, "%d trials in %d lanes: about %s\n", len(trials), len(lanes),
		o.estimate(lanes[0], trials).Round(time.Second))

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan trial)
	go func() {
		defer close(queue)
		for _, t := range trials {
			select {
			case queue <- t:
			case <-ctx.Done():
				return
			}
		}
	}()
	start := time.Now()
	var wg sync.WaitGroup
	for _, l := range lanes {
		wg.Go(func() {
			for t := range queue {
				outcome, err := l.try(ctx, t)
				if err != nil {
					stop(fmt.Errorf("%s, %s at %d: %w", t.Verb, t.Kind, t.I, err))
					return
				}
				r.add(outcome, progress, start)
			}
		})
	}
	wg.Wait()
	r.Seconds = time.Since(began).Seconds()
	return r, context.Cause(ctx)
}

// estimate is how long trials take: a run with a fault costs about as much as one without, and the run after it half of
// that; lanes share the machine, which is what makes each of them slower.
func (o *options) estimate(l *lane, trials []trial) time.Duration {
	var all time.Duration
	for _, t := range trials {
		all += l.took[t.Verb] * 3 / 2
		if t.Kind == unanswered {
			all += 5 * time.Second // four attempts, with azcore's pauses between
		}
	}
	return all / time.Duration(o.lanes)
}
