package target

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/stackfile"
)

// openAzure reaches a stack on Azure: the Pulumi CLI that the person deploys with tells configuration and outputs.
func openAzure(_ context.Context, o local.Options) (*Target, error) {
	if err := stackfile.CheckStackName(o.Stack); err != nil {
		return nil, err
	}
	project, err := stackfile.FindProject(o.ProjectDir)
	if err != nil {
		return nil, err
	}
	pulumi, err := exec.LookPath("pulumi")
	if err != nil {
		return nil, errors.New("target azure reads the stack from the backend that pulumi is logged in to, and there " +
			"is no pulumi on PATH: install it, and log in with pulumi login")
	}
	p := &pulumiCLI{path: pulumi, dir: project.Dir, stack: o.Stack, namespace: project.Name, configFile: o.ConfigFile}
	s := &signIn{values: sync.OnceValues(func() (map[string]string, error) { return p.values(context.Background()) })}
	access := &stack.Access{Cloud: cloud.AzurePublic, Credential: s.credential}
	return &Target{
		Kind: Azure, Stack: o.Stack, Access: access, Up: "pulumi up", Refresh: "pulumi refresh",
		ProjectDir: project.Dir,
		outputs:    p.outputs,
		values:     func(context.Context) (map[string]string, error) { return s.values() },
		set:        p.set,
		subscription: func(ctx context.Context, organization string) (string, error) {
			return s.subscription(ctx, access, organization)
		},
		close: func() error { return nil },
	}, nil
}

// pulumiCLI asks the person's own Pulumi CLI.
type pulumiCLI struct{ path, dir, stack, namespace, configFile string }

func (p *pulumiCLI) run(ctx context.Context, args ...string) ([]byte, error) {
	args = append(args, "--stack", p.stack, "--non-interactive")
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Dir = p.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pulumi %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

func (p *pulumiCLI) outputs(ctx context.Context) (map[string]any, error) {
	raw, err := p.run(ctx, "stack", "output", "--json")
	if err != nil {
		return nil, err
	}
	var outputs map[string]any
	if err := json.Unmarshal(raw, &outputs); err != nil {
		return nil, fmt.Errorf("pulumi stack output: %w", err)
	}
	return outputs, nil
}

// values are the configuration with its secrets; errors name no value.
func (p *pulumiCLI) values(ctx context.Context) (map[string]string, error) {
	args := []string{"config", "--show-secrets", "--json"}
	if p.configFile != "" {
		args = append(args, "--config-file", p.configFile)
	}
	raw, err := p.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	var entries map[string]struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, errors.New("pulumi config --json answered something else than JSON")
	}
	values := map[string]string{}
	for key, entry := range entries {
		values[key] = entry.Value
	}
	return values, nil
}

func (p *pulumiCLI) set(ctx context.Context, path, value string) error {
	args := []string{"config", "set", "--path", p.namespace + ":" + path, value}
	if p.configFile != "" {
		args = append(args, "--config-file", p.configFile)
	}
	_, err := p.run(ctx, args...)
	return err
}

// signIn makes credentials as the azure-native provider would: an organization's own principal where the configuration
// names one, else the login of the environment (ARM_* variables, AZURE_* variables, az login).
type signIn struct {
	values func() (map[string]string, error)

	mu    sync.Mutex
	known map[string]azcore.TokenCredential
}

func (s *signIn) organization(name string) (o stackfile.Organization, secret string, err error) {
	values, err := s.values()
	if err != nil {
		return o, "", err
	}
	organizations, err := stackfile.ParseOrganizations(lookup(values, "organizations"))
	if err != nil {
		return o, "", err
	}
	var secrets map[string]string
	if text := lookup(values, "principalSecrets"); text != "" {
		if json.Unmarshal([]byte(text), &secrets) != nil {
			return o, "", errors.New("crossorg:principalSecrets must be an object of secrets by organization")
		}
	}
	return organizations[name], secrets[name], nil
}

// lookup finds a value by its key without the namespace.
func lookup(values map[string]string, key string) string {
	for name, value := range values {
		if name == key || strings.HasSuffix(name, ":"+key) {
			return value
		}
	}
	return ""
}

