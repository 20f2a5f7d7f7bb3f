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

	"github.com/blang/semver"
	"golang.org/x/mod/modfile"
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

const cliModule = "github.com/pulumi/pulumi/pkg/v3"

// Find returns an installed CLI that suits, with the language host beside it; what is missing is built from the
// versions that the repository pins under tools/, once, into the user's cache folder. A Go program that is to run is
// compiled at the same time, so that the host finds it compiled. What has to be made is announced on progress, which
// then gets a line for each step.
func Find(ctx context.Context, p Program, progress io.Writer) (*Toolchain, error) {
	repository := repositoryOf(p.Dir)
	pinned, err := pinnedVersion(filepath.Join(repository, "tools", "pulumi", "go.mod"))
	if err != nil {
		return nil, err
	}
	cache, err := cacheDir()
	if err != nil {
		return nil, err
	}
	bin := binDir(cache, pinned)
	t := &Toolchain{
		Pulumi:  filepath.Join(bin, executable("pulumi")),
		Host:    filepath.Join(bin, executable("pulumi-language-go")),
		Version: pinned,
	}
	found, why := findCLI(ctx, t.Pulumi, pinned)
	if found != nil {
		t.Pulumi, t.Version = found.path, found.version
	}
	if host, ok := hostBeside(t.Pulumi, "go"); ok {
		t.Host = host
	}
	var cli, others []job
	if !exists(t.Pulumi) {
		cli = append(cli, cliBuild(repository, t.Pulumi, pinned).job(why))
	}
	if p.Runs && p.goes() && !p.compiled(cache) {
		others = append(others, p.job(cache))
	}
	if p.goes() && !exists(t.Host) {
		host := hostBuild(repository, t.Host).job("")
		if len(cli) == 0 {
			cli = append(cli, host) // the lane is free
		} else {
			others = append(others, host)
		}
	}
	return t, makeReady(ctx, progress, cli, others)
}

// cacheDir is the folder that the toolchain keeps what it made in: several homes and several checkouts share it.
func cacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to build the Pulumi CLI into: %w", err)
	}
	return filepath.Join(cache, "crossorg", "toolchain"), nil
}

// binDir is the folder that the toolchain of a version is built into.
func binDir(cache string, version semver.Version) string {
	return filepath.Join(cache, version.String(), "bin")
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

// installed is a CLI that suits.
type installed struct {
	path    string
	version semver.Version
}

// findCLI looks for a CLI that suits: on PATH, then built at the path given, then where Pulumi's own installers put
// it, which not every shell has on its PATH. Without one it returns why.
func findCLI(ctx context.Context, built string, pinned semver.Version) (found *installed, why string) {
	why = "none is installed"
	try := func(path string) *installed {
		version, err := versionOf(ctx, path)
		switch {
		case err != nil:
			why = fmt.Sprintf("%s does not run", path)
		case !suits(version, pinned):
			why = fmt.Sprintf("%s is v%s", path, version)
		default:
			return &installed{path, version}
		}
		return nil
	}
	if path, err := exec.LookPath("pulumi"); err == nil {
		if path, err = filepath.Abs(path); err == nil {
			if found = try(path); found != nil {
				return found, ""
			}
		}
	}
	if exists(built) {
		return nil, ""
	}
	for _, path := range installerPaths(pinned) {
		if exists(path) {
			if found = try(path); found != nil {
				return found, ""
			}
		}
	}
	return nil, why
}

// installerPaths are where get.pulumi.com's script and the Automation API's installer put the CLI.
func installerPaths(pinned semver.Version) []string {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	root := filepath.Join(home, ".pulumi")
	return []string{
		filepath.Join(root, "bin", executable("pulumi")),
		filepath.Join(root, "versions", pinned.String(), "bin", executable("pulumi")),
	}
}

// versionOf asks a CLI for its version.
func versionOf(ctx context.Context, path string) (semver.Version, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Env = append(os.Environ(), "PULUMI_SKIP_UPDATE_CHECK=true")
	out, err := cmd.Output()
	if err != nil {
		return semver.Version{}, err
	}
	return semver.ParseTolerant(strings.TrimSpace(string(out)))
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
