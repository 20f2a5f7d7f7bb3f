package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stackfile"
	"github.com/crossorg/crossorg/internal/toolchain"
	"github.com/crossorg/crossorg/internal/verify"
)

// verbs are measured in this order, so that each cycle ends as it began.
var verbs = []string{"up", "unchanged", "destroy"}

// The stacks' names have the same length, so that their states have the same size.
const (
	workStack  = "bench"
	floorStack = "floor"
)

// bench is what all measurements share.
type bench struct {
	work      string
	project   *stackfile.Project
	toolchain *toolchain.Toolchain
	idle      *idle
	options   *options
	progress  io.Writer
	// tool, skipped and plain are the homes of crossorg local's runs, with and without its journal, and of plain
	// pulumi's on the same Azure. The stack of the floor lies in tool, so that it has the same project file, program
	// and passphrase.
	tool, skipped, plain *local.Home
}

func newBench(ctx context.Context, work string, o *options, progress io.Writer) (*bench, error) {
	b := &bench{work: work, options: o, progress: progress}
	var err error
	if b.project, err = stackfile.FindProject("."); err != nil {
		return nil, err
	}
	if b.toolchain, err = toolchain.Find(ctx, toolchain.Program{Dir: b.project.Dir}, progress); err != nil {
		return nil, err
	}
	if b.tool, err = local.NewHome(filepath.Join(work, "tool")); err != nil {
		return nil, err
	}
	if b.skipped, err = local.NewHome(filepath.Join(work, "skipped")); err != nil {
		return nil, err
	}
	if b.plain, err = local.NewHome(filepath.Join(work, "plain")); err != nil {
		return nil, err
	}
	b.idle, err = serveIdle(ctx)
	return b, err
}

func (b *bench) close() { b.idle.close() }

// lane is one way to run a verb.
type lane struct {
	name string
	run  func(ctx context.Context, verb string) (sample, error)
	// reset comes between cycles and is not measured.
	reset func(ctx context.Context) error
}

// measure measures one size: it records a run, and then lets the lanes take turns.
func (b *bench) measure(ctx context.Context, s size) (*sizeReport, error) {
	stackFile := filepath.Join(b.work, "stack-"+s.String()+".yaml")
	if err := writeStackFile(stackFile, b.project, s); err != nil {
		return nil, err
	}
	fmt.Fprintf(b.progress, "%s: recording\n", s)
	report := &sizeReport{Size: s.String()}
	recording, err := b.record(ctx, s, stackFile, report)
	if err != nil {
		return nil, err
	}
	report.Resources, report.AzureResources = recording.total, recording.azure
	b.idle.play(recording)
	lanes, err := b.lanes(ctx, stackFile)
	if err != nil {
		return nil, err
	}
	samples := map[string]map[string][]sample{}
	for _, verb := range verbs {
		samples[verb] = map[string][]sample{}
	}
	for round := range b.options.rounds {
		for _, l := range lanes {
			if err := l.reset(ctx); err != nil {
				return nil, err
			}
		}
		for _, verb := range verbs {
			// Each round begins with another lane, so that none always profits from what the one before left in caches.
			for i := range lanes {
				l := lanes[(i+round)%len(lanes)]
				took, err := l.run(ctx, verb)
				if err != nil {
					return nil, fmt.Errorf("%s %s: %w", l.name, verb, err)
				}
				samples[verb][l.name] = append(samples[verb][l.name], took)
				fmt.Fprintf(b.progress, "%s: round %d of %d: %-9s %-8s %7.2f s\n", s, round+1, b.options.rounds, verb,
					l.name,
					took.wall.Seconds())
			}
			if verb == "up" && round == 0 {
				if err := b.checkUp(ctx, stackFile, recording, report); err != nil {
					return nil, err
				}
			}
		}
	}
	report.add(samples)
	return report, nil
}