func (s *signIn) credential(name string) (azcore.TokenCredential, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.known[name]; known != nil {
		return known, nil
	}
	o, secret, err := s.organization(name)
	if err != nil {
		return nil, err
	}
	credential, err := credential(name, o, secret)
	if err != nil {
		return nil, err
	}
	if s.known == nil {
		s.known = map[string]azcore.TokenCredential{}
	}
	s.known[name] = credential
	return credential, nil
}

func credential(name string, o stackfile.Organization, secret string) (azcore.TokenCredential, error) {
	tenant := first(o.TenantID, os.Getenv("ARM_TENANT_ID"), os.Getenv("AZURE_TENANT_ID"))
	client, oidc := os.Getenv("ARM_CLIENT_ID"), os.Getenv("ARM_USE_OIDC") == "true"
	if o.Principal != nil {
		client, oidc = o.Principal.ClientID, o.Principal.UseOIDC
		if secret == "" && !oidc {
			return nil, fmt.Errorf("the principal of %[1]s has no secret: set it with pulumi config set --secret "+
				"--path 'crossorg:principalSecrets.%[1]s'", name)
		}
	} else {
		secret = os.Getenv("ARM_CLIENT_SECRET")
	}
	switch {
	case client != "" && oidc:
		token, err := federatedToken()
		if err != nil {
			return nil, fmt.Errorf("organization %s: %w", name, err)
		}
		return azidentity.NewClientAssertionCredential(tenant, client, token, nil)
	case client != "" && secret != "":
		return azidentity.NewClientSecretCredential(tenant, client, secret, nil)
	}
	return azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{TenantID: tenant})
}

// federatedToken is where a token of the environment comes from, as the azure-native provider finds it.
func federatedToken() (func(context.Context) (string, error), error) {
	if file := os.Getenv("ARM_OIDC_TOKEN_FILE_PATH"); file != "" {
		return func(context.Context) (string, error) {
			raw, err := os.ReadFile(file)
			return strings.TrimSpace(string(raw)), err
		}, nil
	}
	if token := os.Getenv("ARM_OIDC_TOKEN"); token != "" {
		return func(context.Context) (string, error) { return token, nil }, nil
	}
	at := first(os.Getenv("ARM_OIDC_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"))
	bearer := first(os.Getenv("ARM_OIDC_REQUEST_TOKEN"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
	if at == "" || bearer == "" {
		return nil, errors.New("useOidc needs a federated token: set ARM_OIDC_TOKEN, ARM_OIDC_TOKEN_FILE_PATH, or " +
			"ARM_OIDC_REQUEST_URL with ARM_OIDC_REQUEST_TOKEN")
	}
	return func(ctx context.Context) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return "", err
		}
		query := request.URL.Query()
		query.Set("audience", "api://AzureADTokenExchange")
		request.URL.RawQuery = query.Encode()
		request.Header.Set("Authorization", "Bearer "+bearer)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		var answer struct {
			Value string `json:"value"`
		}
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Value == "" {
			return "", fmt.Errorf("the federated token was not issued: status %s", response.Status)
		}
		return answer.Value, nil
	}, nil
}

// subscription is the subscription of the configuration or of the environment, or the only one that the login sees.
func (s *signIn) subscription(ctx context.Context, access *stack.Access, name string) (string, error) {
	o, _, err := s.organization(name)
	if err != nil {
		return "", err
	}
	if id := first(o.SubscriptionID, os.Getenv("ARM_SUBSCRIPTION_ID"), os.Getenv("AZURE_SUBSCRIPTION_ID")); id != "" {
		return id, nil
	}
	reader := &stack.Reader{Access: access}
	found, err := reader.Subscriptions(ctx, name)
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("the login sees %d subscriptions: choose one with "+
			"crossorg:organizations.%s.subscriptionId or ARM_SUBSCRIPTION_ID", len(found), name)
	}
	return found[0], nil
}

func first(candidates ...string) string {
	for _, c := range candidates {
		if c != "" {
			return c
		}
	}
	return ""
}
