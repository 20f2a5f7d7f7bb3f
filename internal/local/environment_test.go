package local

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestChildSeesNoCredentialsOfTheParent(t *testing.T) {
	got := cleanEnvironment([]string{
		"HOME=/h", "PATH=/bin", "ARM_CLIENT_SECRET=x", "AZURE_CLIENT_SECRET=x", "azure_tenant_id=x",
		"PULUMI_ACCESS_TOKEN=x",
		"PULUMI_STACK=prod", "MSI_ENDPOINT=x", "IDENTITY_HEADER=x", "CROSSORG_ROLE_PROPAGATION=1h",
		"PULUMI_SKIP_CHECKPOINTS=true",
		"GOPROXY=direct",
	})
	assert.Equal(t, []string{"HOME=/h", "PATH=/bin", "PULUMI_SKIP_CHECKPOINTS=true", "GOPROXY=direct"}, got)
}

func TestToolchainComesFirstOnPath(t *testing.T) {
	sep := string(os.PathListSeparator)
	assert.Equal(t, []string{"A=1", "PATH=/t" + sep + "/u" + sep + "/bin"},
		withPath([]string{"A=1", "PATH=/bin"}, "/t", "/u"))
	assert.Equal(t, []string{"PATH=/t"}, withPath(nil, "/t"))
}