// lanes are the ones that were asked for, ready to run.
func (b *bench) lanes(ctx context.Context, stackFile string) ([]lane, error) {
	var lanes []lane
	if b.options.lanes.floor {
		lanes = append(lanes, b.floorLane())
		if err := b.prepareFloor(ctx); err != nil {
			return nil, err
		}
	}
	if b.options.lanes.skipping {
		lanes = append(lanes, b.skippingLane(stackFile))
		if err := forget(b.skipped); err != nil {
			return nil, err
		}
	}
	lanes = append(lanes, b.toolLane(stackFile))
	if b.options.lanes.engine {
		lanes = append(lanes, b.engineLane(stackFile))
		if err := b.warmEngine(ctx, stackFile); err != nil {
			return nil, err
		}
	}
	return lanes, nil
}

// checkUp looks at what stands after the first up: the floor must have what the real run had, and verify must pass.
func (b *bench) checkUp(ctx context.Context, stackFile string, want *recording, report *sizeReport) error {
	if b.options.lanes.floor {
		if err := b.checkFloor(ctx, want); err != nil {
			return err
		}
	}
	if !b.options.verify {
		return nil
	}
	return b.session(ctx, b.localOptions(b.tool, stackFile), func(session *local.Session) error {
		return b.verify(ctx, session, report)
	})
}

// verify judges what stands, and notes how long that takes and how much memory everything has needed so far.
func (b *bench) verify(ctx context.Context, session *local.Session, report *sizeReport) error {
	values, err := session.StackOutputs(ctx)
	if err != nil {
		return err
	}
	outputs, err := stack.ParseOutputs(values)
	if err != nil {
		return err
	}
	report.Verified = &verified{}
	report.Verified.UpOwnMB, report.Verified.UpPulumiMB = peakMemory()
	took, err := measured(func() error {
		checked := verify.Run(ctx, verify.Options{Outputs: outputs, Access: session.Access(), Settle: 5 * time.Second,
			Progress: io.Discard})
		report.Verified.Checks = len(checked.Checks)
		if !checked.OK() {
			return errors.New("verify fails")
		}
		return nil
	})
	report.Verified.Ms = milliseconds(took.wall.Seconds())
	report.Verified.OwnMB, _ = peakMemory()
	fmt.Fprintf(b.progress, "%s: verify: %d checks in %.2f s\n", report.Size, report.Verified.Checks,
		took.wall.Seconds())
	return err
}

// whole has the engine write its state as a whole, once at its end, by the environment that its processes inherit.
func whole(on bool) {
	for _, name := range []string{"PULUMI_SKIP_CHECKPOINTS", "PULUMI_DISABLE_JOURNALING"} {
		if on {
			_ = os.Setenv(name, "true")
		} else {
			_ = os.Unsetenv(name)
		}
	}
}

