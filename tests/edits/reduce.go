package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
)

// attempts is how many smaller pairs are tried.
const attempts = 80

// reduced is the smallest pair of configurations found that still goes wrong: it makes the two alike, value by value,
// and leaves out what both can do without. What fails only after more than one update stays as it is.
func (s *sweep) reduced(f *failure) *failure {
	if f.from == nil || s.pair(f.from, f.to) == nil {
		return f
	}
	tries := attempts
	for smaller := true; smaller && tries > 0; {
		smaller = false
		for _, c := range candidates(f.from, f.to) {
			if tries--; tries < 0 {
				break
			}
			if c.from.valid(s.root) != nil || c.to.valid(s.root) != nil {
				continue
			}
			if err := s.pair(c.from, c.to); err != nil {
				f = &failure{f.seed, c.from, c.to, err}
				smaller = true
				break
			}
		}
	}
	return f
}

type candidate struct{ from, to configuration }

// candidates are pairs that are simpler than a pair: more alike, or with less in both.
func candidates(from, to configuration) []candidate {
	var all []candidate
	for _, path := range paths(object(from), object(to), nil) {
		a, b := at(object(from), path), at(object(to), path)
		if reflect.DeepEqual(a, b) {
			if len(path) > 1 {
				all = append(all, candidate{with(from, path, nil), with(to, path, nil)})
			}
			continue
		}
		all = append(all, candidate{from, with(to, path, a)}, candidate{with(from, path, b), to})
	}
	return all
}

// paths are the places in two configurations, outer ones first.
func paths(a, b object, prefix []string) [][]string {
	keys := map[string]bool{}
	for key := range a {
		keys[key] = true
	}
	for key := range b {
		keys[key] = true
	}
	var own, deeper [][]string
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		path := append(slices.Clone(prefix), key)
		own = append(own, path)
		inA, _ := a[key].(object)
		inB, _ := b[key].(object)
		if inA != nil || inB != nil {
			deeper = append(deeper, paths(inA, inB, path)...)
		}
	}
	return append(own, deeper...)
}

func at(o object, path []string) any {
	value := o[path[0]]
	if inner, isObject := value.(object); isObject && len(path) > 1 {
		return at(inner, path[1:])
	}
	if len(path) > 1 {
		return nil
	}
	return value
}

// with is a copy of a configuration with another value at a path; nil leaves it out.
func with(c configuration, path []string, value any) configuration {
	raw, err := json.Marshal(map[string]any(c))
	if err != nil {
		return c
	}
	copied := object{}
	if json.Unmarshal(raw, &copied) != nil {
		return c
	}
	inner := copied
	for _, key := range path[:len(path)-1] {
		next, isObject := inner[key].(object)
		if !isObject {
			next = object{}
			inner[key] = next
		}
		inner = next
	}
	if value == nil {
		delete(inner, path[len(path)-1])
	} else {
		inner[path[len(path)-1]] = value
	}
	return copied
}
