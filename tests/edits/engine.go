package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/engine/lifecycletest/framework"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy/deploytest"
	"github.com/pulumi/pulumi/pkg/v3/resource/plugin"
	"github.com/pulumi/pulumi/pkg/v3/util/cancel"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

const (
	projectName = "crossorg"
	stackName   = "edits"
)

// operation is one of the engine's: engine.Update or engine.Refresh.
type operation func(engine.UpdateInfo, *engine.Context, engine.UpdateOptions, bool,
) (*deploy.Plan, display.ResourceChanges, error)

// program runs the compiled Pulumi program as Go's language host does, by its environment.
func (w *world) program(info plugin.RunInfo, engineAddress string) error {
	values := map[string]string{}
	for key, value := range info.Config {
		values[key.String()] = value
	}
	text, err := json.Marshal(values)
	if err != nil {
		return err
	}
	secrets := []string{}
	for _, key := range info.ConfigSecretKeys {
		secrets = append(secrets, key.String())
	}
	secretText, err := json.Marshal(secrets)
	if err != nil {
		return err
	}
	cmd := exec.Command(w.binary)
	cmd.Dir = w.root
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"),
		"PULUMI_PROJECT=" + info.Project, "PULUMI_STACK=" + info.Stack, "PULUMI_ORGANIZATION=organization",
		"PULUMI_CONFIG=" + string(text), "PULUMI_CONFIG_SECRET_KEYS=" + string(secretText),
		"PULUMI_DRY_RUN=" + strconv.FormatBool(info.DryRun), "PULUMI_PARALLEL=" + strconv.Itoa(int(info.Parallel)),
		"PULUMI_MONITOR=" + info.MonitorAddress, "PULUMI_ENGINE=" + engineAddress,
		"CROSSORG_ROLE_PROPAGATION=0s",
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("program: %w: %s", err, strings.TrimSpace(out.String()))
	}
	return nil
}

// run has the engine do something to the stack and keeps the state that it leaves, also when it fails.
func (w *world) run(do operation, c configuration, dryRun bool) error {
	project := workspace.Project{Name: projectName, Runtime: workspace.NewProjectRuntimeInfo("go", nil)}
	values, err := c.pulumi()
	if err != nil {
		return err
	}
	target := deploy.Target{Name: tokens.MustParseStackName(stackName), Organization: "organization",
		Config: values, Decrypter: config.NopDecrypter, Snapshot: w.snapshot}
	info := engine.UpdateInfo{Root: w.root, Project: &project, Target: &target}

	events := make(chan engine.Event)
	watched := make(chan []string)
	go func() { watched <- w.watch(events) }()
	journal := engine.NewTestJournal()
	cancelContext, _ := cancel.NewContext(context.Background())
	ctx := &engine.Context{Cancel: cancelContext, Events: events, SnapshotManager: journal,
		BackendClient: w.backend(), PluginManager: framework.NopPluginManager{}}
	said := &messages{}
	host := w.host(said)
	_, _, err = do(info, ctx, engine.UpdateOptions{Parallel: parallel,
		HostFactory: func(context.Context, diag.Sink, diag.Sink, plugin.DebugContext) (plugin.Host, error) {
			return host, nil
		}}, dryRun)
	close(events)
	complaints := <-watched
	err = errors.Join(err, host.Close(), journal.Close())
	if !dryRun {
		after, snapErr := journal.Snap(target.Snapshot)
		if snapErr != nil {
			return errors.Join(err, fmt.Errorf("state: %w", snapErr))
		}
		if broken := after.VerifyIntegrity(); broken != nil {
			err = errors.Join(err, fmt.Errorf("state: %w", broken))
		}
		w.snapshot = after
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, strings.Join(append(complaints, said.all...), "\n"))
	}
	return nil
}

// parallel is how many operations run at a time: more make no difference on two cores.
const parallel = 16

