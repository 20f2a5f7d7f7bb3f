package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/term"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/azure/faults"
	"github.com/crossorg/crossorg/internal/bridge"
	"github.com/crossorg/crossorg/internal/process"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stackfile"
	"github.com/crossorg/crossorg/internal/statebackend"
	"github.com/crossorg/crossorg/internal/toolchain"
)

// Options choose what a local run works on.
type Options struct {
	// ProjectDir is a folder in the project; "" means the working directory.
	ProjectDir string
	// HomeDir is the home folder; "" means .crossorg in the project.
	HomeDir string
	// Stack is the stack's name.
	Stack string
	// ConfigFile is read in place of the repository's Pulumi.<stack>.yaml; "" means that one.
	ConfigFile string
	// ArmLog is a file that requests to the embedded Azure are appended to, as JSON lines; "" keeps no log.
	ArmLog string
	// Latency is how long things take on the embedded Azure; the zero value is no time.
	Latency azure.Latency
	// Callers is the address that storage accounts' network rules see on all callers of what Serve serves; none passes
	// them.
	Callers netip.Addr
	// Faults are further fault rules of the embedded Azure, for this run only.
	Faults []faults.Rule
	// RunsProgram says that the run is going to execute the program, which is then compiled beforehand.
	RunsProgram bool
	// Progress gets a person's lines while work runs.
	Progress io.Writer
	// Kill ends a running child at once when it is closed; cancelling the context only asks it to end.
	Kill <-chan struct{}
}

// Locate finds the project and names the home of options, without touching either.
func Locate(o Options) (*stackfile.Project, *Home, error) {
	if err := stackfile.CheckStackName(o.Stack); err != nil {
		return nil, nil, err
	}
	project, err := stackfile.FindProject(o.ProjectDir)
	if err != nil {
		return nil, nil, err
	}
	homeDir := o.HomeDir
	if homeDir == "" {
		homeDir = filepath.Join(project.Dir, DefaultHome)
	}
	home, err := NewHome(homeDir)
	return project, home, err
}

// Session is a stack ready to run: embedded Azure and bridge are up, the home's copy of the configuration is current.
type Session struct {
	options       Options
	project       *stackfile.Project
	home          *Home
	organizations map[string]stackfile.Organization
	azure         *azure.Azure
	backend       *statebackend.Server
	latency       azure.Latency
	command       *command
	redactor      redactor
	closers       []func() error
}

// Open prepares a run. A second run in the same home waits for the first one to end. Close releases everything.
func Open(ctx context.Context, o Options) (s *Session, err error) {
	project, home, err := Locate(o)
	if err != nil {
		return nil, err
	}
	s = &Session{options: o, project: project, home: home}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
			s = nil
		}
	}()
	if o.ConfigFile == "" {
		o.ConfigFile = project.StackFile(o.Stack)
	}
	file, err := project.Read(o.ConfigFile)
	if err != nil {
		return s, err
	}
	for _, key := range file.Undecipherable {
		fmt.Fprintf(o.Progress,
			"note: %s is encrypted for another place, so this run goes without it or with a generated value\n", key)
	}
	if s.organizations, err = file.Organizations(); err != nil {
		return s, err
	}
	program := toolchain.Program{Dir: project.Dir, Runtime: project.Runtime, Virtualenv: project.Virtualenv(),
		Runs: o.RunsProgram}
	tools, err := toolchain.Find(ctx, program, o.Progress)
	if err != nil {
		return s, err
	}
	unlock, err := home.lock(ctx, o.Progress)
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { unlock(); return nil })
	if err := home.whole(); err != nil {
		return s, err
	}
	if err := home.create(); err != nil {
		return s, err
	}
	if err := home.openManifest(); err != nil {
		return s, err
	}
	s.closers = append(s.closers, home.closeManifest)
	if err := s.openBackend(ctx); err != nil {
		return s, err
	}
	if err := tools.AddRuntime(ctx, program, home.PluginDir(), o.Progress); err != nil {
		return s, err
	}
	if s.azure, err = openAzure(home, o, declarations(s.organizations)); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.azure.Close)
	if s.latency, err = s.azure.Latency(ctx); err != nil {
		return s, err
	}
	attached, err := serveBridge(ctx, s.azure, project.Dir)
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, attached.Close)
	if err := s.writeProject(file); err != nil {
		return s, err
	}
	s.command = &command{toolchain: tools, home: home, environment: s.environment(attached), kill: o.Kill}
	return s, nil
}

