// Package clients runs what local serve prints with the real clients: az, the SDKs for TypeScript and Python, Terraform
// with the azapi provider. A client that this machine lacks is skipped with a word.
package clients

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patience bounds one command of a client. az takes seconds to start.
const patience = 5 * time.Minute

// guide is the page that local serve has printed, and the folder to run it in.
type guide struct {
	t      *testing.T
	lines  []string
	folder string
	home   string
}

// serve builds the tool, serves a new home with it, and reads the page that it prints.
func serve(t *testing.T) *guide {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the guide's lines are for a POSIX shell, which Windows does not bring")
	}
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("the guide reads the secret with jq, which is missing: apt-get install jq, or brew install jq")
	}
	g := &guide{t: t, folder: t.TempDir()}
	g.home = filepath.Join(g.folder, "home")
	tool := filepath.Join(g.folder, "crossorg")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	build := exec.Command("go", "build", "-o", tool, "./cmd/crossorg")
	build.Dir = root
	said, err := build.CombinedOutput()
	require.NoError(t, err, "%s", said)

	cmd := exec.Command(tool, "local", "serve", "--home", g.home)
	cmd.Dir, cmd.Stderr = root, os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		require.NoError(t, cmd.Wait())
	})
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		g.lines = append(g.lines, scanner.Text())
		if strings.TrimSpace(scanner.Text()) == "}" && g.section("Terraform") != nil {
			break // the end of the page
		}
	}
	require.NotNil(t, g.section("Terraform"), "Ensure the page came whole: %s", strings.Join(g.lines, "\n"))
	return g
}

// section are the lines below a heading, up to the next one; nil without the heading.
func (g *guide) section(heading string) []string {
	for i, line := range g.lines {
		if line != heading {
			continue
		}
		below := []string{}
		for _, line := range g.lines[i+1:] {
			if line != "" && !strings.HasPrefix(line, " ") {
				break
			}
			below = append(below, line)
		}
		return below
	}
	return nil
}

// code are the lines of a section that are indented by four after the line that begins so, without the indentation.
func (g *guide) code(heading, after string) string {
	var out []string
	found := false
	for _, line := range g.section(heading) {
		switch {
		case strings.HasPrefix(line, "  "+after):
			found = true
		case found && strings.HasPrefix(line, "    "):
			out = append(out, line[4:])
		case len(out) > 0:
			return strings.Join(out, "\n") + "\n"
		}
	}
	require.NotEmpty(g.t, out, "the section %q has no code after %q", heading, after)
	return strings.Join(out, "\n") + "\n"
}

// shell are the lines of a section that are commands: up to the first empty line.
func (g *guide) shell(heading string) string {
	var out []string
	for _, line := range g.section(heading) {
		if line == "" {
			break
		}
		out = append(out, strings.TrimPrefix(line, "  "))
	}
	require.NotEmpty(g.t, out, "the section %q has no commands", heading)
	return strings.Join(out, "\n") + "\n"
}