// record runs one cycle that is not measured: it warms what is compiled, keeps the requests' log, and returns what the
// resources came out as.
func (b *bench) record(ctx context.Context, s size, stackFile string, report *sizeReport) (*recording, error) {
	if err := forget(b.tool); err != nil {
		return nil, err
	}
	var export bytes.Buffer
	for _, verb := range verbs {
		log := filepath.Join(b.work, "requests-"+s.String()+"-"+verb+".jsonl")
		if err := os.Remove(log); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		options := b.localOptions(b.tool, stackFile)
		options.ArmLog = log
		err := b.session(ctx, options, func(session *local.Session) error {
			if err := b.runTool(ctx, session, verb); err != nil || verb != "up" {
				return err
			}
			code, err := session.Pulumi(ctx, nil, &export, io.Discard, "stack", "export", "--show-secrets")
			return failed(code, err, "stack export", nil)
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", verb, err)
		}
		requests, err := readRequests(log)
		if err != nil {
			return nil, err
		}
		report.requests = append(report.requests, requests)
	}
	return record(export.Bytes())
}

func (b *bench) localOptions(home *local.Home, stackFile string) local.Options {
	return local.Options{ProjectDir: b.project.Dir, HomeDir: home.Dir, Stack: workStack, ConfigFile: stackFile}
}

// session opens a session, has do work on it and closes it; its progress goes into an error only.
func (b *bench) session(ctx context.Context, o local.Options, do func(*local.Session) error) error {
	var progress bytes.Buffer
	o.Progress = &progress
	session, err := local.Open(ctx, o)
	if err == nil {
		err = errors.Join(do(session), session.Close())
	}
	return explain(err, progress.String())
}

// explain adds what a run complained of to its error.
func explain(err error, progress string) error {
	if err == nil {
		return nil
	}
	var failure *local.Failure
	if errors.As(err, &failure) {
		for _, d := range failure.Diagnostics {
			err = fmt.Errorf("%w\n  %s %s", err, d.Resource, d.Message)
		}
		return err
	}
	lines := strings.Split(strings.TrimSpace(progress), "\n")
	return fmt.Errorf("%w\n%s", err, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}

// runTool runs a verb as crossorg local does, and checks that it did what it should.
func (b *bench) runTool(ctx context.Context, session *local.Session, verb string) error {
	if verb == "destroy" {
		_, err := session.Destroy(ctx, true)
		return err
	}
	result, err := session.Up(ctx)
	if err == nil && verb == "unchanged" && result.Summary.Changes() > 0 {
		return fmt.Errorf("an unchanged up changed %d resources", result.Summary.Changes())
	}
	return err
}

// toolLane is crossorg local as a user runs it, from opening the home to closing it.
func (b *bench) toolLane(stackFile string) lane { return b.localLane("tool", b.tool, stackFile) }

// skippingLane is the same with the state written at the end alone.
func (b *bench) skippingLane(stackFile string) lane {
	l := b.localLane("skipping", b.skipped, stackFile)
	journaled := l.run
	l.run = func(ctx context.Context, verb string) (sample, error) {
		whole(true)
		defer whole(false)
		return journaled(ctx, verb)
	}
	return l
}

func (b *bench) localLane(name string, home *local.Home, stackFile string) lane {
	return lane{
		name: name,
		run: func(ctx context.Context, verb string) (sample, error) {
			return measured(func() error {
				return b.session(ctx, b.localOptions(home, stackFile), func(session *local.Session) error {
					return b.runTool(ctx, session, verb)
				})
			})
		},
		reset: func(ctx context.Context) error { return b.freshAzure(ctx, home, stackFile) },
	}
}

// engineLane is plain pulumi, the floor's very commands, with bridge and embedded Azure attached.
func (b *bench) engineLane(stackFile string) lane {
	return lane{
		name: "engine",
		run: func(ctx context.Context, verb string) (took sample, err error) {
			err = b.session(ctx, b.localOptions(b.plain, stackFile), func(session *local.Session) error {
				var err error
				took, err = measured(func() error { return plainPulumi(ctx, session, arguments(verb, workStack)...) })
				return err
			})
			return took, err
		},
		reset: func(ctx context.Context) error { return b.freshAzure(ctx, b.plain, stackFile) },
	}
}

func plainPulumi(ctx context.Context, session *local.Session, args ...string) error {
	var out bytes.Buffer
	code, err := session.Pulumi(ctx, nil, &out, &out, args...)
	return failed(code, err, strings.Join(args, " "), out.Bytes())
}

// failed is the error of a command of the CLI that did not exit with 0.
func failed(code int, err error, command string, output []byte) error {
	if err == nil && code == 0 {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("exit code %d", code)
	}
	return fmt.Errorf("pulumi %s: %w\n%s", command, err, output)
}

// warmEngine makes the stack and compiles the program in the engine's home.
func (b *bench) warmEngine(ctx context.Context, stackFile string) error {
	if err := forget(b.plain); err != nil {
		return err
	}
	return b.session(ctx, b.localOptions(b.plain, stackFile), func(session *local.Session) error {
		return plainPulumi(ctx, session, "preview", "--non-interactive")
	})
}

// forget removes an earlier size's stacks from a home, so that no verb has their histories to look through.
func forget(home *local.Home) error {
	return errors.Join(os.RemoveAll(home.StateDir()), os.RemoveAll(home.ManifestFile()))
}

// freshAzure puts an empty Azure into a home whose stack is destroyed: what earlier cycles left, such as deleted
// vaults, would count against later ones.
func (b *bench) freshAzure(ctx context.Context, home *local.Home, stackFile string) error {
	if err := os.RemoveAll(home.AzureDir()); err != nil {
		return err
	}
	return b.session(ctx, b.localOptions(home, stackFile), func(*local.Session) error { return nil })
}

// floorLane is plain pulumi on the provider that does nothing.
func (b *bench) floorLane() lane {
	return lane{
		name: "floor",
		run: func(ctx context.Context, verb string) (sample, error) {
			return measured(func() error {
				_, err := b.pulumi(ctx, arguments(verb, floorStack)...)
				return err
			})
		},
		reset: func(context.Context) error { return nil },
	}
}

// arguments are those of a verb for the CLI, as local runs give them, where an unchanged up fails when there
// is something to change.
func arguments(verb, stack string) []string {
	command := []string{verb}
	if verb == "unchanged" {
		command = []string{"up", "--expect-no-changes"}
	}
	return append(command, "--yes", "--skip-preview", "--non-interactive", "--suppress-progress", "--suppress-outputs",
		"--stack", stack)
}

// prepareFloor makes the floor's stack of the configuration that the tool's stack has.
func (b *bench) prepareFloor(ctx context.Context) error {
	raw, err := os.ReadFile(b.tool.StackFile(workStack))
	if err != nil {
		return err
	}
	if err := os.WriteFile(b.tool.StackFile(floorStack), raw, 0o600); err != nil {
		return err
	}
	if err := os.RemoveAll(b.floorState()); err != nil {
		return err
	}
	if err := os.MkdirAll(b.floorState(), 0o700); err != nil {
		return err
	}
	_, err = b.pulumi(ctx, "stack", "init", floorStack, "--non-interactive")
	return err
}

// checkFloor makes sure that the floor has as many resources as the real run.
func (b *bench) checkFloor(ctx context.Context, want *recording) error {
	export, err := b.pulumi(ctx, "stack", "export", "--stack", floorStack)
	if err != nil {
		return err
	}
	got, err := record(export)
	if err != nil {
		return fmt.Errorf("the floor: %w", err)
	}
	if got.total != want.total || got.azure != want.azure {
		return fmt.Errorf("the floor has %d resources, %d of Azure, and the real run had %d and %d", got.total,
			got.azure, want.total, want.azure)
	}
	return nil
}

// pulumi runs the CLI on the floor's stack and returns what it printed.
func (b *bench) pulumi(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, b.toolchain.Pulumi, args...)
	cmd.Dir = b.tool.ProjectDir()
	cmd.Env = b.environment()
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 30 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, failed(1, err, strings.Join(args, " "), append(stdout.Bytes(), stderr.Bytes()...))
	}
	return stdout.Bytes(), nil
}

