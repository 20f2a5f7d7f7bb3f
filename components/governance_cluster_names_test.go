package components

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/internal/rules"
)

// Ensure names that Azure derives domain and machine names from are valid, whatever the component is called.
func TestGovernanceClusterNamesFitAzure(t *testing.T) {
	for _, name := range []string{"contoso-governance", "g", "9lives", "-", "UPPER_case.name", "größe", "株式会社",
		strings.Repeat("x", 200)} {
		assert.Regexp(t, `^[a-z][a-z0-9-]{1,61}[a-z0-9]$`, dnsLabel(name, "subscription", "group"),
			"domain name of %q", name)
		assert.Regexp(t, `^[a-z0-9]{4,23}$`,
			autoNamed(name, clusterNameMax, rules.Alphanumeric)+"0a1b2c3d", "cluster of %q", name)
	}
	assert.LessOrEqual(t, len(primaryNodeType), 9)
}
