package main

import (
	"fmt"

	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/local"
)

// servedPage is the guide that local serve prints: how clients reach the embedded Azure. The tests in tests/clients run
// what it says.
func servedPage(s *local.Served) func(*console.Page) {
	return func(p *console.Page) {
		p.Text("", console.Good(fmt.Sprintf("The embedded Azure of %s is listening. Ctrl-C ends it.", s.Home)))
		p.Blank()
		p.WholeFacts("  ",
			console.Fact{Name: "Azure Resource Manager", Value: s.Management},
			console.Fact{Name: "Sign-in", Value: s.Authority + "/" + s.TenantID},
			console.Fact{Name: "Blobs", Value: s.Blob + "/<account>"},
			console.Fact{Name: "Vaults", Value: "properties.vaultUri of each"},
			console.Fact{Name: "Subscription", Value: s.SubscriptionID},
			console.Fact{Name: "Certificate authority", Value: s.CAFile},
			console.Fact{Name: "Client secret", Value: "default.clientSecret in " + s.SecretFile})
		sdkGuide(p, s)
		azGuide(p, s)
		terraformGuide(p, s)
	}
}

// sdkGuide is for programs with the Azure SDKs.
func sdkGuide(p *console.Page, s *local.Served) {
	p.Heading("Azure SDKs")
	p.Verbatim("  ",
		"export AZURE_AUTHORITY_HOST="+s.Authority,
		"export AZURE_RESOURCE_MANAGER_ENDPOINT="+s.Management,
		"export AZURE_TENANT_ID="+s.TenantID,
		"export AZURE_SUBSCRIPTION_ID="+s.SubscriptionID,
		"export AZURE_CLIENT_ID="+s.ClientID,
		"export AZURE_OBJECT_ID="+s.ObjectID,
		fmt.Sprintf(`export AZURE_CLIENT_SECRET="$(jq -r .default.clientSecret '%s')"`, s.SecretFile),
		fmt.Sprintf("export SSL_CERT_FILE='%s'", s.CAFile),
		fmt.Sprintf("export NODE_EXTRA_CA_CERTS='%s'", s.CAFile),
		fmt.Sprintf("export REQUESTS_CA_BUNDLE='%s'", s.CAFile))
	p.Blank()
	p.Text("  ", "In Go, beside these variables:")
	p.Verbatim("    ", goClient...)
	p.Text("  ", "Give the clients of arm* modules this cloud too; the clients of blobs and vaults need only the "+
		"endpoints that their account and vault name. Go reads SSL_CERT_FILE on Linux and BSD; elsewhere have the "+
		"system trust the certificate authority, or set azcore.ClientOptions.Transport.")
	p.Blank()
	p.Text("  ", "In TypeScript, with @azure/identity and @azure/arm-resources:")
	p.Verbatim("    ", typescriptClient...)
	p.Blank()
	p.Text("  ", "In Python, with azure-identity and azure-mgmt-resource:")
	p.Verbatim("    ", pythonClient...)
	p.Text("  ", "The tenant adfs stands for the client's own tenant; at it no SDK asks another host about the "+
		"authority.")
}

