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

// AddRuntime makes programs of a runtime other than Go run: it finds or builds the runtime's language host, and builds
// the provider of the components, which Go programs import, into dir. The host is taken from the CLI's folder where it
// is there, as every distribution of Pulumi has it; else it is the one pinned by the repository, where it pins one.
func (t *Toolchain) AddRuntime(ctx context.Context, p Program, dir string, progress io.Writer) error {
	if p.goes() {
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
		what: "the provider of the components", short: "provider",
		module: filepath.Join(repository, "provider"), pkg: providerPackage, ldflags: "-s -w",
		target: filepath.Join(dir, executable("pulumi-resource-crossorg")), effort: providerEffort,
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
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	bin := binDir(cache, pinnedCLI)
	t.more = append(t.more, bin)
	b := build{
		what: "Pulumi's language host for " + runtime, short: "language host",
		module: filepath.Join(repository, "tools", "pulumi-language-"+runtime), pkg: pkg, ldflags: "-s -w",
		target: filepath.Join(bin, executable("pulumi-language-"+runtime)), effort: hostEffort,
	}
	if runtime == "python" {
		if err = b.copyExecutor(ctx, filepath.Join(bin, pythonExecutor)); err != nil {
			return err
		}
	}
	if exists(b.target) {
		return nil
	}
	return makeReady(ctx, progress, []job{b.job("")})
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
	j := job{what: b.what, short: b.short, effort: b.effort, do: b.remake}
	if !exists(b.target) {
		return makeReady(ctx, progress, []job{j})
	}
	err := j.do(ctx, &step{board: &board{progress: progress}, what: j.what, short: j.short})
	if err != nil {
		return fmt.Errorf("building %s: %w", b.what, err)
	}
	return nil
}

// remake has the go command decide whether the target is current.
func (b build) remake(ctx context.Context, s *step) error {
	gotool, err := goCommand(b.what)
	if err != nil {
		return err
	}
	dir := filepath.Dir(b.target)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	unlock, err := process.Lock(ctx, b.target+".lock", s.waiting)
	if err != nil {
		return err
	}
	defer unlock()
	cmd := b.command(ctx, gotool, b.target)
	// In the target's folder, what was built is renamed to the target and not copied, so that a target is whole.
	cmd.Env = append(cmd.Env, "GOTMPDIR="+dir)
	return s.run(ctx, cmd)
}

// repositoryOf is the folder that pins the toolchain, which a project stands in.
func repositoryOf(projectDir string) string {
	return nearestWith(projectDir, "tools", "pulumi", "go.mod")
}
