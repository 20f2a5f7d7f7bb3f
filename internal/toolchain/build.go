package toolchain

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/blang/semver"

	"github.com/crossorg/crossorg/internal/process"
)

const (
	cliPackage  = cliModule + "/cmd/pulumi"
	hostPackage = "github.com/pulumi/pulumi/sdk/v3/go/pulumi-language-go"
	versionFlag = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
)

// dormant are the packages of the CLI that a run on a file backend never executes, or where it spends no time: the
// commands themselves, which leave the work to the engine, code generation, terminal user interfaces, the state
// backends, secrets and logs of clouds, the clients for Pulumi Cloud's API. They are most of what is compiled for it,
// so they are compiled the quick way, without optimization, and do the same, slower. None of them may be part of the
// tool or the program, which would then compile them a second time.
var dormant = []string{
	"cel.dev/expr/...",
	"charm.land/...",
	"cloud.google.com/go/...",
	"github.com/AlecAivazis/...",
	"github.com/GoogleCloudPlatform/...",
	"github.com/alecthomas/chroma/...",
	"github.com/aws/...",
	"github.com/bazelbuild/...",
	"github.com/ccojocar/...",
	"github.com/charmbracelet/glamour/...",
	"github.com/charmbracelet/ultraviolet/...",
	"github.com/cncf/xds/...",
	"github.com/dlclark/...",
	"github.com/envoyproxy/...",
	"github.com/git-pkgs/...",
	"github.com/go-jose/...",
	"github.com/godbus/...",
	"github.com/google/pprof/...",
	"github.com/google/s2a-go/...",
	"github.com/googleapis/gax-go/...",
	"github.com/hashicorp/go-sockaddr/...",
	"github.com/hashicorp/hcl/v2/hclsyntax/...",
	"github.com/hashicorp/hcl/v2/hclwrite/...",
	"github.com/hashicorp/vault/...",
	"github.com/jedib0t/...",
	"github.com/lib/pq/...",
	"github.com/microcosm-cc/...",
	"github.com/nbutton23/...",
	"github.com/pb33f/...",
	"github.com/pulumi/appdash/traceapp/...",
	"github.com/pulumi/pulumi/pkg/v3/authhelpers/...",
	"github.com/pulumi/pulumi/pkg/v3/backend/httpstate/...",
	"github.com/pulumi/pulumi/pkg/v3/cmd/...",
	"github.com/pulumi/pulumi/pkg/v3/codegen/...",
	"github.com/pulumi/pulumi/pkg/v3/pcl/...",
	"github.com/russross/...",
	"github.com/shirou/...",
	"github.com/sourcegraph/...",
	"github.com/spf13/afero/...",
	"github.com/spiffe/...",
	"github.com/xeipuuv/...",
	"github.com/yuin/...",
	"go.opentelemetry.io/otel/sdk/metric/...",
	"go.yaml.in/yaml/v4/...",
	"gocloud.dev/blob/gcsblob/...",
	"gocloud.dev/secrets/...",
	"golang.org/x/net/html/...",
	"golang.org/x/oauth2/...",
	"google.golang.org/api/...",
	"google.golang.org/grpc/balancer/rls/...",
	"google.golang.org/grpc/balancer/weightedroundrobin/...",
	"google.golang.org/grpc/credentials/alts/...",
	"google.golang.org/grpc/internal/xds/...",
	"google.golang.org/grpc/orca/...",
	"google.golang.org/grpc/stats/opentelemetry/...",
	"google.golang.org/grpc/xds/...",
	"gopkg.in/yaml.v2/...",
}

// The time of one core that the builds take with empty caches, on the machine of docs/performance.md. It is announced
// and nothing else.
const (
	cliEffort     = 190 * time.Second
	hostEffort    = 25 * time.Second
	programEffort = 95 * time.Second
	// providerEffort is that of the components' provider for languages other than Go.
	providerEffort = 180 * time.Second
)

