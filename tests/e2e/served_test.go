package e2e

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/stretchr/testify/require"
)

// served is a running local serve, reached as its own words tell.
type served struct {
	t              *testing.T
	Management     string `json:"management"`
	Authority      string `json:"authority"`
	CAFile         string `json:"caFile"`
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	ClientID       string `json:"clientId"`
	SecretFile     string `json:"secretFile"`
	stop           func()
}

// serve starts local serve and returns when it is ready. It is stopped with an interrupt, as by ctrl-C.
func (h *home) serve() *served {
	h.t.Helper()
	cmd := exec.Command(tool, h.arguments("serve", "--json")...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(h.t, err)
	require.NoError(h.t, cmd.Start())
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		require.NoError(h.t, cmd.Process.Signal(os.Interrupt))
		require.NoError(h.t, cmd.Wait(), "an interrupted serve has done what was asked")
	}
	h.t.Cleanup(stop)
	s := &served{t: h.t, stop: stop}
	require.NoError(h.t, json.NewDecoder(bufio.NewReader(stdout)).Decode(s))
	return s
}

// options point an Azure SDK client at the served Azure.
func (s *served) options() policy.ClientOptions {
	s.t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	require.NoError(s.t, err)
	roots := x509.NewCertPool()
	require.True(s.t, roots.AppendCertsFromPEM(pem))
	return policy.ClientOptions{
		Cloud: cloud.Configuration{
			ActiveDirectoryAuthorityHost: s.Authority,
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: s.Management, Audience: "https://management.azure.com"},
			},
		},
		Transport: &http.Client{
			Timeout:   time.Minute,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}},
		},
	}
}

func (s *served) armOptions() *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: s.options(), DisableRPRegistration: true}
}

// defaultSecret reads the default principal's secret from where serve says that it lies.
func (s *served) defaultSecret() string {
	s.t.Helper()
	raw, err := os.ReadFile(s.SecretFile)
	require.NoError(s.t, err)
	var file struct {
		Default struct {
			ClientSecret string `json:"clientSecret"`
		} `json:"default"`
	}
	require.NoError(s.t, json.Unmarshal(raw, &file))
	require.NotEmpty(s.t, file.Default.ClientSecret)
	return file.Default.ClientSecret
}

// signIn is a service principal's credential.
func (s *served) signIn(tenant, client, secret string) azcore.TokenCredential {
	s.t.Helper()
	credential, err := azidentity.NewClientSecretCredential(tenant, client, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: s.options(), DisableInstanceDiscovery: true})
	require.NoError(s.t, err)
	return credential
}

// groups is a client for resource groups, signed in as the default principal.
func (s *served) groups() *armresources.ResourceGroupsClient {
	s.t.Helper()
	client, err := armresources.NewResourceGroupsClient(s.SubscriptionID,
		s.signIn(s.TenantID, s.ClientID, s.defaultSecret()), s.armOptions())
	require.NoError(s.t, err)
	return client
}

// listGroups names the resource groups of the default subscription.
func (s *served) listGroups() []string {
	s.t.Helper()
	names := []string{}
	pager := s.groups().NewListPager(nil)
	for pager.More() {
		page, err := pager.NextPage(context.Background())
		require.NoError(s.t, err)
		for _, group := range page.Value {
			names = append(names, *group.Name)
		}
	}
	return names
}