// run runs a script with bash, which ends at the first failure. Nothing of the caller's own sign-in is used.
func (g *guide) run(script string) string {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = g.folder
	cmd.Env = append(os.Environ(), "AZURE_CONFIG_DIR="+filepath.Join(g.folder, "az"), "AZURE_CORE_COLLECT_TELEMETRY=no",
		"AZURE_CORE_ONLY_SHOW_ERRORS=yes", "AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	require.NoError(g.t, err, "%s\n%s\n%s", script, &stdout, &stderr)
	return stdout.String()
}

// azWalk are commands of az, each with what its answer contains. Debian's az 2.45 runs them all. Left out are those
// that fail in that package before they send a request: az role, az keyvault secret, and az monitor log-analytics
// workspace create.
var azWalk = []struct{ command, answer string }{
	{"az account show --query user.type -o tsv", "servicePrincipal"},
	{"az group create -n walk -l eastus --tags stage=test -o tsv --query name", "walk"},
	{"az group list --tag stage=test --query '[].name' -o tsv", "walk"},
	{"az group list --tag stage=prod --query 'length(@)'", "0"},
	{"az storage account create -n walkaccount -g walk -l eastus --sku Standard_LRS --tags stage=prod -o none", ""},
	{"az storage account keys list -n walkaccount -g walk --query 'length(@)'", "2"},
	{"az storage container create -n box --blob-endpoint $(az storage account show -n walkaccount -g walk --query " +
		"primaryEndpoints.blob -o tsv) --account-key $(az storage account keys list -n walkaccount -g walk --query " +
		"[0].value -o tsv) --query created", "true"},
	{"az keyvault create -n walk-vault -g walk -l eastus -o none", ""},
	{"az keyvault list --query '[].name' -o tsv", "walk-vault"},
	{"az resource list --tag stage=prod --query '[].name' -o tsv", "walkaccount"},
	{"az resource list -g walk --resource-type Microsoft.KeyVault/vaults --query '[].name' -o tsv", "walk-vault"},
	{"az resource show -n walk-vault -g walk --resource-type Microsoft.KeyVault/vaults --query name", "walk-vault"},
	{"az lock create -n keep -g walk --lock-type CanNotDelete --query level -o tsv", "CanNotDelete"},
	{"az lock delete -n keep -g walk", ""},
	{"az resource create -n walk-workspace -g walk -l eastus --resource-type " +
		"Microsoft.OperationalInsights/workspaces " +
		"--properties '{}' -o none", ""},
	{"az monitor log-analytics workspace list --query '[].name' -o tsv", "walk-workspace"},
	{"az rest --method put --url /subscriptions/$(az account show --query id -o " +
		"tsv)/providers/Microsoft.Authorization/" +
		"roleAssignments/6f9619ff-8b86-4d01-b42d-00cf4fc964ff?api-version=2020-04-01-preview --body " +
		"'{\"properties\": {" +
		"\"roleDefinitionId\": \"/providers/Microsoft.Authorization/roleDefinitions/" +
		"acdd72a7-3385-48ef-bd42-f606fba81ae7" +
		"\", \"principalId\": \"'$(az ad sp list --query '[0].id' -o tsv)'\"}}' --query type -o tsv",
		"Microsoft.Authorization/roleAssignments"},
	{"az ad sp show --id $(az account show --query user.name -o tsv) --query servicePrincipalType -o tsv",
		"Application"},
	{"az sf managed-cluster create -c walkcluster -g walk -l eastus --admin-user ada --admin-password " +
		"Correct-horse-77 " +
		"--sku Standard --cert-thumbprint 0123456789012345678901234567890123456789 --cert-is-admin -o none", ""},
	{"az sf managed-node-type create -c walkcluster -g walk -n nt1 --instance-count 5 --primary -o none", ""},
	{"az sf managed-node-type list -c walkcluster -g walk --query '[].name' -o tsv", "nt1"},
	{"az provider show -n Microsoft.DataShare --query 'resourceTypes[].apiVersions[]' -o tsv", "2021-08-01"},
	{"az keyvault delete -n walk-vault -g walk", ""},
	{"az keyvault list-deleted --query '[].name' -o tsv", "walk-vault"},
	{"az group delete -n walk --yes", ""},
	{"az group exists -n walk", "false"},
}

func TestTheGuideForAzRuns(t *testing.T) {
	if _, err := exec.LookPath("az"); err != nil {
		t.Skip("az is missing: apt-get install azure-cli")
	}
	g := serve(t)
	signIn := g.shell("az")
	require.Contains(t, signIn, "az login")
	g.run(signIn)
	trust, _, _ := strings.Cut(signIn, "\n")
	walk := azWalk
	if os.Getenv("CROSSORG_AZ_WALK") == "" {
		walk = azWalk[:4]
		t.Logf("%d of %d commands: CROSSORG_AZ_WALK=1 and -timeout 30m run all", len(walk), len(azWalk))
	}
	for _, step := range walk {
		answer := g.run(trust + "\n" + step.command)
		assert.Contains(t, answer, step.answer, step.command)
		if step.command == "az keyvault list --query '[].name' -o tsv" {
			assert.Equal(t, "walk-vault\n", answer, "Ensure a storage account is no vault")
		}
	}
}

// withGroup makes a resource group with the REST API, for the snippets to list.
const withGroup = `
token=$(curl -sf --cacert "$SSL_CERT_FILE" "$AZURE_AUTHORITY_HOST/$AZURE_TENANT_ID/oauth2/v2.0/token" \
  -d grant_type=client_credentials -d client_id="$AZURE_CLIENT_ID" \
  --data-urlencode client_secret="$AZURE_CLIENT_SECRET" \
  -d scope=https://management.azure.com/.default | jq -r .access_token)
curl -sf --cacert "$SSL_CERT_FILE" -X PUT -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
  -d '{"location": "eastus"}' -o /dev/null \
  "$AZURE_RESOURCE_MANAGER_ENDPOINT/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/listed?api-version=2024-03-01"
`

func TestTheGuideForPythonRuns(t *testing.T) {
	python := ""
	for _, candidate := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(candidate, "-c", "import azure.identity, azure.mgmt.resource").Run() == nil {
			python = candidate
			break
		}
	}
	if python == "" {
		t.Skip("the packages azure-identity and azure-mgmt-resource are missing: pip install them, or on Debian " +
			"apt-get install python3-azure")
	}
	g := serve(t)
	program := filepath.Join(g.folder, "groups.py")
	require.NoError(t, os.WriteFile(program, []byte(g.code("Azure SDKs", "In Python")), 0o600))
	assert.Equal(t, "listed\n", g.run(g.shell("Azure SDKs")+withGroup+python+" "+program))
}