// azGuide is for az.
func azGuide(p *console.Page, s *local.Served) {
	p.Heading("az")
	p.Verbatim("  ",
		fmt.Sprintf("export REQUESTS_CA_BUNDLE='%s'", s.CAFile),
		`az cloud register --name crossorg-local --cloud-config '{"endpoints": {`,
		fmt.Sprintf(`    "resourceManager": "%s", "activeDirectory": "%s/adfs",`, s.Management, s.Authority),
		`    "management": "https://management.core.windows.net/",`,
		`    "activeDirectoryResourceId": "https://management.core.windows.net/",`,
		fmt.Sprintf(`    "microsoftGraphResourceId": "%s/",`, s.Management),
		fmt.Sprintf(`    "activeDirectoryGraphResourceId": "%s/"},`, s.Management),
		`  "suffixes": {"storageEndpoint": "storage.crossorg-local.invalid",`,
		`    "keyvaultDns": ".vault.crossorg-local.invalid"}}'`,
		"az cloud set --name crossorg-local",
		fmt.Sprintf(`az login --service-principal --tenant %s \`, s.TenantID),
		fmt.Sprintf(`  --username %s \`, s.ClientID),
		fmt.Sprintf(`  --password "$(jq -r .default.clientSecret '%s')"`, s.SecretFile))
	p.Blank()
	p.Text("  ", "From az 2.45, the oldest that was tried, on. An authority that ends in /adfs needs no "+
		"core.instance_discovery=false, which az 2.45 does not know. Accounts and vaults have no host names of their "+
		"own here: give az storage the --blob-endpoint of the account, and az keyvault secret the --id of the secret.")
}

// terraformGuide is for Terraform with the azapi provider.
func terraformGuide(p *console.Page, s *local.Served) {
	p.Heading("Terraform")
	p.Text("  ", "With azapi 1.15, beside the variables ARM_CLIENT_ID and ARM_CLIENT_SECRET, and SSL_CERT_FILE as "+
		"above:")
	p.Verbatim("    ",
		`provider "azapi" {`,
		`  tenant_id       = "adfs"`,
		fmt.Sprintf(`  subscription_id = "%s"`, s.SubscriptionID),
		`  endpoint = [{`,
		fmt.Sprintf(`    active_directory_authority_host = "%s/"`, s.Authority),
		fmt.Sprintf(`    resource_manager_endpoint       = "%s/"`, s.Management),
		`    resource_manager_audience       = "https://management.azure.com"`,
		`  }]`,
		`}`)
}

// goClient signs in to the embedded Azure from Go.
var goClient = []string{
	`azure := cloud.Configuration{`,
	`    ActiveDirectoryAuthorityHost: os.Getenv("AZURE_AUTHORITY_HOST"),`,
	`    Services: map[cloud.ServiceName]cloud.ServiceConfiguration{`,
	`        cloud.ResourceManager: {`,
	`            Endpoint: os.Getenv("AZURE_RESOURCE_MANAGER_ENDPOINT"),`,
	`            Audience: "https://management.azure.com",`,
	`        },`,
	`    },`,
	`}`,
	`credential, err := azidentity.NewDefaultAzureCredential(`,
	`    &azidentity.DefaultAzureCredentialOptions{`,
	`        ClientOptions: azcore.ClientOptions{Cloud: azure},`,
	`        DisableInstanceDiscovery: true,`,
	`    })`,
}

// typescriptClient lists the resource groups from TypeScript.
var typescriptClient = []string{
	`import { ClientSecretCredential } from "@azure/identity";`,
	`import { ResourceManagementClient } from "@azure/arm-resources";`,
	`const env = process.env;`,
	`const credential = new ClientSecretCredential(`,
	`    env.AZURE_TENANT_ID!, env.AZURE_CLIENT_ID!, env.AZURE_CLIENT_SECRET!,`,
	`    { authorityHost: env.AZURE_AUTHORITY_HOST, disableInstanceDiscovery: true });`,
	`const client = new ResourceManagementClient(credential, env.AZURE_SUBSCRIPTION_ID!, {`,
	`    endpoint: env.AZURE_RESOURCE_MANAGER_ENDPOINT,`,
	`    credentialScopes: ["https://management.azure.com/.default"],`,
	`});`,
	`for await (const group of client.resourceGroups.list()) console.log(group.name);`,
}

// pythonClient lists the resource groups from Python.
var pythonClient = []string{
	`import os`,
	`from azure.identity import ClientSecretCredential`,
	`from azure.mgmt.resource import ResourceManagementClient`,
	`env = os.environ`,
	`credential = ClientSecretCredential(`,
	`    "adfs", env["AZURE_CLIENT_ID"], env["AZURE_CLIENT_SECRET"], authority=env["AZURE_AUTHORITY_HOST"])`,
	`client = ResourceManagementClient(`,
	`    credential, env["AZURE_SUBSCRIPTION_ID"], base_url=env["AZURE_RESOURCE_MANAGER_ENDPOINT"],`,
	`    credential_scopes=["https://management.azure.com/.default"])`,
	`for group in client.resource_groups.list():`,
	`    print(group.name)`,
}
