package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/blang/semver"
	"golang.org/x/mod/modfile"

	"github.com/crossorg/crossorg/internal/process"
)

// Toolchain is the Pulumi CLI with its Go language host, and what AddRuntime adds for other languages.
type Toolchain struct {
	// Pulumi and Host are the absolute paths of the two programs.
	Pulumi, Host string
	// Version of the CLI.
	Version semver.Version
	// more are the folders of what AddRuntime added.
	more []string
}

// Dirs are the folders that go before the child's PATH, so that the CLI finds its hosts and plug-ins.
func (t *Toolchain) Dirs() []string {
	dirs := []string{filepath.Dir(t.Pulumi)}
	for _, dir := range append([]string{filepath.Dir(t.Host)}, t.more...) {
		if !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

const (
	cliModule   = "github.com/pulumi/pulumi/pkg/v3"
	cliPackage  = cliModule + "/cmd/pulumi"
	hostPackage = "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go"
	versionFlag = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
)

// Find returns the CLI that is on PATH, when its version suits, with the host beside it; else the ones pinned
// by the repository under tools/, which it builds once into the user's cache folder. Builds are reported on progress.
func Find(ctx context.Context, projectDir string, progress io.Writer) (*Toolchain, error) {
	repository := repositoryOf(projectDir)
	pinned, err := pinnedVersion(filepath.Join(repository, "tools", "pulumi", "go.mod"))
	if err != nil {
		return nil, err
	}
	bin, err := binDir(pinned)
	if err != nil {
		return nil, err
	}
	t := &Toolchain{
		Pulumi:  filepath.Join(bin, executable("pulumi")),
		Host:    filepath.Join(bin, executable("pulumi-language-go")),
		Version: pinned,
	}
	if found, version, ok := pulumiOnPath(ctx, pinned); ok {
		t.Pulumi, t.Version = found, version
		if host, ok := hostBeside(found, "go"); ok {
			t.Host = host
			return t, nil
		}
	}
	for _, b := range []build{
		{
			what: "the Pulumi CLI v" + pinned.String(), target: t.Pulumi,
			module:  filepath.Join(repository, "tools", "pulumi"),
			pkg:     cliPackage,
			ldflags: "-s -w -X " + versionFlag + "=v" + pinned.String(),
		},
		{
			what: "Pulumi's Go language host", target: t.Host,
			module:  filepath.Join(repository, "tools", "pulumi-language-go"),
			pkg:     hostPackage,
			ldflags: "-s -w",
		},
	} {
		if exists(b.target) {
			continue
		}
		if err := b.run(ctx, progress); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// binDir is the folder that the toolchain of a version is built into: several homes and several checkouts of the
// project share it.
func binDir(version semver.Version) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to build the Pulumi CLI into: %w", err)
	}
	return filepath.Join(cache, "crossorg", "toolchain", version.String(), "bin"), nil
}

// pinnedVersion reads the CLI's version from the go.mod that pins it.
func pinnedVersion(path string) (semver.Version, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return semver.Version{}, fmt.Errorf("the project pins its Pulumi CLI in %s: %w", path, err)
	}
	file, err := modfile.ParseLax(path, raw, nil)
	if err != nil {
		return semver.Version{}, err
	}
	for _, r := range file.Require {
		if r.Mod.Path == cliModule {
			return semver.ParseTolerant(r.Mod.Version)
		}
	}
	return semver.Version{}, fmt.Errorf("%s does not require %s", path, cliModule)
}

// suits reports whether a CLI of version found may stand in for the pinned one: same major version, not older, since
// the project is tested with the pinned one and Pulumi keeps compatibility within a major version; and a release.
func suits(found, pinned semver.Version) bool {
	return found.Major == pinned.Major && found.GTE(pinned) && len(found.Pre) == 0
}

func pulumiOnPath(ctx context.Context, pinned semver.Version) (string, semver.Version, bool) {
	path, err := exec.LookPath("pulumi")
	if err != nil {
		return "", semver.Version{}, false
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", semver.Version{}, false
	}
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return "", semver.Version{}, false
	}
	version, err := semver.ParseTolerant(strings.TrimSpace(string(out)))
	return path, version, err == nil && suits(version, pinned)
}

// hostBeside finds a runtime's language host in the CLI's folder, where every distribution of Pulumi has it. A host
// elsewhere on PATH cannot say its version, so it is not trusted.
func hostBeside(pulumi, runtime string) (string, bool) {
	dirs := []string{filepath.Dir(pulumi)}
	if real, err := filepath.EvalSymlinks(pulumi); err == nil {
		dirs = append(dirs, filepath.Dir(real))
	}
	for _, dir := range dirs {
		if host := filepath.Join(dir, executable("pulumi-language-"+runtime)); exists(host) {
			return host, true
		}
	}
	return "", false
}

// build is one program to compile.
type build struct{ what, target, module, pkg, ldflags string }

// run compiles into a temporary name and renames, so that a target that exists is whole. Builders of the same cache
// folder take turns.
func (b build) run(ctx context.Context, progress io.Writer) error {
	gotool, err := exec.LookPath("go")
	if err != nil {
		return fmt.Errorf("building %s needs the go command, which is not on PATH: install Go from https://go.dev/dl, "+
			"or install a Pulumi CLI that suits from https://www.pulumi.com/docs/install", b.what)
	}
	if err := os.MkdirAll(filepath.Dir(b.target), 0o755); err != nil {
		return err
	}
	unlock, err := process.Lock(ctx, b.target+".lock", func() {
		fmt.Fprintf(progress, "another process builds %s: waiting for it\n", b.what)
	})
	if err != nil {
		return err
	}
	defer unlock()
	if exists(b.target) {
		return nil
	}
	tmp, err := os.MkdirTemp(filepath.Dir(b.target), ".build-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	out := filepath.Join(tmp, filepath.Base(b.target))
	var stderr strings.Builder
	cmd := b.command(ctx, gotool, out, &stderr)

	start := time.Now()
	fmt.Fprintf(progress, "building %s, once for all projects: this takes some minutes\n", b.what)
	stop := every(5*time.Second, func() {
		fmt.Fprintf(progress, "  still building %s (%s)\n", b.what, time.Since(start).Round(time.Second))
	})
	err = cmd.Run()
	stop()
	if ctx.Err() != nil {
		return fmt.Errorf("building %s: %w", b.what, context.Cause(ctx))
	}
	if err != nil {
		return fmt.Errorf("building %s: %w\n%s", b.what, err, tail(stderr.String(), 30))
	}
	if err := os.Rename(out, b.target); err != nil {
		return err
	}
	fmt.Fprintf(progress, "built %s in %s\n", b.what, time.Since(start).Round(time.Second))
	return nil
}

// command has the go command compile into a file.
func (b build) command(ctx context.Context, gotool, out string, stderr io.Writer) *exec.Cmd {
	cmd := exec.CommandContext(ctx, gotool, "build", "-C", b.module, "-o", out, "-ldflags", b.ldflags, b.pkg)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	cmd.Stderr = stderr
	process.Separate(cmd)
	cmd.Cancel = func() error { return process.Interrupt(cmd.Process) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// every calls fn in intervals until the returned function is called.
func every(interval time.Duration, fn func()) (stop func()) {
	done := make(chan struct{})
	ticker := time.NewTicker(interval)
	go func() {
		for {
			select {
			case <-ticker.C:
				fn()
			case <-done:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(done)
	}
}

func executable(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// tail is the last lines of a text.
func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}
