package statebackend

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// stateResource is a resource of a state: the JSON that the engine wrote, and what the replay reads of it.
type stateResource struct {
	raw  json.RawMessage
	head head
}

// head is what ties a resource to others, and what says which features its state needs.
type head struct {
	URN                  string              `json:"urn"`
	Parent               string              `json:"parent"`
	Provider             string              `json:"provider"`
	Aliases              []string            `json:"aliases"`
	Dependencies         []string            `json:"dependencies"`
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
	DeletedWith          string              `json:"deletedWith"`
	ReplaceWith          []string            `json:"replaceWith"`
	ViewOf               string              `json:"viewOf"`
	RefreshBeforeUpdate  bool                `json:"refreshBeforeUpdate"`
	Taint                bool                `json:"taint"`
	ResourceHooks        json.RawMessage     `json:"resourceHooks"`
	ExtensionRef         string              `json:"extensionRef"`
	SnippetID            string              `json:"snippetID"`
}

// set changes one member of the resource; nil removes it.
func (r *stateResource) set(name string, value any) error {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(r.raw, &members); err != nil {
		return err
	}
	delete(members, name)
	if value != nil {
		raw, err := json.Marshal(value)
		if err != nil {
			return err
		}
		members[name] = raw
	}
	raw, err := json.Marshal(members)
	r.raw = raw
	return err
}

func (d *deployment) readHeads() error {
	for i, r := range d.resources {
		r.head = head{}
		if err := json.Unmarshal(r.raw, &r.head); err != nil {
			return fmt.Errorf("resource %d: %w", i, err)
		}
	}
	return nil
}

// dropDangling removes what refers to resources that a refresh found gone. Resources are listed behind what they depend
// on, so whatever was not seen before is gone. A parent may be anywhere.
func (d *deployment) dropDangling() error {
	seen, all := map[string]bool{}, map[string]bool{}
	for _, r := range d.resources {
		all[r.head.URN] = true
	}
	for _, r := range d.resources {
		h := &r.head
		before := *h
		h.Dependencies = known(h.Dependencies, seen)
		h.ReplaceWith = known(h.ReplaceWith, seen)
		h.PropertyDependencies = nil
		for name, urns := range before.PropertyDependencies {
			if left := known(urns, seen); len(left) > 0 {
				if h.PropertyDependencies == nil {
					h.PropertyDependencies = map[string][]string{}
				}
				h.PropertyDependencies[name] = left
			}
		}
		if !seen[h.DeletedWith] {
			h.DeletedWith = ""
		}
		if !all[h.Parent] {
			h.Parent = ""
		}
		seen[h.URN] = true
		if err := r.write(before); err != nil {
			return err
		}
	}
	return nil
}

// known are the URNs of a list that were seen.
func known(urns []string, seen map[string]bool) []string {
	var left []string
	for _, urn := range urns {
		if seen[urn] {
			left = append(left, urn)
		}
	}
	return left
}

// normalize has every reference name the URN that its resource has now, where it names one that the resource had
// before, and forgets the aliases then. It is what the engine does to a state before it writes it
// (DeploymentV3.NormalizeURNReferences of Pulumi's SDK).
func (d *deployment) normalize() error {
	renamed, err := d.renames()
	if err != nil {
		return err
	}
	now := func(urn string) string {
		if to, ok := renamed[urn]; ok {
			return to
		}
		return urn
	}
	nowAll := func(urns []string) []string {
		out := slices.Clone(urns)
		for i, urn := range out {
			out[i] = now(urn)
		}
		return out
	}
	for _, r := range d.resources {
		before := r.head
		h := &r.head
		if len(h.Aliases) > 0 {
			h.Aliases = nil
		} else if len(renamed) == 0 {
			continue
		}
		h.URN, h.Parent, h.DeletedWith, h.ViewOf = now(h.URN), now(h.Parent), now(h.DeletedWith), now(h.ViewOf)
		// The reference to a provider is its URN and its id.
		if i := strings.LastIndex(h.Provider, "::"); i >= 0 {
			h.Provider = now(h.Provider[:i]) + h.Provider[i:]
		}
		h.Dependencies = nowAll(h.Dependencies)
		properties := map[string][]string{}
		for name, urns := range h.PropertyDependencies {
			properties[name] = nowAll(urns)
		}
		if len(properties) > 0 {
			h.PropertyDependencies = properties
		}
		if err := r.write(before); err != nil {
			return err
		}
	}
	return d.normalizeSnippets(now)
}

