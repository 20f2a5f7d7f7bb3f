package settings

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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

	guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

	// SHA-1 of a certificate, as Service Fabric names certificates
	// (learn.microsoft.com/azure/service-fabric/cluster-security-certificates).
	// What people's addresses are made of, without the quoted names of RFC 5321.
	mailbox    = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}$`)
	mailDomain = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)

	thumbprint = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)

	// learn.microsoft.com/azure/virtual-machines/vm-naming-conventions
	vmSize = regexp.MustCompile(
		`^Standard_[A-Z]{1,4}[0-9]{1,4}[a-z0-9-]{0,12}(_([A-Z]+[0-9]+|[A-Za-z]{1,12})){0,2}(_v[0-9]{1,2})?$`)
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

// text reports a text that is too long, or holds control characters other than line ends and tabs.
func (c *collector) text(at path, value string, most int) {
	control := func(r rune) bool { return noCharacter(r) && r != '\n' && r != '\r' && r != '\t' }
	switch n := utf8.RuneCountInString(value); {
	case n > most:
		c.add(at, value, fmt.Sprintf("a text of %d characters", n), fmt.Sprintf("use at most %d", most))
	case strings.ContainsFunc(value, control):
		c.add(at, value, "a text with a control character", "leave it out")
	case dateAsText.MatchString(value):
		c.add(at, value, "a date without quotes, which reads otherwise than it is written", "put it in quotes")
	}
}

// dateAsText is what becomes of a date that stands in a stack file without quotes: YAML knows it for a time then, and
// Pulumi writes it out as Go does.
var dateAsText = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} (UTC|[+-]\d{4})$`)

// guid reports a text that is no GUID; an absent one passes.
func (c *collector) guid(at path, value, remedy string) {
	switch {
	case value == "":
	case !guid.MatchString(value):
		c.add(at, value, "not a GUID", remedy)
	case strings.Trim(value, "0-") == "":
		c.add(at, value, "the GUID of nothing", remedy)
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
	if err == nil && address.Address == value && address.Name == "" && len(value) <= rules.MaxEmail {
		if at := strings.LastIndex(value, "@"); mailDomain.MatchString(value[at+1:]) &&
			mailbox.MatchString(value[:at]) {
			return
		}
	}
	c.add(at, value, "not an e-mail address", "write it as name@example.com")
}
