package azuretypes

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed published/*.json
var published embed.FS

// catalogue knows which source has a resource type under an api-version.
type catalogue struct {
	byType map[string]map[string]located // by lower-case type and then by api-version
	all    []located                     // by type, newest api-version first
}

// located is a resource type in a source, under its published name.
type located struct {
	name   string
	source *source
}

// shapes reads the resource's shapes, once.
func (l located) resource() *Resource { return l.source.resources()[l.name] }

// load reads the lists of all files once, and shapes only when they are asked for. The files are part of the program,
// so an unreadable one is a defect and panics.
var load = sync.OnceValue(func() *catalogue {
	sources, err := readSources()
	if err != nil {
		panic(fmt.Errorf("azuretypes: %w", err))
	}
	c := &catalogue{byType: map[string]map[string]located{}}
	for _, s := range sources {
		for name := range s.file.Resources {
			key := strings.ToLower(name)
			if c.byType[key] == nil {
				c.byType[key] = map[string]located{}
			}
			if known, twice := c.byType[key][s.file.APIVersion]; twice {
				panic(fmt.Errorf("azuretypes: %s@%s is in %s and in %s", name, s.file.APIVersion, known.source.name,
					s.name))
			}
			c.byType[key][s.file.APIVersion] = located{name, s}
			c.all = append(c.all, located{name, s})
		}
	}
	slices.SortFunc(c.all, func(a, b located) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)),
			newestFirst(a.source.file.APIVersion, b.source.file.APIVersion))
	})
	return c
})

// readSources reads the files of whole shapes and then those of versions, which refer to them.
func readSources() ([]*source, error) {
	names, err := fs.Glob(published, "published/*.json")
	if err != nil {
		return nil, err
	}
	known := map[string]*source{}
	var sources []*source
	add := func(s *source) {
		known[s.name] = s
		sources = append(sources, s)
	}
	for _, versions := range []bool{false, true} {
		for _, name := range names {
			title, differences := strings.CutSuffix(strings.TrimSuffix(path.Base(name), ".json"), ".versions")
			if differences != versions {
				continue
			}
			data, err := published.ReadFile(name)
			if err == nil && versions {
				err = readVersions(title, data, known, add)
			} else if err == nil {
				err = readWhole(title, data, add)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return sources, nil
}

// Lookup finds a resource type under an api-version. Neither is sensitive to case, as on Azure.
func Lookup(resourceType, apiVersion string) (*Resource, bool) {
	l, ok := load().byType[strings.ToLower(resourceType)][strings.ToLower(apiVersion)]
	if !ok {
		return nil, false
	}
	return l.resource(), true
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
func All() []*Resource {
	var all []*Resource
	for _, l := range load().all {
		all = append(all, l.resource())
	}
	return all
}

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
