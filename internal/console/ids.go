package console

import (
	"slices"
	"strings"
)

// ShortIDs shortens ARM ids to what tells them apart: the last name, and of the path before it the nearest segments in
// which ids with the same last name differ ("rg-a/…/data"). Other texts stay as they are. The result has the same
// order. Ids are compared without regard to case, as Azure does.
func ShortIDs(ids []string) []string {
	paths := map[string][]string{}
	for _, id := range ids {
		if strings.HasPrefix(id, "/") {
			paths[strings.ToLower(id)] = segments(id)
		}
	}
	shown := map[string][]int{}
	var all []string
	for id := range paths {
		all = append(all, id)
	}
	tellApart(paths, shown, all, 0)
	short := make([]string, len(ids))
	for i, id := range ids {
		short[i] = id
		if positions, ok := shown[strings.ToLower(id)]; ok {
			short[i] = joined(segments(id), positions)
		}
	}
	return short
}

func segments(id string) []string { return strings.Split(strings.Trim(id, "/"), "/") }

// tellApart adds to shown the positions, counted from the end, in which the ids differ. The last name always shows.
func tellApart(paths map[string][]string, shown map[string][]int, ids []string, position int) {
	groups := map[string][]string{}
	longest := 0
	for _, id := range ids {
		path := paths[id]
		longest = max(longest, len(path))
		groups[strings.ToLower(fromEnd(path, position))] = append(groups[strings.ToLower(fromEnd(path, position))], id)
	}
	for _, group := range groups {
		if position == 0 || len(groups) > 1 {
			for _, id := range group {
				shown[id] = append(shown[id], position)
			}
		}
		if len(group) > 1 && position < longest {
			tellApart(paths, shown, group, position+1)
		}
	}
}

// fromEnd is the segment at a position counted from the end; "" where the path is shorter.
func fromEnd(path []string, position int) string {
	if position >= len(path) {
		return ""
	}
	return path[len(path)-1-position]
}

// joined puts the shown segments together, with a mark where some between them are left out.
func joined(path []string, positions []int) string {
	var out strings.Builder
	previous := -1
	for i := len(positions) - 1; i >= 0; i-- {
		p := positions[i]
		if p >= len(path) {
			continue
		}
		if previous > p+1 {
			out.WriteString("/" + ellipsis)
		}
		if previous >= 0 {
			out.WriteString("/")
		}
		out.WriteString(fromEnd(path, p))
		previous = p
	}
	return out.String()
}

// minDigest is how many digits of a digest show at least.
const minDigest = 12

// ShortDigests shortens hexadecimal digests to as many leading digits as tell them apart, and at least 12. Empty ones
// stay empty. The result has the same order.
func ShortDigests(digests []string) []string {
	length := minDigest
	// Sorted digests with the longest common prefix are neighbours.
	ordered := slices.Compact(slices.Sorted(slices.Values(digests)))
	for i := 1; i < len(ordered); i++ {
		length = max(length, commonPrefix(ordered[i-1], ordered[i])+1)
	}
	short := make([]string, len(digests))
	for i, digest := range digests {
		short[i] = digest[:min(length, len(digest))]
	}
	return short
}

func commonPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
