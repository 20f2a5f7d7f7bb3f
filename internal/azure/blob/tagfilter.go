package blob

import "strings"

// tagFilter is an expression over tags: alternatives of comparisons that must all hold.
// Sources: https://learn.microsoft.com/rest/api/storageservices/find-blobs-by-tags and
// https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs#conditional-blob-operations-with-blob-index-tags
type tagFilter [][]tagComparison

type tagComparison struct{ name, operator, value string }

// containerTerm is the name that stands for the blob's container in a search.
const containerTerm = "@container"

// parseTagFilter reads an expression such as "Status" = 'Done' AND "Priority" >= '05'. A search compares the container
// as well, and has neither OR nor <>, which the condition of a request has.
func parseTagFilter(text string, search bool) (tagFilter, *Error) {
	header := "x-ms-if-tags"
	out := tagFilter{nil}
	for rest := strings.TrimSpace(text); ; {
		var one tagComparison
		var ok bool
		if one, rest, ok = cutComparison(rest); !ok || search && one.operator == "<>" ||
			!search && one.name == containerTerm {
			return nil, errHeaderValue(header)
		}
		last := len(out) - 1
		out[last] = append(out[last], one)
		if rest = strings.TrimSpace(rest); rest == "" {
			return out, nil
		}
		var word string
		word, rest, ok = strings.Cut(rest, " ")
		rest = strings.TrimSpace(rest)
		switch {
		case ok && strings.EqualFold(word, "AND"):
		case ok && strings.EqualFold(word, "OR") && !search:
			out = append(out, nil)
		default:
			return nil, errHeaderValue(header)
		}
	}
}

// cutComparison reads a comparison at the beginning of an expression.
func cutComparison(text string) (c tagComparison, rest string, ok bool) {
	switch {
	case strings.HasPrefix(text, `"`):
		c.name, rest, ok = strings.Cut(text[1:], `"`)
	default:
		end := strings.IndexAny(text, " =<>")
		if end < 1 {
			return c, "", false
		}
		c.name, rest, ok = text[:end], text[end:], true
	}
	rest = strings.TrimSpace(rest)
	for _, operator := range []string{"<>", ">=", "<=", "=", ">", "<"} {
		if strings.HasPrefix(rest, operator) {
			c.operator, rest = operator, strings.TrimSpace(rest[len(operator):])
			break
		}
	}
	if !ok || c.operator == "" || !strings.HasPrefix(rest, "'") {
		return c, "", false
	}
	c.value, rest, ok = strings.Cut(rest[1:], "'")
	return c, rest, ok
}

// matches reports whether a blob with the tags fits.
func (f tagFilter) matches(container string, tags map[string]string) bool {
	for _, all := range f {
		fits := true
		for _, c := range all {
			value, has := tags[c.name]
			if c.name == containerTerm {
				value, has = container, true
			}
			fits = fits && c.holds(value, has)
		}
		if fits {
			return true
		}
	}
	return false
}

// holds compares texts by their characters. What has no such tag differs from every value, and compares with none.
func (c tagComparison) holds(value string, has bool) bool {
	switch c.operator {
	case "=":
		return has && value == c.value
	case "<>":
		return !has || value != c.value
	case ">":
		return has && value > c.value
	case ">=":
		return has && value >= c.value
	case "<":
		return has && value < c.value
	}
	return has && value <= c.value
}
