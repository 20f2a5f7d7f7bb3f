package settings

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
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

// between reports a number outside its bounds.
func (c *collector) between(at path, value, low, high int, unit string) {
	if value < low || value > high {
		c.add(at, value, "out of range", fmt.Sprintf("use %d to %d%s", low, high, unit))
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
	if len(name) < 3 || len(name) > 63 || !hyphenatedName.MatchString(name) {
		c.add(at, name, "not a valid name",
			"use 3 to 63 lowercase letters, digits and single hyphens, with a letter or digit at both ends")
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

// Limits of tags (learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations). Names may
// have 512 characters in general but 128 on storage accounts, and every tag goes on those too.
const (
	maxTags      = 50
	maxTagName   = 128
	maxTagValue  = 256
	notInTagName = `<>%&\?/`
)

var reservedTagPrefixes = []string{"microsoft", "azure", "windows"}

// environmentTag is the tag that crossorg:environment sets.
const environmentTag = "environment"

// tags holds each tag against Azure's rules. Tag names differ by more than case.
func (c *collector) tags(at path, tags map[string]string) {
	lower := map[string]string{}
	for _, name := range sortedKeys(tags) {
		here := at.with(name)
		folded := strings.ToLower(name)
		switch other, twice := lower[folded]; {
		case name == "":
			c.add(here, nil, "a tag without a name", "name it or remove it")
		case utf8.RuneCountInString(name) > maxTagName:
			c.add(here, nil, fmt.Sprintf("tag name of %d characters", utf8.RuneCountInString(name)),
				fmt.Sprintf("use at most %d, the limit of storage accounts", maxTagName))
		case strings.ContainsAny(name, notInTagName):
			c.add(here, nil, "tag name with a character that Azure refuses", "leave out "+notInTagName)
		case slices.ContainsFunc(reservedTagPrefixes, func(p string) bool { return strings.HasPrefix(folded, p) }):
			c.add(here, nil, "tag name with a prefix that Azure reserves",
				"do not begin it with "+strings.Join(reservedTagPrefixes, ", "))
		case folded == environmentTag:
			c.add(here, tags[name], "the environment tag is set by "+Namespace+":"+keyEnvironment,
				"set that key instead")
		case twice:
			c.add(here, tags[name], "the same tag as "+other+" for Azure, which ignores case", "remove one of them")
		}
		lower[folded] = name
		c.tagValue(here, tags[name])
	}
}

func (c *collector) tagValue(at path, value string) {
	switch n := utf8.RuneCountInString(value); {
	case n > maxTagValue:
		c.add(at, value, fmt.Sprintf("tag value of %d characters", n), fmt.Sprintf("use at most %d", maxTagValue))
	case strings.ContainsFunc(value, unicode.IsControl):
		c.add(at, value, "tag value with a control character", "write it on one line")
	}
}
