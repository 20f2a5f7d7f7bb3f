// Package sdk has a program against Azure that knows nothing of the embedded one (program), and runs it on local serve.
package sdk

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var project, _ = filepath.Abs(filepath.Join("..", ".."))

// build compiles a command of the repository.
func build(t *testing.T, dir, pkg string) string {
	t.Helper()
	out := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.Command("go", "build", "-o", out, pkg)
	cmd.Dir = project
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", said)
	return out
}

// serve starts local serve on a home folder, in the repository as a person would, and stops it with the test.
func serve(t *testing.T, tool, home string, arguments ...string) io.Reader {
	t.Helper()
	cmd := exec.Command(tool, append([]string{"local", "serve", "--home", home}, arguments...)...)
	cmd.Dir, cmd.Stderr = project, os.Stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(os.Interrupt))
		require.NoError(t, cmd.Wait())
	})
	return stdout
}

// exported matches a variable that local serve tells to export, quoted where a shell needs it; jq what it has a shell
// read from a file.
var (
	exported = regexp.MustCompile(`^\s*export ([A-Z_]+)=(.*)$`)
	jq       = regexp.MustCompile(`^"\$\(jq -r \.default\.clientSecret '(.*)'\)"$`)
)

// printedVariables reads the variables for the SDKs from what local serve prints for people.
func printedVariables(t *testing.T, printed io.Reader) map[string]string {
	t.Helper()
	variables := map[string]string{}
	lines := bufio.NewScanner(printed)
	for lines.Scan() && strings.TrimSpace(lines.Text()) != "az" { // what follows is for az
		m := exported.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		value := strings.Trim(m[2], "'")
		if file := jq.FindStringSubmatch(m[2]); file != nil {
			value = clientSecret(t, file[1])
		}
		variables[m[1]] = value
	}
	require.NoError(t, lines.Err())
	return variables
}

// jsonVariables reads the same from what local serve prints with --json.
func jsonVariables(t *testing.T, printed io.Reader) map[string]string {
	t.Helper()
	var served map[string]any
	require.NoError(t, json.NewDecoder(printed).Decode(&served))
	text := func(name string) string {
		s, _ := served[name].(string)
		require.NotEmpty(t, s, name)
		return s
	}
	return map[string]string{
		"AZURE_AUTHORITY_HOST": text("authority"), "AZURE_RESOURCE_MANAGER_ENDPOINT": text("management"),
		"AZURE_TENANT_ID": text("tenantId"), "AZURE_SUBSCRIPTION_ID": text("subscriptionId"),
		"AZURE_CLIENT_ID": text("clientId"),
		"AZURE_OBJECT_ID": text("objectId"), "AZURE_CLIENT_SECRET": clientSecret(t, text("secretFile")),
		"SSL_CERT_FILE": text("caFile"), "NODE_EXTRA_CA_CERTS": text("caFile"), "REQUESTS_CA_BUNDLE": text("caFile"),
	}
}

func clientSecret(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	var estate struct {
		Default struct{ ClientSecret string }
	}
	require.NoError(t, json.Unmarshal(raw, &estate))
	return estate.Default.ClientSecret
}

// A program written from the documentation of the Azure SDK for Go alone works against local serve, configured by
// nothing but what that prints, for people and with --json.
func TestAProgramFromTheDocumentationWorks(t *testing.T) {
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		t.Skip("Go reads SSL_CERT_FILE neither on macOS nor on Windows: the system itself would have to " +
			"trust the test's certificate authority")
	}
	dir := t.TempDir()
	tool, program := build(t, dir, "./cmd/crossorg"), build(t, dir, "./tests/sdk/program")
	home := filepath.Join(dir, "home")
	var people map[string]string
	for _, c := range []struct {
		name      string
		arguments []string
		read      func(*testing.T, io.Reader) map[string]string
	}{{"people", nil, printedVariables}, {"json", []string{"--json"}, jsonVariables}} {
		t.Run(c.name, func(t *testing.T) {
			variables := c.read(t, serve(t, tool, home, c.arguments...))
			require.Len(t, variables, 10)
			if people == nil {
				people = variables
			}
			require.Equal(t, people, variables, "Ensure both say the same, and the endpoints stay")
			cmd := exec.Command(program)
			cmd.Dir = t.TempDir()
			// nothing else: no login, no proxy, no Azure of this machine
			for _, kept := range []string{"HOME", "PATH", "SYSTEMROOT"} {
				cmd.Env = append(cmd.Env, kept+"="+os.Getenv(kept))
			}
			for name, value := range variables {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Run(), "%s", &stderr)
			require.Empty(t, stderr.String())
			account := regexp.MustCompile(`storage account (sdk\w+) at (\S+)`).FindStringSubmatch(stdout.String())
			require.NotNil(t, account, &stdout)
			suffix := strings.TrimPrefix(account[1], "sdk")
			vault := regexp.MustCompile(`at (https://127\.0\.0\.1:\d+/)\n`).FindStringSubmatch(stdout.String())
			require.NotNil(t, vault, &stdout)
			require.Equal(t, strings.Join([]string{
				"resource group /subscriptions/" + variables["AZURE_SUBSCRIPTION_ID"] + "/resourceGroups/sdk-" + suffix,
				account[0],
				"blob 2025/transactions.csv of 17000 bytes",
				"vault sdk-" + suffix + " at " + vault[1],
				"secret database has a version of 32 digits and 17 characters",
				"secret partner has a version of 32 digits and 16 characters",
				"purged sdk-" + suffix,
				"data share account sdk-" + suffix,
				"share transactions: What was sold",
				"deleted sdk-" + suffix,
			}, "\n")+"\n", stdout.String())
		})
	}
}
