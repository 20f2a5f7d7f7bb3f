package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
	"github.com/crossorg/crossorg/internal/local"
)

// picture is everything that exists after a run, without what differs from run to run: by what it is, such as
// "azure resources /subscriptions/…" or "state urn:pulumi:…", its content as JSON.
type picture map[string]any

// aside are the tables of the embedded Azure that record history and not the present: the logs of requests and of
// operations, signing keys, and the faults themselves.
var aside = map[string]bool{
	"operations": true, "busy": true, "logs.rows": true, "logs.usage": true, "signingKeys": true, "faults": true,
	"clock":    true,
	"activity": true, "logs.presence": true,
	"blob.garbage": true,
}

// takePicture looks at a home that no run uses: at every table of its embedded Azure, the blobs' content among them,
// and at Pulumi's state. named is the state that tells which names were made up; nil means the home's own. Times before
// since are part of the configuration and stay.
func takePicture(home *local.Home, project, stack string, named []byte, since time.Time) (picture, error) {
	raw, err := os.ReadFile(stateFile(home, project, stack))
	if err != nil {
		return nil, err
	}
	if named == nil {
		named = raw
	}
	n, err := newNormalizer(named, since)
	if err != nil {
		return nil, err
	}
	estate, err := os.ReadFile(filepath.Join(home.AzureDir(), "estate.json"))
	if err != nil {
		return nil, err
	}
	if err := n.addEstate(estate); err != nil {
		return nil, err
	}
	tables, err := readTables(filepath.Join(home.AzureDir(), "state.db"))
	if err != nil {
		return nil, err
	}
	p := picture{}
	// Resources come first, because identifiers are named after where they first occur.
	for _, name := range append([]string{"resources"}, slices.Sorted(maps.Keys(tables))...) {
		n.addTable(p, "azure "+name, tables[name])
		delete(tables, name)
	}
	return p, n.addState(p, raw)
}

func stateFile(home *local.Home, project, stack string) string {
	return filepath.Join(home.StateDir(), ".pulumi", "stacks", project, stack+".json")
}