func TestTheGuideForTypeScriptRuns(t *testing.T) {
	for _, needed := range []string{"node", "npm"} {
		if _, err := exec.LookPath(needed); err != nil {
			t.Skip(needed + " is missing")
		}
	}
	g := serve(t)
	require.NoError(t, os.WriteFile(filepath.Join(g.folder, "package.json"), []byte(`{"type": "module"}`), 0o600))
	install := exec.Command("npm", "install", "--no-audit", "--no-fund", "@azure/identity@4", "@azure/arm-resources@7",
		"typescript@5", "@types/node@20")
	install.Dir = g.folder
	if said, err := install.CombinedOutput(); err != nil {
		t.Skipf("npm cannot install the SDK here: %s", said)
	}
	program := filepath.Join(g.folder, "groups.ts")
	require.NoError(t, os.WriteFile(program, []byte(g.code("Azure SDKs", "In TypeScript")), 0o600))
	assert.Equal(t, "listed\n", g.run(g.shell("Azure SDKs")+withGroup+
		"npx tsc --strict --skipLibCheck --target es2022 --module nodenext groups.ts >&2\nnode groups.js"))
}

// terraformGroup is a configuration below the guide's provider: a group, and a vault in the newest version of the
// provider's own types.
const terraformGroup = `
terraform {
  required_providers {
    azapi = { source = "Azure/azapi" }
  }
}
resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2024-03-01"
  name      = "from-terraform"
  parent_id = "/subscriptions/%SUBSCRIPTION%"
  location  = "eastus"
  body      = {}
}
resource "azapi_resource" "account" {
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  name      = "fromterraform"
  parent_id = azapi_resource.group.id
  location  = "eastus"
  body      = { kind = "StorageV2", sku = { name = "Standard_LRS" }, properties = {} }
}
`

// The provider is no package of Debian, npm or Go's: who has it names the folder that its binary lies in.
func TestTheGuideForTerraformRuns(t *testing.T) {
	provider := os.Getenv("CROSSORG_AZAPI_PROVIDER")
	if _, err := exec.LookPath("terraform"); err != nil || provider == "" {
		t.Skip("terraform is missing, or CROSSORG_AZAPI_PROVIDER does not name the folder of terraform-provider-azapi")
	}
	g := serve(t)
	variables := g.shell("Azure SDKs") + "export ARM_CLIENT_ID=$AZURE_CLIENT_ID " +
		"ARM_CLIENT_SECRET=$AZURE_CLIENT_SECRET\n" +
		"export TF_CLI_CONFIG_FILE=$PWD/overrides.tfrc\n"
	subscription := strings.TrimSpace(g.run(g.shell("Azure SDKs") + "echo $AZURE_SUBSCRIPTION_ID"))
	configuration := g.code("Terraform", "With azapi") + strings.ReplaceAll(terraformGroup, "%SUBSCRIPTION%",
		subscription)
	overrides := `provider_installation {
  dev_overrides { "Azure/azapi" = "` + provider + `" }
  direct {}
}`
	require.NoError(t, os.WriteFile(filepath.Join(g.folder, "main.tf"), []byte(configuration), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(g.folder, "overrides.tfrc"), []byte(overrides), 0o600))
	assert.Contains(t, g.run(variables+"terraform apply -auto-approve -no-color"), "2 added")
	assert.Contains(t, g.run(variables+"terraform plan -detailed-exitcode -no-color"), "No changes")
	group := "/subscriptions/" + subscription + "/resourceGroups/from-terraform"
	g.run(variables + "terraform state rm azapi_resource.group azapi_resource.account")
	for address, id := range map[string]string{"azapi_resource.group": group,
		"azapi_resource.account": group + "/providers/Microsoft.Storage/storageAccounts/fromterraform"} {
		g.run(variables + "terraform import -no-color " + address + " " + id) // in the provider's newest version
	}
	g.run(variables + "terraform destroy -auto-approve -no-color")
}
