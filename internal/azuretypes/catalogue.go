package azuretypes

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

//go:embed published/*.json
var published embed.FS

// catalogue is every published resource, by lower-case type and then by api-version.
type catalogue struct {
	byType map[string]map[string]*Resource
	all    []*Resource // by type, newest api-version first
}

// load reads all files once. They are part of the program, so an unreadable one is a defect and panics.
var load = sync.OnceValue(func() *catalogue {
	c := &catalogue{byType: map[string]map[string]*Resource{}}
	names, err := fs.Glob(published, "published/*.json")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		data, err := published.ReadFile(name)
		if err != nil {
			panic(err)
		}
		resources, err := parse(data)
		if err != nil {
			panic(fmt.Errorf("azuretypes: %s: %w", name, err))
		}
		for _, r := range resources {
			key := strings.ToLower(r.Type)
			if c.byType[key] == nil {
				c.byType[key] = map[string]*Resource{}
			}
			c.byType[key][r.APIVersion] = r
			c.all = append(c.all, r)
		}
	}
	slices.SortFunc(c.all, func(a, b *Resource) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Type), strings.ToLower(b.Type)),
			newestFirst(a.APIVersion, b.APIVersion))
	})
	return c
})

// Lookup finds a resource type under an api-version. Neither is sensitive to case, as on Azure.
func Lookup(resourceType, apiVersion string) (*Resource, bool) {
	r, ok := load().byType[strings.ToLower(resourceType)][strings.ToLower(apiVersion)]
	return r, ok
}

// APIVersions lists the api-versions under which a type is known, newest first. It is nil if the type is unknown.
func APIVersions(resourceType string) []string {
	var versions []string
	for v := range load().byType[strings.ToLower(resourceType)] {
		versions = append(versions, v)
	}
	slices.SortFunc(versions, newestFirst)
	return versions
}

// All lists every resource, by type and then newest api-version first.
func All() []*Resource { return slices.Clone(load().all) }

// newestFirst orders api-versions: by date, and of the same date the stable one before its preview.
func newestFirst(a, b string) int {
	const date = len("2006-01-02")
	stable := func(v string) int {
		if len(v) > date {
			return 0
		}
		return 1
	}
	return cmp.Or(
		strings.Compare(b[:min(date, len(b))], a[:min(date, len(a))]),
		cmp.Compare(stable(b), stable(a)),
		strings.Compare(b, a),
	)
}
