package bridge

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"google.golang.org/protobuf/types/known/emptypb"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// provider answers Pulumi's provider protocol.
type provider struct {
	pulumirpc.UnimplementedResourceProviderServer
	*bridge
}

// Handshake returns the features that the bridge supports.
func (p *provider) Handshake(
	ctx context.Context, req *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	if address := req.GetEngineAddress(); address != "" {
		if err := sessionOf(ctx).attach(address); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

// Attach receives the address where the engine listens.
func (p *provider) Attach(ctx context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, sessionOf(ctx).attach(req.GetAddress())
}

// GetPluginInfo returns the version of azure-native that the bridge stands in for.
func (p *provider) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema names the package; the SDKs carry the rest.
func (p *provider) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{Schema: fmt.Sprintf(`{"name":%q,"version":%q}`, packageName, Version)}, nil
}

// GetMapping returns no mapping: nothing is converted from other tools.
func (p *provider) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}

// GetMappings returns no mappings: nothing is converted from other tools.
func (p *provider) GetMappings(context.Context, *pulumirpc.GetMappingsRequest) (*pulumirpc.GetMappingsResponse, error) {
	return &pulumirpc.GetMappingsResponse{}, nil
}

// Cancel breaks off the session's operations.
func (p *provider) Cancel(ctx context.Context, _ *emptypb.Empty) (*emptypb.Empty, error) {
	sessionOf(ctx).stop()
	return &emptypb.Empty{}, nil
}

// CheckConfig accepts every configuration. Configure, which knows the defaults, judges it.
func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

// DiffConfig leaves the comparison to the engine, and never replaces a provider.
func (p *provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

// Configure takes the provider's configuration: clientId, clientSecret, tenantId, subscriptionId, location. What it
// leaves out comes from Options.Default. Credentials other than a client secret are refused, and so is a subscription
// that is not in Options.Subscriptions.
func (p *provider) Configure(
	ctx context.Context, req *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	args, err := receive(req.GetArgs())
	if err != nil {
		return nil, err
	}
	config := map[string]string{}
	for key, v := range plain(args).Mappable() {
		switch v := v.(type) {
		case string:
			config[key] = v
		case bool:
			config[key] = strconv.FormatBool(v)
		}
	}
	for _, key := range []string{"useOidc", "useMsi", "clientCertificatePath"} {
		if v := config[key]; v != "" && v != "false" {
			return nil, fmt.Errorf("azure-native:%s is not supported by the local Azure: remove it and set "+
				"azure-native:clientId and azure-native:clientSecret", key)
		}
	}
	pick := func(key, otherwise string) string {
		if v := config[key]; v != "" {
			return v
		}
		return otherwise
	}
	creds := Credentials{
		TenantID:       pick("tenantId", p.opts.Default.TenantID),
		SubscriptionID: pick("subscriptionId", p.opts.Default.SubscriptionID),
		ClientID:       pick("clientId", p.opts.Default.ClientID),
		ClientSecret:   pick("clientSecret", p.opts.Default.ClientSecret),
	}
	var missing []string
	for _, v := range []struct{ name, value string }{
		{"subscriptionId", creds.SubscriptionID}, {"tenantId", creds.TenantID},
		{"clientId", creds.ClientID}, {"clientSecret", creds.ClientSecret},
	} {
		if v.value == "" {
			missing = append(missing, "azure-native:"+v.name)
		}
	}
	if missing != nil {
		return nil, errors.New("the azure-native provider needs " + strings.Join(missing, ", ") +
			": set it in the provider's configuration")
	}
	if err := p.allow(creds.SubscriptionID); err != nil {
		return nil, err
	}
	token, err := p.credential(creds)
	if err != nil {
		return nil, err
	}
	c, err := p.newClient(token)
	if err != nil {
		return nil, err
	}

	s := sessionOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config, s.creds, s.client = config, creds, c
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true,
		SupportsAutonamingConfiguration: true}, nil
}

// credential returns the credential of a service principal. It is shared by all connections, so that they share its
// cached tokens.
func (b *bridge) credential(c Credentials) (azcore.TokenCredential, error) {
	c.SubscriptionID = "" // a token does not depend on it
	b.mu.Lock()
	defer b.mu.Unlock()
	if cached, ok := b.credentials[c]; ok {
		return cached, nil
	}
	made, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{
			ClientOptions: policy.ClientOptions{
				Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: b.opts.Authority},
				Transport: b.http,
			},
			DisableInstanceDiscovery: true, // it would ask the public cloud whether the authority is known there
		})
	if err != nil {
		return nil, fmt.Errorf("azure-native:tenantId, azure-native:clientId or azure-native:clientSecret: %w", err)
	}
	b.credentials[c] = made
	return made, nil
}