// build is one program to compile.
type build struct {
	what, short, target, module, pkg, ldflags string
	// gcflags are patterns of packages with the compiler's flags for them; the last one that fits counts.
	gcflags []string
	// effort is how long one core takes, about.
	effort time.Duration
}

func cliBuild(repository, target string, version semver.Version) build {
	return build{
		what: "the Pulumi CLI v" + version.String(), short: "CLI", target: target,
		module:  filepath.Join(repository, "tools", "pulumi"),
		pkg:     cliPackage,
		ldflags: "-s -w -X " + versionFlag + "=v" + version.String(),
		gcflags: cliFlags(), effort: cliEffort,
	}
}

// cliFlags leave out of the CLI's own packages what only a debugger reads, which is not linked anyway, and optimization
// where nothing of a local run depends on it.
func cliFlags() []string {
	flags := []string{cliModule + "/...=-dwarf=false"}
	for _, packages := range dormant {
		flags = append(flags, packages+"=-N -l -dwarf=false")
	}
	return flags
}

func hostBuild(repository, target string) build {
	return build{
		what: "Pulumi's Go language host", short: "language host", target: target,
		module:  filepath.Join(repository, "tools", "pulumi-language-go"),
		pkg:     hostPackage,
		ldflags: "-s -w", effort: hostEffort,
	}
}

// job makes the target where it is missing.
func (b build) job(why string) job {
	return job{what: b.what, short: b.short, why: why, effort: b.effort, do: b.make}
}

// make compiles into a temporary name and renames, so that a target that exists is whole. Builders of the same cache
// folder take turns.
func (b build) make(ctx context.Context, s *step) error {
	gotool, err := goCommand(b.what)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(b.target), 0o755); err != nil {
		return err
	}
	unlock, err := process.Lock(ctx, b.target+".lock", s.waiting)
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
	if err := s.run(ctx, b.command(ctx, gotool, out)); err != nil {
		return err
	}
	return os.Rename(out, b.target)
}

// command has the go command compile into a file.
func (b build) command(ctx context.Context, gotool, out string) *exec.Cmd {
	args := []string{"build", "-C", b.module, "-v", "-o", out, "-ldflags", b.ldflags}
	for _, flags := range b.gcflags {
		args = append(args, "-gcflags="+flags)
	}
	cmd := goRun(ctx, gotool, append(args, b.pkg)...)
	cmd.Env = append(cmd.Env, "GOWORK=off")
	return cmd
}

// goCommand finds the go command.
func goCommand(what string) (string, error) {
	gotool, err := exec.LookPath("go")
	if err != nil {
		return "", fmt.Errorf("building %s needs the go command, which is not on PATH: install Go from "+
			"https://go.dev/dl, or install a Pulumi CLI that suits from https://www.pulumi.com/docs/install", what)
	}
	return gotool, nil
}

// goRun is a go command that ends when ctx does. The compiler collects garbage less often than by itself, which takes
// a quarter off its time; from the limit on it collects as usual, so that a small machine does not run out of memory.
func goRun(ctx context.Context, gotool string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, gotool, args...)
	cmd.Env = os.Environ()
	if os.Getenv("GOGC") == "" {
		cmd.Env = append(cmd.Env, "GOGC=400")
		if os.Getenv("GOMEMLIMIT") == "" {
			cmd.Env = append(cmd.Env, "GOMEMLIMIT=2GiB")
		}
	}
	process.Separate(cmd)
	cmd.Cancel = func() error { return process.Interrupt(cmd.Process) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// run runs a go command to its end, with what it writes counted for the person who waits.
func (s *step) run(ctx context.Context, cmd *exec.Cmd) error {
	// The kernel's signal to the child comes when the thread that started it ends: so this one stays.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.Stderr = s
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return errors.Join(err, errors.New(s.complaints()))
	}
	return nil
}

// tail is the last lines of a text.
func tail(s string, lines int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}
