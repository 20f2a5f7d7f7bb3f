package azuretypes

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"
)

// source is one api-version of a file of published/: whole, or as its differences from another source.
type source struct {
	// name is what others call it: "keyvault@2023-07-01".
	name string
	file file
	// like is the source that the file's types are differences from; nil for a whole one.
	like *source

	once   sync.Once
	parsed map[string]*Resource
}

// readWhole reads a file of whole shapes.
func readWhole(name string, data []byte, add func(*source)) error {
	s := &source{name: name}
	if err := json.Unmarshal(data, &s.file); err != nil {
		return err
	}
	add(s)
	return nil
}

// versionsFile is a file of differences; see the package's documentation for its form.
type versionsFile struct {
	Versions []struct {
		APIVersion string                     `json:"apiVersion"`
		Like       string                     `json:"like"`
		Resources  map[string]*string         `json:"resources"`
		Types      map[string]json.RawMessage `json:"types"`
	} `json:"versions"`
}

// readVersions reads a file of differences. What an entry is like comes before it.
func readVersions(group string, data []byte, known map[string]*source, add func(*source)) error {
	var f versionsFile
	if err := json.Unmarshal(data, &f); err != nil {
		return err
	}
	for _, v := range f.Versions {
		like := known[v.Like]
		if like == nil {
			return fmt.Errorf("%s is like %q, which does not come before it", v.APIVersion, v.Like)
		}
		resources := maps.Clone(like.file.Resources)
		for name, body := range v.Resources {
			if body == nil {
				delete(resources, name)
			} else {
				resources[name] = *body
			}
		}
		add(&source{
			name: group + "@" + v.APIVersion, like: like,
			file: file{APIVersion: v.APIVersion, Resources: resources, Types: v.Types},
		})
	}
	return nil
}

// types are the source's types, with the differences applied.
func (s *source) types() (map[string]json.RawMessage, error) {
	if s.like == nil {
		return s.file.Types, nil
	}
	base, err := s.like.types()
	if err != nil {
		return nil, err
	}
	all := maps.Clone(base)
	for name, difference := range s.file.Types {
		if all[name], err = merge(all[name], difference); err != nil {
			return nil, fmt.Errorf("type %s: %w", name, err)
		}
	}
	return all, nil
}

// resources are the source's resources by their published names.
func (s *source) resources() map[string]*Resource {
	s.once.Do(func() {
		types, err := s.types()
		if err == nil {
			s.parsed, err = parseResources(s.file.APIVersion, s.file.Resources, types)
		}
		if err != nil {
			panic(fmt.Errorf("azuretypes: %s: %w", s.name, err))
		}
	})
	return s.parsed
}

// merge applies a difference to a JSON value: objects merge, null removes, everything else replaces.
// Source: https://www.rfc-editor.org/rfc/rfc7396
func merge(base, difference json.RawMessage) (json.RawMessage, error) {
	if len(difference) == 0 || difference[0] != '{' {
		return difference, nil
	}
	var change map[string]json.RawMessage
	if err := json.Unmarshal(difference, &change); err != nil {
		return nil, err
	}
	members := map[string]json.RawMessage{}
	if len(base) > 0 && base[0] == '{' {
		if err := json.Unmarshal(base, &members); err != nil {
			return nil, err
		}
	}
	for name, value := range change {
		if string(value) == "null" {
			delete(members, name)
			continue
		}
		merged, err := merge(members[name], value)
		if err != nil {
			return nil, err
		}
		members[name] = merged
	}
	return json.Marshal(members)
}
