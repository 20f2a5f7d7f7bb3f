package settings

import (
	"strings"
)

// check holds the settings against the rules that no single value can know by its type.
func check(c *collector, s *Settings, options Options) {
}

// unknownOrganization is the remedy for a name that is no organization.
func unknownOrganization(name string, s *Settings) string {
	names := sortedKeys(s.Organizations)
	if near := nearest(name, names); near != "" {
		return `did you mean "` + near + `"?`
	}
	if len(names) == 0 {
		return "add it to " + Namespace + ":organizations"
	}
	return "add it to " + Namespace + ":organizations, or use one of " + strings.Join(names, ", ")
}
