package bridge_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/crossorg/crossorg/internal/bridge"
)

const otherSubscription = "99999999-9999-9999-9999-999999999999"

func configure(t *testing.T, p pulumirpc.ResourceProviderClient, settings map[string]string) error {
	t.Helper()
	args := m{}
	for k, v := range settings {
		args[resource.PropertyKey(k)] = resource.MakeSecret(text(v))
	}
	_, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: pack(t, args)})
	return err
}

// The bridge reports its version and the features that it supports.
func TestHandshake(t *testing.T) {
	p := newARM(t).dial(t)
	info, err := p.GetPluginInfo(t.Context(), &emptypb.Empty{})
	require.NoError(t, err)
	assert.Equal(t, "2.92.3", info.GetVersion())
	hello, err := p.Handshake(t.Context(), &pulumirpc.ProviderHandshakeRequest{EngineAddress: "127.0.0.1:1"})
	require.NoError(t, err)
	assert.True(t, hello.GetAcceptSecrets())
	conf, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{})
	require.NoError(t, err)
	assert.True(t, conf.GetAcceptSecrets())
	assert.True(t, conf.GetSupportsPreview())
	assert.Equal(t, hello.GetSupportsAutonamingConfiguration(), conf.GetSupportsAutonamingConfiguration())
	_, err = p.Attach(t.Context(), &pulumirpc.PluginAttach{Address: "127.0.0.1:1"})
	require.NoError(t, err)
	schema, err := p.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	require.NoError(t, err)
	assert.JSONEq(t, `{"name":"azure-native","version":"2.92.3"}`, schema.GetSchema())
	news := pack(t, m{"location": text("eastus")})
	checked, err := p.CheckConfig(t.Context(), &pulumirpc.CheckRequest{News: news})
	require.NoError(t, err)
	assert.Equal(t, unpack(t, news), unpack(t, checked.GetInputs()))
	diff, err := p.DiffConfig(t.Context(), &pulumirpc.DiffRequest{})
	require.NoError(t, err)
	assert.Empty(t, diff.GetReplaces())
}

// Configurations that cannot work, or lead beyond the stack's subscriptions, are refused with the remedy.
func TestConfigureRefuses(t *testing.T) {
	p := newARM(t).dial(t)
	for name, c := range map[string]struct {
		settings map[string]string
		want     string
	}{
		"foreign subscription": {map[string]string{"subscriptionId": otherSubscription}, "azure-native:subscriptionId"},
		"oidc":                 {map[string]string{"useOidc": "true"}, "azure-native:useOidc is not supported"},
		"managed identity":     {map[string]string{"useMsi": "true"}, "azure-native:useMsi is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, configure(t, p, c.settings), c.want)
		})
	}
	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
	require.ErrorContains(t, err, "not configured")
}

// No request goes to a subscription outside the stack, whatever the program asks for.
func TestNothingBeyondTheSubscriptions(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	foreign := strings.Replace(accountID, subscription, otherSubscription, 1)
	calls := map[string]func() error{
		"create": func() error {
			_, err := p.Create(t.Context(),
				&pulumirpc.CreateRequest{Urn: urn("authorization:RoleAssignment", "res"), Properties: pack(t, m{
					"scope": text(foreign), "roleAssignmentName": text("r"), "principalId": text("p"),
					"roleDefinitionId": text("d"),
				})})
			return err
		},
		"read": func() error {
			_, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(accountToken, "res"), Id: foreign})
			return err
		},
		"delete": func() error { return remove(t, p, accountToken, foreign) },
	}
	for name, do := range calls {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, do(), `subscription "`+otherSubscription+`" is not one of this stack's`)
		})
	}
	assert.Empty(t, arm.seen(""))
}

// Every connection is a provider instance with a configuration of its own; instances of one principal share its token.
func TestConnectionsAreInstances(t *testing.T) {
	arm := newARM(t)
	opts := arm.options()
	opts.Subscriptions = append(opts.Subscriptions, otherSubscription)
	server, err := bridge.Serve(t.Context(), opts)
	require.NoError(t, err)
	t.Cleanup(func() { _ = server.Close() })
	one, two, three := connect(t, server), connect(t, server), connect(t, server)
	require.NoError(t, configure(t, one, nil))
	require.NoError(t, configure(t, two,
		map[string]string{"subscriptionId": otherSubscription, "clientId": "55555555-5555-5555-5555-555555555555"}))
	require.NoError(t, configure(t, three, map[string]string{"subscriptionId": otherSubscription}))
	for p, want := range map[pulumirpc.ResourceProviderClient]string{one: subscription, two: otherSubscription,
		three: otherSubscription} {
		id, _ := create(t, p, "resources:ResourceGroup",
			m{"resourceGroupName": text("g-" + strconv.Itoa(len(arm.seen("")))), "location": text("eastus")})
		assert.Contains(t, id, want)
	}
	arm.mu.Lock()
	defer arm.mu.Unlock()
	assert.ElementsMatch(t, []string{clientID, "55555555-5555-5555-5555-555555555555"}, arm.tokens)
}

// The error of a wrong secret is the authority's, and the secret is not repeated.
func TestWrongSecret(t *testing.T) {
	arm := newARM(t)
	p := arm.dial(t)
	require.NoError(t, configure(t, p, map[string]string{"clientSecret": "mistyped"}))
	_, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(accountToken, "res"), Id: accountID})
	require.ErrorContains(t, err, "AADSTS7000215")
	assert.NotContains(t, err.Error(), "mistyped")
}

// Cancel stops running operations.
func TestCancel(t *testing.T) {
	arm := newARM(t)
	p := arm.configured(t)
	asyncPut(arm, "Azure-AsyncOperation", 1<<30, nil)
	time.AfterFunc(50*time.Millisecond, func() { _, _ = p.Cancel(context.Background(), &emptypb.Empty{}) })
	_, err := p.Create(t.Context(),
		&pulumirpc.CreateRequest{Urn: urn(accountToken, "res"), Properties: pack(t, account(nil))})
	require.ErrorContains(t, err, "canceled")
}

// A bridge listens on loopback and frees its port; options that make no sense are refused at once.
func TestServe(t *testing.T) {
	arm := newARM(t)
	server, err := bridge.Serve(t.Context(), arm.options())
	require.NoError(t, err)
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port()))
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, server.Close())
	require.NoError(t, server.Close())
	_, err = net.Dial("tcp", address)
	require.Error(t, err)

	bad := arm.options()
	bad.Management = "http://127.0.0.1"
	_, err = bridge.Serve(t.Context(), bad)
	require.ErrorContains(t, err, "Options.Management")
	bad = arm.options()
	bad.Subscriptions = nil
	_, err = bridge.Serve(t.Context(), bad)
	require.ErrorContains(t, err, "Options.Subscriptions")
}