// writeProject writes the home's Pulumi.yaml and stack file.
func (s *Session) writeProject(file *stackfile.File) error {
	pulumiYAML, err := s.project.Elsewhere(s.backend.URL())
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(s.home.ProjectDir(), "Pulumi.yaml"), pulumiYAML); err != nil {
		return err
	}
	if err := toolchain.CopyModule(s.project.Dir, s.home.ProgramDir()); err != nil {
		return err
	}
	values := localValues{PrincipalSecrets: map[string]string{}}
	for name, organization := range s.organizations {
		if organization.ClientID() == "" {
			continue
		}
		principal, err := principalOf(s.azure, organization)
		if err != nil {
			return fmt.Errorf("organization %s: %w", name, err)
		}
		values.PrincipalSecrets[name] = principal.ClientSecret
	}
	if needsCertificate(file) {
		if values.AdminThumbprint, err = s.home.adminThumbprint(); err != nil {
			return err
		}
	}
	passphrase, err := s.home.passphrase()
	if err != nil {
		return err
	}
	secrets, err := writeCopy(file, s.home.StackFile(s.options.Stack), passphrase, values)
	s.redactor.add(secrets...)
	s.redactor.add(passphrase, s.azure.DefaultCredentials().ClientSecret)
	return err
}

// childGOGC has the CLI, the language host and the program collect garbage a third as often as they would by
// themselves. They live for seconds, and up to a fifth of their time would be garbage collection.
const childGOGC = "300"

// journalPeriod is how many milliseconds the engine collects entries of its journal before it sends them. Its default,
// 50, is for a service that is far away: every resource would wait for it twice.
const journalPeriod = "1"

// environment is what makes a run local. It goes to the child only: exported in a shell, the attached provider would
// take hold of every Pulumi run there.
func (s *Session) environment(attached *bridge.Server) []string {
	c := s.azure.DefaultCredentials()
	gogc := os.Getenv("GOGC")
	if gogc == "" {
		gogc = childGOGC
	}
	return []string{
		"GOGC=" + gogc,
		"PULUMI_DEBUG_PROVIDERS=azure-native:" + strconv.Itoa(attached.Port()),
		"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true",
		"PULUMI_CONFIG_PASSPHRASE_FILE=" + s.home.PassphraseFile(),
		"PULUMI_BACKEND_URL=" + s.backend.URL(),
		"PULUMI_ACCESS_TOKEN=" + s.backend.Token(),
		"PULUMI_JOURNALING_BATCH_PERIOD=" + journalPeriod,
		"PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true",
		"ARM_TENANT_ID=" + c.TenantID,
		"ARM_SUBSCRIPTION_ID=" + c.SubscriptionID,
		"ARM_CLIENT_ID=" + c.ClientID,
		"ARM_CLIENT_SECRET=" + c.ClientSecret,
		// The go command keeps what "go run" links, so that an unchanged program is not linked again.
		"PULUMI_GO_USE_RUN=true",
		"GOFLAGS=" + toolchain.GoFlags(os.Getenv("GOFLAGS"), s.home.ProgramDir()),
		"GOWORK=off",
		"CROSSORG_ROLE_PROPAGATION=" + rolePropagation(s.latency).String(),
	}
}

// rolePropagation is how long the program waits for its role assignments: as long as they take here, with a second to
// spare.
func rolePropagation(l azure.Latency) time.Duration {
	if delay := l.RoleDelay(); delay > 0 {
		return delay + time.Second
	}
	return 0
}

// access reads results with each organization's own principal.
func (s *Session) access() *stack.Access {
	a := newAccess(s.azure.Management(), s.azure.Authority(), s.azure.RootCAs(),
		func(organization string) (credentials, error) {
			return principalOf(s.azure, s.organizations[organization])
		})
	// It closes before the embedded Azure, which would wait a second for each of its connections.
	s.closers = append(s.closers, a.Close)
	return a
}

// readyStack takes up what an interrupted run left of the stack, or creates the stack on its first use.
func (s *Session) readyStack(ctx context.Context) error {
	if s.home.hasStack(s.project.Name, s.options.Stack) {
		return s.resume()
	}
	_, err := s.command.run(ctx, "stack", "init", s.options.Stack)
	return err
}

// Pulumi runs any command of the CLI against the stack, with the terminal's streams, and returns its exit code.
func (s *Session) Pulumi(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer, args ...string) (int, error) {
	if err := s.readyStack(ctx); err != nil {
		return -1, s.failure(ctx, "create the stack", err, nil)
	}
	cmd := s.command.child(args...)
	cmd.Env = append(cmd.Env, "PULUMI_STACK="+s.options.Stack)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, stdout, stderr
	if f, ok := stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		// The child shares the terminal's process group: it may ask questions there, and ctrl-C reaches it by itself.
		ctx = context.WithoutCancel(ctx)
	} else {
		process.Separate(cmd)
	}
	err := s.home.runEngine(ctx, cmd, s.options.Kill)
	code := exitCode(err)
	if code > 0 {
		err = nil
	}
	return code, err
}

// Close ends bridge and embedded Azure and lets the next run into the home.
func (s *Session) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}