// watch collects the engine's complaints and the changes that it made.
func (w *world) watch(events <-chan engine.Event) []string {
	var complaints []string
	w.changes = nil
	for e := range events {
		switch e.Type {
		case engine.DiagEvent:
			if p := e.Payload().(engine.DiagEventPayload); p.Severity == diag.Error {
				complaints = append(complaints, strings.TrimSpace(colors.Never.Colorize(p.Message)))
			}
		case engine.ResourcePreEvent:
			p := e.Payload().(engine.ResourcePreEventPayload)
			if p.Metadata.Op != deploy.OpSame && p.Metadata.Op != deploy.OpRead {
				w.changes = append(w.changes, change{string(p.Metadata.Op), p.Metadata.URN})
			}
		}
	}
	return complaints
}

// change is a step of the engine.
type change struct {
	op  string
	urn resource.URN
}

func (c change) String() string { return c.op + " " + c.urn.Type().DisplayName() + " " + c.urn.Name() }

// host runs the program and talks to the bridge. Every provider has a connection of its own, as with the real host.
func (w *world) host(said *messages) plugin.Host {
	var host plugin.Host
	runtime := deploytest.NewLanguageRuntime(func(info plugin.RunInfo, _ *deploytest.ResourceMonitor) error {
		return w.program(info, host.ServerAddr())
	})
	host = deploytest.NewPluginHost(said, said, runtime, deploytest.NewProviderLoaderWithHost("azure-native",
		semver.MustParse("2.92.3"), w.provider, deploytest.WithoutGrpc, deploytest.WithoutHandshake))
	return host
}

func (w *world) provider(host plugin.Host) (plugin.Provider, error) {
	connection, err := grpc.NewClient("127.0.0.1:"+strconv.Itoa(w.bridge.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(400<<20)))
	if err != nil {
		return nil, err
	}
	w.connections = append(w.connections, connection)
	pluginContext, err := plugin.NewContextWithHost(context.Background(), nil, nil, host, w.root, w.root, nil)
	if err != nil {
		return nil, err
	}
	return plugin.NewProviderWithClient(pluginContext, pulumirpc.NewResourceProviderClient(connection), false), nil
}

// backend answers what a program may ask of the stack that stands.
func (w *world) backend() deploy.BackendClient {
	return &deploytest.BackendClient{
		GetStackOutputsF: func(context.Context, string, func(error) error) (property.Map, error) {
			if w.snapshot != nil {
				for _, r := range w.snapshot.Resources {
					if r.Type == resource.RootStackType {
						return resource.FromResourcePropertyMap(r.Outputs), nil
					}
				}
			}
			return property.Map{}, nil
		},
		GetStackResourceOutputsF: func(context.Context, string) (property.Map, error) {
			all := map[string]property.Value{}
			if w.snapshot != nil {
				for _, r := range w.snapshot.Resources {
					if !r.Delete {
						all[string(r.URN)] = property.New(map[string]property.Value{
							"type":    property.New(string(r.Type)),
							"outputs": property.New(resource.FromResourcePropertyMap(r.Outputs)),
						})
					}
				}
			}
			return property.NewMap(all), nil
		},
	}
}

// messages is a sink that keeps errors: those of the program come here and not as events.
type messages struct {
	mu  sync.Mutex
	all []string
}

func (m *messages) Errorf(d *diag.Diag, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	text := d.Message
	if !d.Raw {
		text = fmt.Sprintf(text, args...)
	}
	m.all = append(m.all, strings.TrimSpace(text))
}

func (m *messages) Logf(severity diag.Severity, d *diag.Diag, args ...any) {
	if severity == diag.Error {
		m.Errorf(d, args...)
	}
}

func (*messages) Debugf(*diag.Diag, ...any)   {}
func (*messages) Infof(*diag.Diag, ...any)    {}
func (*messages) Infoerrf(*diag.Diag, ...any) {}
func (*messages) Warningf(*diag.Diag, ...any) {}