// renames are the URNs that resources had, each with the one that it has now.
func (d *deployment) renames() (map[string]string, error) {
	renamed := map[string]string{}
	for _, r := range d.resources {
		h := r.head
		for _, alias := range h.Aliases {
			if other, ok := renamed[alias]; ok && other != h.URN {
				return nil, fmt.Errorf("two resources, %s and %s, have the same alias %s", other, h.URN, alias)
			}
			renamed[alias] = h.URN
		}
		if parent, ok := renamed[h.Parent]; ok && h.Parent != "" {
			if own, ok := underParent(h.URN, parent); ok {
				renamed[h.URN] = own
			}
		}
	}
	return renamed, nil
}

// underParent is the URN of a resource whose parent got another one. The stack is no part of its children's URNs.
func underParent(urn, parent string) (string, bool) {
	const separator = "::"
	own, above := strings.SplitN(urn, separator, 4), strings.SplitN(parent, separator, 4)
	if len(own) != 4 || len(above) != 4 || above[2] == "pulumi:pulumi:Stack" {
		return "", false
	}
	kind := own[2][strings.LastIndex(own[2], "$")+1:]
	return strings.Join([]string{own[0], own[1], above[2] + "$" + kind, own[3]}, separator), true
}

// normalizeSnippets does for the references of snippets what normalize does for resources.
func (d *deployment) normalizeSnippets(now func(string) string) error {
	var snippets []map[string]json.RawMessage
	if err := unmarshal(d.members[memberSnippets], &snippets); err != nil {
		return err
	}
	changed := false
	for _, snippet := range snippets {
		var references map[string]string
		if err := unmarshal(snippet["references"], &references); err != nil {
			return err
		}
		for name, urn := range references {
			if to := now(urn); to != urn {
				references[name], changed = to, true
			}
		}
		if changed {
			raw, err := json.Marshal(references)
			if err != nil {
				return err
			}
			snippet["references"] = raw
		}
	}
	if !changed {
		return nil
	}
	raw, err := json.Marshal(snippets)
	d.members[memberSnippets] = raw
	return err
}

// write puts the members of the head that differ from an earlier one into the resource's JSON.
func (r *stateResource) write(before head) error {
	h := r.head
	changes := map[string]any{}
	text := func(name, from, to string) {
		if from != to {
			changes[name] = orNil(to, to == "")
		}
	}
	list := func(name string, from, to []string) {
		if !slices.Equal(from, to) {
			changes[name] = orNil(to, len(to) == 0)
		}
	}
	text("urn", before.URN, h.URN)
	text("parent", before.Parent, h.Parent)
	text("provider", before.Provider, h.Provider)
	text("deletedWith", before.DeletedWith, h.DeletedWith)
	text("viewOf", before.ViewOf, h.ViewOf)
	list("aliases", before.Aliases, h.Aliases)
	list("dependencies", before.Dependencies, h.Dependencies)
	list("replaceWith", before.ReplaceWith, h.ReplaceWith)
	if !samePropertyDependencies(before.PropertyDependencies, h.PropertyDependencies) {
		changes["propertyDependencies"] = orNil(h.PropertyDependencies, len(h.PropertyDependencies) == 0)
	}
	for name, value := range changes {
		if err := r.set(name, value); err != nil {
			return err
		}
	}
	return nil
}

func orNil(value any, none bool) any {
	if none {
		return nil
	}
	return value
}

func samePropertyDependencies(a, b map[string][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for name, urns := range a {
		if other, ok := b[name]; !ok || !slices.Equal(urns, other) {
			return false
		}
	}
	return true
}
