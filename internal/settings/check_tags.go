package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crossorg/crossorg/internal/rules"
)

// notInTagName are the characters that Azure refuses in the names of tags
// (learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations).
const notInTagName = `<>%&\?/`

var reservedTagPrefixes = []string{"microsoft", "azure", "windows"}

// environmentTag is the tag that crossorg:environment sets.
const environmentTag = "environment"

// tags holds each tag against Azure's rules. Tag names differ by more than case.
func (c *collector) tags(at path, tags map[string]string) {
	lower := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		here := at.with(name)
		folded := strings.ToLower(name)
		switch other, twice := lower[folded]; {
		case name == "":
			c.add(here, nil, "a tag without a name", "name it or remove it")
		case utf8.RuneCountInString(name) > rules.MaxTagName:
			c.add(here, nil, fmt.Sprintf("tag name of %d characters", utf8.RuneCountInString(name)),
				fmt.Sprintf("use at most %d, the limit of storage accounts", rules.MaxTagName))
		case strings.ContainsFunc(name, noCharacter) || strings.TrimSpace(name) != name:
			c.add(here, nil, "tag name with a control character, or a space at an end", "leave it out")
		case strings.ContainsAny(name, notInTagName):
			c.add(here, nil, "tag name with a character that Azure refuses", "leave out "+notInTagName)
		case slices.ContainsFunc(reservedTagPrefixes, func(p string) bool { return strings.HasPrefix(folded, p) }):
			c.add(here, nil, "tag name with a prefix that Azure reserves",
				"do not begin it with "+strings.Join(reservedTagPrefixes, ", "))
		case folded == environmentTag:
			c.add(here, tags[name],
				"the environment tag is set by "+Namespace+":"+keyEnvironment, "set that key instead")
		case twice:
			c.add(here, tags[name], "the same tag as "+other+" for Azure, which ignores case", "remove one of them")
		}
		lower[folded] = name
		c.tagValue(here, tags[name])
	}
}

func (c *collector) tagValue(at path, value string) {
	switch n := utf8.RuneCountInString(value); {
	case value != "" && strings.TrimSpace(value) == "":
		c.add(at, value, "tag value of spaces", "write something, or leave the tag out")
	case n > rules.MaxTagValue:
		c.add(at, value, fmt.Sprintf("tag value of %d characters", n), fmt.Sprintf("use at most %d", rules.MaxTagValue))
	case strings.ContainsFunc(value, noCharacter):
		c.add(at, value, "tag value with a control character", "write it on one line")
	default:
		c.text(at, value, rules.MaxTagValue)
	}
}
