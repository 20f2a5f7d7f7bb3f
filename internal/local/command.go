package local

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/blang/semver"

	"github.com/crossorg/crossorg/internal/process"
	"github.com/crossorg/crossorg/internal/toolchain"
)

// command runs the CLI for the Automation API. Unlike the API's own command, it keeps the parent's Azure credentials
// and Pulumi settings from the child, interrupts the child before it kills it, and starts none for questions whose
// answer is not used.
type command struct {
	toolchain *toolchain.Toolchain
	// kill ends a running child at once when it is closed.
	kill <-chan struct{}
	// project and home tell whether a stack exists.
	project string
	home    *Home
	// terse answers the questions that the Automation API adds to each update by itself: each would start the CLI
	// for a third of a second, and the engine's events have the answers.
	terse bool
}

// streamed are the commands that print the engine's events. Those would be the Automation API's too, but it has the
// engine write them twice, once for a display that nobody sees.
var streamed = []string{"up", "preview", "refresh", "destroy"}

// Version implements auto.PulumiCommand.
func (c *command) Version() semver.Version { return c.toolchain.Version }

// Run implements auto.PulumiCommand.
func (c *command) Run(ctx context.Context, dir string, stdin io.Reader, extraOut, extraErr []io.Writer, env []string,
	args ...string) (string, string, int, error) {
	if answer, ok := c.answer(args); ok {
		return answer, "", 0, nil
	}
	streaming := slices.Contains(streamed, args[0])
	if streaming {
		args = append(args, "--json")
	}
	if !slices.Contains(args, "--non-interactive") {
		args = append([]string{"--non-interactive"}, args...)
	}
	cmd := exec.Command(c.toolchain.Pulumi, args...)
	cmd.Dir = dir
	cmd.Env = withPath(append(cleanEnvironment(os.Environ()),
		append(env, "PULUMI_AUTOMATION_API=true")...), c.toolchain.Dirs()...)
	cmd.Stdin = stdin
	var stdout, stderr bytes.Buffer
	if !streaming {
		extraOut = append(extraOut, &stdout)
	}
	cmd.Stdout = io.MultiWriter(extraOut...)
	cmd.Stderr = io.MultiWriter(append(extraErr, &stderr)...)
	process.Separate(cmd)
	err := c.home.runEngine(ctx, cmd, c.kill)
	return stdout.String(), stderr.String(), exitCode(err), err
}

// answer gives what the CLI would, for the Automation API's own questions.
func (c *command) answer(args []string) (string, bool) {
	if !c.terse || len(args) < 2 || args[0] != "stack" {
		return "", false
	}
	switch args[1] {
	case "select":
		// Every command names its stack, so none has to be selected; but the API asks in order to learn of its
		// existence.
		i := slices.Index(args, "--stack")
		return "", i >= 0 && i+1 < len(args) && c.home.hasStack(c.project, args[i+1])
	case "output":
		return "{}", true
	case "history":
		return "[]", true
	}
	return "", false
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return -1
}
