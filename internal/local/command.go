package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/crossorg/crossorg/internal/process"
	"github.com/crossorg/crossorg/internal/toolchain"
)

// command runs the Pulumi CLI in a home as Pulumi's Automation API does, which would add a tenth to what is compiled
// before a first run can begin. It keeps the parent's Azure credentials and Pulumi settings from the child, and
// interrupts the child before it kills it.
type command struct {
	toolchain *toolchain.Toolchain
	home      *Home
	// environment makes the child work on the embedded Azure.
	environment []string
	// kill ends a running child at once when it is closed.
	kill <-chan struct{}
}

// child is a process of the CLI that has not been started yet.
func (c *command) child(args ...string) *exec.Cmd {
	cmd := exec.Command(c.toolchain.Pulumi, args...)
	cmd.Dir = c.home.ProjectDir()
	cmd.Env = append(cleanEnvironment(os.Environ()), c.environment...)
	cmd.Env = withPath(append(cmd.Env, "PULUMI_HOME="+c.home.PulumiDir()), c.toolchain.Dirs()...)
	return cmd
}

// run runs the CLI without a terminal and returns what it prints.
func (c *command) run(ctx context.Context, args ...string) ([]byte, error) {
	var out bytes.Buffer
	err := c.stream(ctx, &out, args...)
	return out.Bytes(), err
}

// stream runs the CLI without a terminal; what it prints goes to out. The error has what it complained of.
func (c *command) stream(ctx context.Context, out io.Writer, args ...string) error {
	cmd := c.child(append([]string{"--non-interactive"}, args...)...)
	// The second one lets commands have the flags that programs use and people do not.
	cmd.Env = append(cmd.Env, "PULUMI_AUTOMATION_API=true", "PULUMI_DEBUG_COMMANDS=true")
	var complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &complaints
	process.Separate(cmd)
	if err := c.home.runEngine(ctx, cmd, c.kill); err != nil {
		return fmt.Errorf("pulumi %s: %w\n%s", args[0], err, bytes.TrimSpace(complaints.Bytes()))
	}
	return nil
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
