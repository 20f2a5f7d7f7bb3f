package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localServe() *cobra.Command {
	f := &flags{}
	callers := ""
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Keep the embedded Azure listening",
		Long: `Keep the embedded Azure listening until interrupted, and print how to point the Azure SDKs
and az at it. The other verbs use it while it is served.`,
		Example: "  crossorg local serve\n  crossorg local serve --arm-log requests.jsonl --json\n  crossorg local " +
			"serve --callers-at 203.0.113.9",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			options := f.options(a)
			if callers != "" {
				address, err := netip.ParseAddr(callers)
				if err != nil {
					return fmt.Errorf("--callers-at %q is not an IP address such as 203.0.113.9", callers)
				}
				options.Callers = address
			}
			a.reached = true
			served, err := local.Serve(options)
			if err != nil {
				return a.report(f, &local.Result{Stack: f.stack}, err)
			}
			if f.json {
				encoder := json.NewEncoder(a.stdout)
				encoder.SetIndent("", "  ")
				err = encoder.Encode(served)
			} else {
				err = printServed(a.stdout, served)
			}
			if err != nil {
				_ = served.Close()
				return err
			}
			<-cmd.Context().Done()
			return served.Close()
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&callers, "callers-at", "", "IP address that storage accounts' network rules see on every "+
		"caller (default: callers pass them)")
	return cmd
}

func printServed(w io.Writer, s *local.Served) error {
	_, err := fmt.Fprintf(w, `The embedded Azure of %[1]s is listening. Ctrl-C ends it.

  Azure Resource Manager  %[2]s
  Sign-in                 %[3]s/%[6]s
  Blobs                   %[4]s/<account>
  Vaults                  properties.vaultUri of each
  Subscription            %[7]s
  Certificate authority   %[5]s
  Client secret           default.clientSecret in %[9]s

Azure SDKs
  export AZURE_AUTHORITY_HOST=%[3]s
  export AZURE_RESOURCE_MANAGER_ENDPOINT=%[2]s
  export AZURE_TENANT_ID=%[6]s
  export AZURE_SUBSCRIPTION_ID=%[7]s
  export AZURE_CLIENT_ID=%[8]s
  export AZURE_OBJECT_ID=%[10]s
  export AZURE_CLIENT_SECRET="$(jq -r .default.clientSecret '%[9]s')"
  export SSL_CERT_FILE='%[5]s'

  In Go, beside these variables:
    azure := cloud.Configuration{
        ActiveDirectoryAuthorityHost: os.Getenv("AZURE_AUTHORITY_HOST"),
        Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
            cloud.ResourceManager: {
                Endpoint: os.Getenv("AZURE_RESOURCE_MANAGER_ENDPOINT"),
                Audience: "https://management.azure.com",
            },
        },
    }
    credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
        ClientOptions: azcore.ClientOptions{Cloud: azure}, DisableInstanceDiscovery: true,
    })
  Give the clients of arm* modules this cloud too; the clients of blobs and vaults need only the
  endpoints that their account and vault name. Go reads SSL_CERT_FILE on Linux and BSD; elsewhere
  have the system trust the certificate authority, or set azcore.ClientOptions.Transport.

az
  export REQUESTS_CA_BUNDLE='%[5]s'
  az cloud register --name crossorg-local --endpoint-resource-manager %[2]s \
    --endpoint-active-directory %[3]s \
    --endpoint-active-directory-resource-id https://management.core.windows.net/
  az cloud set --name crossorg-local
  az config set core.instance_discovery=false
  az login --service-principal --tenant %[6]s --username %[8]s \
    --password "$(jq -r .default.clientSecret '%[9]s')"
`, s.Home, s.Management, s.Authority, s.Blob, s.CAFile, s.TenantID, s.SubscriptionID, s.ClientID, s.SecretFile, s.ObjectID)
	return err
}