func (b *bench) floorState() string { return filepath.Join(b.work, "floor") }

// fileBackend is the URL of Pulumi's file backend in a folder. Without metadata files it writes no more than the state.
func fileBackend(dir string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(dir), RawQuery: "metadata=skip"}
	return u.String()
}

// environment is the environment of a local run, without the provider and without unused variables.
func (b *bench) environment() []string {
	path := strings.Join(b.toolchain.Dirs(), string(os.PathListSeparator)) + string(os.PathListSeparator) +
		os.Getenv("PATH")
	var env []string
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(strings.ToUpper(entry), "=")
		foreign := strings.HasPrefix(name, "PULUMI_") || strings.HasPrefix(name, "ARM_") ||
			strings.HasPrefix(name, "AZURE_") || name == "PATH"
		if !foreign {
			env = append(env, entry)
		}
	}
	return append(env,
		"PATH="+path,
		"PULUMI_DEBUG_PROVIDERS="+packageName+":"+strconv.Itoa(b.idle.port),
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_CONFIG_PASSPHRASE_FILE="+b.tool.PassphraseFile(),
		"PULUMI_BACKEND_URL="+fileBackend(b.floorState()),
		"PULUMI_HOME="+b.tool.PulumiDir(),
		"PULUMI_SKIP_CHECKPOINTS=true",
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_GO_USE_RUN=true",
		"GOFLAGS="+strings.TrimSpace(os.Getenv("GOFLAGS")+" -modfile="+filepath.Join(b.tool.ProgramDir(),
			"go.mod")+" -buildvcs=false"),
		"GOWORK=off",
		"CROSSORG_ROLE_PROPAGATION=0s",
	)
}
