// Package process runs child processes: each is interrupted before it is killed, and killed with everything that it
// started. It also has the lock that processes take turns with.
package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// Run runs a child to its end: it is interrupted when ctx ends, and killed with all that it started when killed is
// closed. It returns only when the child has ended, with ctx's cause when that ended the child.
func Run(ctx context.Context, cmd *exec.Cmd, killed <-chan struct{}) error {
	return RunStarted(ctx, cmd, killed, func(int) {})
}

// RunStarted is Run that tells the child's process id once it has started.
func RunStarted(ctx context.Context, cmd *exec.Cmd, killed <-chan struct{}, started func(pid int)) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	done := make(chan error, 1)
	begun := make(chan error, 1)
	go func() {
		// The kernel signals the child when the thread that started it ends, so this thread stays.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		begun <- err
		if err == nil {
			done <- cmd.Wait()
		}
	}()
	if err := <-begun; err != nil {
		return err
	}
	started(cmd.Process.Pid)
	cancelled := ctx.Done()
	for {
		select {
		case err := <-done:
			if err != nil && ctx.Err() != nil {
				return errors.Join(context.Cause(ctx), err)
			}
			return err
		case <-cancelled:
			cancelled = nil
			_ = Interrupt(cmd.Process)
		case <-killed:
			killed = nil
			_ = Kill(cmd.Process)
		}
	}
}

// Lock takes an exclusive lock between processes on the file at path, which it creates, and returns the release.
// waiting is called once when another process has the lock. Where ctx ends first, the error holds its cause.
func Lock(ctx context.Context, path string, waiting func()) (func(), error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	type result struct {
		unlock func()
		err    error
	}
	locked := make(chan result, 1)
	go func() {
		unlock, err := lockedfile.MutexAt(path).Lock()
		locked <- result{unlock, err}
	}()
	notice := time.NewTimer(500 * time.Millisecond)
	defer notice.Stop()
	for {
		select {
		case r := <-locked:
			return r.unlock, r.err
		case <-notice.C:
			waiting()
		case <-ctx.Done():
			// The waiting goroutine may still get the lock; it gives it back when it does.
			go func() {
				if r := <-locked; r.err == nil {
					r.unlock()
				}
			}()
			return nil, fmt.Errorf("waiting for %s: %w", path, context.Cause(ctx))
		}
	}
}