// readTables reads the state file of an embedded Azure that nobody has open.
func readTables(path string) (map[string]map[string]any, error) {
	tables := map[string]map[string]any{}
	err := store.View(path, func(tx *store.Tx) error {
		names, err := tx.Tables()
		if err != nil {
			return err
		}
		for _, name := range names {
			if aside[name] {
				continue
			}
			table := map[string]any{}
			tables[name] = table
			if err := tx.Scan(name, "", func(key string, raw []byte) error {
				var v any
				if err := json.Unmarshal(raw, &v); err != nil {
					return fmt.Errorf("%s %s: %w", name, key, err)
				}
				table[key] = v
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return tables, err
}

// checkpoint is Pulumi's state as its file backend keeps it.
type checkpoint struct {
	Checkpoint struct {
		Latest struct {
			Resources []map[string]any `json:"resources"`
			Pending   []any            `json:"pending_operations"`
		} `json:"latest"`
	} `json:"checkpoint"`
}

// normalizer takes out of texts what differs from run to run. What the state's resources are called is replaced by
// their logical names, so that a name that the state does not know shows as what it is: an orphan's.
type normalizer struct {
	since time.Time
	names *strings.Replacer
	ids   map[string]string // identifiers seen so far, by themselves in lower case
}

func newNormalizer(state []byte, since time.Time) (*normalizer, error) {
	var c checkpoint
	if err := json.Unmarshal(state, &c); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	n := &normalizer{since: since, ids: map[string]string{}}
	made := map[string]string{}
	for _, r := range c.Checkpoint.Latest.Resources {
		urn, _ := r["urn"].(string)
		id, _ := r["id"].(string)
		logical := "‹" + urn[strings.LastIndex(urn, "::")+2:] + "›"
		inputs, _ := r["inputs"].(map[string]any)
		name := id[strings.LastIndex(id, "/")+1:]
		switch {
		case guid.MatchString(name):
			n.ids[strings.ToLower(name)] = logical
		case inputs["__createBeforeDelete"] == true && name != "":
			made[name] = logical
		}
	}
	// The longest first, as one name may begin with another.
	var pairs []string
	for _, name := range slices.SortedFunc(maps.Keys(made), func(a, b string) int { return len(b) - len(a) }) {
		pairs = append(pairs, name, made[name])
		if lower := strings.ToLower(name); lower != name {
			pairs = append(pairs, lower, made[name])
		}
	}
	n.names = strings.NewReplacer(pairs...)
	return n, nil
}

// addEstate names the tenant, the subscription and the principal that an embedded Azure begins with.
func (n *normalizer) addEstate(raw []byte) error {
	var estate struct {
		Default map[string]string `json:"default"`
	}
	if err := json.Unmarshal(raw, &estate); err != nil {
		return fmt.Errorf("read the estate: %w", err)
	}
	for name, id := range estate.Default {
		n.ids[strings.ToLower(id)] = "‹" + name + "›"
	}
	return nil
}

var (
	guid    = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	instant = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	stamp   = regexp.MustCompile(`\b\d{8}T\d{6}\.\d{9}\b`)
	etag    = regexp.MustCompile(`\b0x8D[0-9A-F]{8,}\b`)
	digest  = regexp.MustCompile(`\b([0-9a-f]{32}|[0-9A-F]{40})\b`) // identifiers without hyphens, thumbprints
	address = regexp.MustCompile(`\b203\.0\.113\.\d+\b`)            // those of clusters, which come of their names
	port    = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	key     = regexp.MustCompile(`^[A-Za-z0-9+/]{43,}={1,2}$`)
	suffix  = regexp.MustCompile(`[0-9a-f]{8}\b`)
)

// text normalizes a text that stands at a place; the place names the identifiers that are new.
func (n *normalizer) text(s, place string) string {
	if key.MatchString(s) {
		return "‹key›"
	}
	s = n.names.Replace(s)
	s = guid.ReplaceAllStringFunc(s, func(id string) string {
		id = strings.ToLower(id)
		if _, ok := n.ids[id]; !ok {
			if place == "" {
				return "‹id›"
			}
			n.ids[id] = "‹" + place + "›"
		}
		return n.ids[id]
	})
	s = instant.ReplaceAllStringFunc(s, func(text string) string {
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil && at.Before(n.since) {
			return text
		}
		return "‹time›"
	})
	s = stamp.ReplaceAllString(s, "‹time›")
	s = etag.ReplaceAllString(s, "‹etag›")
	s = digest.ReplaceAllString(s, "‹id›")
	s = address.ReplaceAllString(s, "‹address›")
	s = port.ReplaceAllString(s, "127.0.0.1:‹port›")
	// Names that the program derives from made-up ones end as those do.
	return suffix.ReplaceAllString(s, "‹hex›")
}

// fixedIDs are identifiers that mean the same everywhere, such as those of built-in roles: they stay.
var fixedIDs = regexp.MustCompile(`(?i)/roledefinitions/`)

func (n *normalizer) value(v any, place string) any {
	switch v := v.(type) {
	case string:
		if fixedIDs.MatchString(v) {
			before, role, _ := strings.Cut(v, "/roleDefinitions/")
			return n.text(before, place) + "/roleDefinitions/" + role
		}
		return n.text(v, place)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			at := place
			if place != "" {
				at += fmt.Sprintf("[%d]", i)
			}
			out[i] = n.value(item, at)
		}
		return out
	case map[string]any:
		if v["ciphertext"] != nil {
			return "‹secret›" // encrypted anew each time
		}
		out := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member := v[name]
			if text, ok := member.(string); ok && strings.EqualFold(name, "etag") && text != "" {
				member = "‹etag›"
			}
			at := place
			if place != "" {
				at += "." + name
			}
			out[n.text(name, "")] = n.value(member, at)
		}
		return out
	default:
		return v
	}
}

// portsTable has the ports of the vaults.
const portsTable = "azure keyvault.ports"

// addTable adds a table's rows under their normalized keys.
func (n *normalizer) addTable(p picture, table string, rows map[string]any) {
	type row struct {
		key, normalized, content string
	}
	sorted := make([]row, 0, len(rows))
	for key, v := range rows {
		// Without a place, identifiers get no names of their own yet: that depends on the order.
		sorted = append(sorted, row{key, n.text(key, ""), full(n.value(v, ""))})
	}
	slices.SortFunc(sorted, func(a, b row) int {
		return cmp.Or(strings.Compare(a.normalized, b.normalized), strings.Compare(a.content, b.content))
	})
	for _, r := range sorted {
		if table == portsTable {
			rows[r.key] = "‹port›"
		}
		p.add(table+" "+r.normalized, n.value(rows[r.key], r.normalized))
	}
}

// addState adds the resources of Pulumi's state, and the operations that it believes to be under way.
func (n *normalizer) addState(p picture, raw []byte) error {
	var c checkpoint
	if err := json.Unmarshal(raw, &c); err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	for _, r := range c.Checkpoint.Latest.Resources {
		urn, _ := r["urn"].(string)
		for _, circumstance := range []string{"created", "modified", "sourcePosition", "stackTrace"} {
			delete(r, circumstance)
		}
		sortTexts(r["dependencies"])
		if of, ok := r["propertyDependencies"].(map[string]any); ok {
			for name, urns := range of {
				sortTexts(urns)
				if list, _ := urns.([]any); len(list) == 0 { // a refresh writes those that a run leaves out
					delete(of, name)
				}
			}
			if len(of) == 0 {
				delete(r, "propertyDependencies")
			}
		}
		p.add("state "+urn, n.value(r, ""))
	}
	for _, op := range c.Checkpoint.Latest.Pending {
		fields, _ := op.(map[string]any)
		of, _ := fields["resource"].(map[string]any)
		p.add(fmt.Sprintf("state pending operation: %v %v", fields["type"], of["urn"]), n.value(op, ""))
	}
	return nil
}

// sortTexts sorts a list of texts whose order means nothing.
func sortTexts(v any) {
	list, _ := v.([]any)
	slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// add adds an item; another one of the same name is a duplicate, and shows as one.
func (p picture) add(name string, v any) {
	unique := name
	for i := 2; p[unique] != nil; i++ {
		unique = fmt.Sprintf("%s (duplicate %d)", name, i)
	}
	if v == nil {
		v = "null"
	}
	p[unique] = v
}

// difference is one thing that is not as it should be.
type difference struct{ where, what string }

// maxDifferences bounds how many differences of one item are listed.
const maxDifferences = 8

// compare tells how a picture differs from what it should be, one line each; nothing when it does not. What the state
// holds may also be as a refresh finds it, since Azure goes on working on some resources after it has answered.
func compare(want, refreshed, got picture) []string {
	known := map[string]bool{}
	for _, d := range differ(refreshed, got) {
		known[d.where] = true
	}
	var out []string
	listed := map[string]int{}
	for _, d := range differ(want, got) {
		if !known[d.where] {
			continue
		}
		item, _, _ := strings.Cut(d.where, "\x00")
		switch listed[item]++; {
		case listed[item] <= maxDifferences:
			out = append(out, d.what)
		case listed[item] == maxDifferences+1:
			out = append(out, "altered: "+item+" in more places")
		}
	}
	return out
}

// differ tells all differences of two pictures.
func differ(want, got picture) []difference {
	var out []difference
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[name]; !ok {
			out = append(out, difference{name, "missing: " + name})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			out = append(out, difference{name, "extra: " + name})
			continue
		}
		for _, d := range differences("", want[name], got[name]) {
			out = append(out, difference{name + "\x00" + d.where, "altered: " + name + " " + d.what})
		}
	}
	return out
}

// differences tells where two values differ, and how.
func differences(path string, want, got any) []difference {
	if w, ok := want.(map[string]any); ok {
		if g, ok := got.(map[string]any); ok {
			names := maps.Clone(w)
			maps.Copy(names, g)
			var out []difference
			for _, name := range slices.Sorted(maps.Keys(names)) {
				at := strings.TrimPrefix(path+"."+name, ".")
				wv, inWant := w[name]
				gv, inGot := g[name]
				switch {
				case !inGot:
					out = append(out, difference{at, at + " lacks " + short(wv)})
				case !inWant:
					out = append(out, difference{at, at + " has beyond " + short(gv)})
				default:
					out = append(out, differences(at, wv, gv)...)
				}
			}
			return out
		}
	}
	if w, ok := want.([]any); ok {
		if g, ok := got.([]any); ok && len(w) == len(g) {
			var out []difference
			for i := range w {
				out = append(out, differences(fmt.Sprintf("%s[%d]", path, i), w[i], g[i])...)
			}
			return out
		}
	}
	if full(want) != full(got) {
		return []difference{{path, path + " " + short(want) + " became " + short(got)}}
	}
	return nil
}

// longest bounds how much of a value is shown.
const longest = 160

func full(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

func short(v any) string {
	s := []rune(full(v))
	if len(s) > longest {
		return string(s[:longest]) + "…"
	}
	return string(s)
}
