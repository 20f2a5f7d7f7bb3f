package settings

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/rules"
)

var (
	// An organization's name begins the names of its storage account and cluster (3 or 4 to 24 lowercase letters and
	// digits) and of its vault (3 to 24, a letter first); auto-naming and the program add the rest
	// (learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules).
	organizationName = regexp.MustCompile(`^[a-z][a-z0-9]{2,9}$`)

	// Lowercase letters, digits and single hyphens between them, as containers are named
	// (learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata). Shares and
	// data sets keep to it too: it lies within what Data Share takes, and leaves room for suffixes.
	hyphenatedName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

	// Region names in Azure Resource Manager (learn.microsoft.com/azure/reliability/regions-list, programmatic names).
	regionName = regexp.MustCompile(`^[a-z]+[a-z0-9]*$`)

	guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

	// SHA-1 of a certificate, as Service Fabric names certificates
	// (learn.microsoft.com/azure/service-fabric/cluster-security-certificates).
	thumbprint = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

	// learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
	vmSize = regexp.MustCompile(`^Standard_[A-Z]+[0-9]+[A-Za-z0-9_-]*$`)
)

// Words that Azure refuses in names that become public host names, wherever they stand and at the start
// (learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-reserved-resource-name).
var (
	reservedWords    = []string{"microsoft", "windows"}
	reservedPrefixes = []string{"login", "xbox"}
)

// reservedWord is the reserved word in a name, or "".
func reservedWord(name string) string {
	for _, word := range reservedWords {
		if strings.Contains(name, word) {
			return word
		}
	}
	for _, word := range reservedPrefixes {
		if strings.HasPrefix(name, word) {
			return word
		}
	}
	return ""
}

// required reports a missing text, and returns whether it is there.
func (c *collector) required(at path, value, remedy string) bool {
	if value == "" {
		c.add(at, nil, "missing", remedy)
	}
	return value != ""
}

// oneOf reports a text that is not one of the allowed ones; an absent one is missing.
func (c *collector) oneOf(at path, value string, allowed ...string) bool {
	if slices.Contains(allowed, value) {
		return true
	}
	remedy := "use " + strings.Join(allowed, ", ")
	if n := len(allowed) - 1; n > 0 {
		remedy = "use " + strings.Join(allowed[:n], ", ") + " or " + allowed[n]
	}
	if value == "" {
		c.add(at, nil, "missing", remedy)
		return false
	}
	for _, name := range allowed {
		if strings.EqualFold(name, value) {
			remedy = "write it " + name
		}
	}
	c.add(at, value, "not allowed", remedy)
	return false
}

// within reports a number outside its bounds.
func (c *collector) within(at path, value int, bounds rules.Range, unit string) {
	if !bounds.Contains(value) {
		c.add(at, value, "out of range", "use "+bounds.String()+unit)
	}
}

// guid reports a text that is no GUID; an absent one passes.
func (c *collector) guid(at path, value, remedy string) {
	if value != "" && !guid.MatchString(value) {
		c.add(at, value, "not a GUID", remedy)
	}
}

// hyphenated holds a name against the rule for containers.
func (c *collector) hyphenated(at path, name string) {
	if !rules.ContainerName.Contains(len(name)) || !hyphenatedName.MatchString(name) {
		c.add(at, name, "not a valid name",
			"use "+rules.ContainerName.String()+" lowercase letters, digits and single hyphens, "+
				"with a letter or digit at both ends")
	}
}

// email reports a text that is no plain e-mail address.
func (c *collector) email(at path, value string) {
	address, err := mail.ParseAddress(value)
	if err == nil && address.Address == value && address.Name == "" {
		if _, domain, _ := strings.Cut(value, "@"); strings.Contains(strings.Trim(domain, "."), ".") {
			return
		}
	}
	c.add(at, value, "not an e-mail address", "write it as name@example.com")
}
