package toolchain

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/crossorg/crossorg/internal/process"
)

// hostPackages are the language hosts that the repository pins under tools/pulumi-language-<runtime>, by the runtime
// of Pulumi.yaml.
var hostPackages = map[string]string{
	"nodejs": "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
	"python": "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
}

const (
	pythonExecutor  = "pulumi-language-python-exec"
	providerPackage = "github.com/crossorg/crossorg/provider/cmd/pulumi-resource-crossorg"
)

// Program is what the toolchain needs to know of a Pulumi program.
type Program struct {
	// Dir is the program's project folder.
	Dir string
	// Runtime is the one of Pulumi.yaml, such as "nodejs".
	Runtime string
	// Virtualenv is the virtual environment of a Python program; empty without one.
	Virtualenv string
}

// AddRuntime makes programs of a runtime other than Go run: it finds or builds the runtime's language host, and builds
// the provider of the components, which Go programs import, into dir. The host is taken from the CLI's folder where it
// is there, as every distribution of Pulumi has it; else it is the one pinned by the repository, where it pins one.
func (t *Toolchain) AddRuntime(ctx context.Context, p Program, dir string, progress io.Writer) error {
	if p.Runtime == "" || p.Runtime == "go" {
		return nil
	}
	if p.Virtualenv != "" {
		// As in a shell that has activated it: the pinned host takes the interpreter that is first on PATH.
		t.more = append(t.more, filepath.Join(p.Virtualenv, "bin"), filepath.Join(p.Virtualenv, "Scripts"))
	}
	repository, runtime := repositoryOf(p.Dir), p.Runtime
	name := "pulumi-language-" + runtime
	if _, found := hostBeside(t.Pulumi, name); !found {
		if err := t.buildHost(ctx, repository, runtime, progress); err != nil {
			return err
		}
	}
	b := build{
		what:   "the provider of the components",
		module: filepath.Join(repository, "provider"), pkg: providerPackage, ldflags: "-s -w",
		target: filepath.Join(dir, executable("pulumi-resource-crossorg")),
	}
	if err := b.update(ctx, progress); err != nil {
		return err
	}
	t.more = append(t.more, dir)
	return nil
}

// buildHost builds the pinned host of a runtime beside that for Go.
func (t *Toolchain) buildHost(ctx context.Context, repository, runtime string, progress io.Writer) error {
	pkg, pinned := hostPackages[runtime]
	if !pinned {
		return fmt.Errorf("the project's runtime is %s, whose language host is not beside %s and not among those that "+
			"can be built: install Pulumi from https://www.pulumi.com/docs/install", runtime, t.Pulumi)
	}
	pinnedCLI, err := pinnedVersion(filepath.Join(repository, "tools", "pulumi", "go.mod"))
	if err != nil {
		return err
	}
	bin, err := binDir(pinnedCLI)
	if err != nil {
		return err
	}
	t.more = append(t.more, bin)
	b := build{
		what:   "Pulumi's language host for " + runtime,
		module: filepath.Join(repository, "tools", "pulumi-language-"+runtime), pkg: pkg, ldflags: "-s -w",
		target: filepath.Join(bin, executable("pulumi-language-"+runtime)),
	}
	if runtime == "python" {
		if err = b.copyExecutor(ctx, filepath.Join(bin, pythonExecutor)); err != nil {
			return err
		}
	}
	if exists(b.target) {
		return nil
	}
	return b.run(ctx, progress)
}

// copyExecutor copies the script that the host for Python runs programs with from the host's module to beside it.
func (b build) copyExecutor(ctx context.Context, to string) error {
	if exists(to) {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "list", "-C", b.module, "-f", "{{.Module.Dir}}", b.pkg)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("find %s: %w", pythonExecutor, err)
	}
	module := strings.TrimSpace(string(out))
	script, err := os.ReadFile(filepath.Join(module, "python", "cmd", pythonExecutor))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	tmp := fmt.Sprintf("%s.%d", to, os.Getpid())
	if err := os.WriteFile(tmp, script, 0o755); err != nil {
		return err
	}
	return os.Rename(tmp, to)
}

// update compiles what changed since the target was built: unlike the pinned tools, the components are edited here.
func (b build) update(ctx context.Context, progress io.Writer) error {
	gotool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("building %s needs the go command, which is not on PATH: install Go from https://go.dev/dl",
			b.what)
	}
	dir := filepath.Dir(b.target)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	unlock, err := process.Lock(ctx, b.target+".lock", func() {
		fmt.Fprintf(progress, "another process builds %s: waiting for it\n", b.what)
	})
	if err != nil {
		return err
	}
	defer unlock()
	if !exists(b.target) {
		fmt.Fprintf(progress, "building %s: this takes some minutes the first time\n", b.what)
	}
	var stderr strings.Builder
	cmd := b.command(ctx, gotool, b.target, &stderr)
	// In the target's folder, what was built is renamed to the target and not copied, so that a target is whole.
	cmd.Env = append(cmd.Env, "GOTMPDIR="+dir)
	err = cmd.Run()
	if ctx.Err() != nil {
		return fmt.Errorf("building %s: %w", b.what, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", b.what, err, tail(stderr.String(), 30))
	}
	return nil
}

// repositoryOf is the folder that pins the toolchain, which a project stands in.
func repositoryOf(projectDir string) string {
	return nearestWith(projectDir, "tools", "pulumi", "go.mod")
}
