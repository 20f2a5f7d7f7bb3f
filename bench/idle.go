package main

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	packageName = "azure-native"
	// maxMessage is the size that Pulumi's engine and providers agree on.
	maxMessage = 400 << 20
)

// idle is a provider that does nothing: it answers from a recording. What a run on it costs is Pulumi's own.
type idle struct {
	pulumirpc.UnimplementedResourceProviderServer
	recording atomic.Pointer[recording]
	server    *grpc.Server
	port      int
	done      chan struct{}
}

// serveIdle starts the provider on a free port of 127.0.0.1.
func serveIdle(ctx context.Context) (*idle, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &idle{
		server: grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage)),
		port:   listener.Addr().(*net.TCPAddr).Port,
		done:   make(chan struct{}),
	}
	pulumirpc.RegisterResourceProviderServer(p.server, p)
	go func() {
		defer close(p.done)
		_ = p.server.Serve(listener) // it returns when the server is stopped
	}()
	return p, nil
}

func (p *idle) close() {
	p.server.Stop()
	<-p.done
}

// play makes the provider answer from a recording from now on.
func (p *idle) play(r *recording) { p.recording.Store(r) }

// of is the recorded resource of a URN.
func (p *idle) of(urn string) (recorded, error) {
	if recording := p.recording.Load(); recording != nil {
		if r, ok := recording.resources[withoutStack(urn)]; ok {
			return r, nil
		}
	}
	return recorded{}, fmt.Errorf("%s was not recorded: the program registers another resource graph than it did", urn)
}

func (p *idle) Handshake(
	context.Context, *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

func (p *idle) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *idle) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "2.92.3"}, nil
}

func (p *idle) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: `{"name":"` + packageName + `"}`}, nil
}

func (p *idle) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

func (p *idle) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (p *idle) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true,
		SupportsAutonamingConfiguration: true}, nil
}

func (p *idle) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	r, err := p.of(req.GetUrn())
	return &pulumirpc.CheckResponse{Inputs: r.inputs}, err
}

func (p *idle) Diff(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

func (p *idle) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	r, err := p.of(req.GetUrn())
	return &pulumirpc.CreateResponse{Id: r.id, Properties: r.outputs}, err
}

func (p *idle) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	r, err := p.of(req.GetUrn())
	return &pulumirpc.ReadResponse{Id: r.id, Properties: r.outputs, Inputs: r.inputs}, err
}

func (p *idle) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (p *idle) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Invoke knows the one invoke of a stack without an application package: who deploys.
func (p *idle) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	if tok := req.GetTok(); tok != packageName+":authorization:getClientConfig" {
		return nil, fmt.Errorf("invoke %s is not recorded", tok)
	}
	recording := p.recording.Load()
	const someone = "00000000-0000-4000-8000-000000000001"
	out, err := structpb.NewStruct(map[string]any{
		"clientId": someone, "objectId": someone,
		"subscriptionId": recording.subscription, "tenantId": recording.tenant,
	})
	return &pulumirpc.InvokeResponse{Return: out}, err
}
