package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/crossorg/crossorg/internal/settings"
	"github.com/crossorg/crossorg/internal/stackfile"
	"github.com/crossorg/crossorg/tests/azuremock"
)

// The bad configurations are mutants of the committed stack files. testdata/mutants.txt has what each is answered with:
// the first problem of a refused one, and the reason why it is valid of an accepted one. After a change that is meant,
// go test . -run TestMutants -update writes the table anew.
var update = flag.Bool("update", false, "write testdata/mutants.txt anew")

const mutantTable = "testdata/mutants.txt"

// mutant is a stack file with one mistake.
type mutant struct{ name, file string }

// planted is a secret in the wrong place. None of its parts may be shown.
const planted = "S3cr3t~hunter2+Pass=word"

// scalars are what is put in the place of every single value, as YAML.
var scalars = []struct{ name, yaml string }{
	{"object", "{a: b}"}, {"list", "[a]"}, {"empty object", "{}"}, {"empty list", "[]"}, {"null", "~"},
	{"true", "true"}, {"whole number", "12345"}, {"fraction", "1.5"}, {"negative", "-1"}, {"zero", "0"},
	{"huge number", "99999999999999999999"}, {"exponent", "1e400"}, {"not a number", ".nan"}, {"endless", ".inf"},
	{"hexadecimal", "0x1F"}, {"empty text", `""`}, {"space", `" "`}, {"date", "2025-02-01"},
	{"long text", `"` + strings.Repeat("x", 20_000) + `"`}, {"control character", `"a\ab"`},
	{"line break", `"a\nb"`}, {"null character", `"a\0b"`}, {"turned text", `"a\u202eb"`},
	{"noncharacter", `"a\uffffb"`},
	{"secret", `"` + planted + `"`}, {"secret as a key", `{"` + planted + `": x}`},
	{"secret in a list", `["` + planted + `"]`},
	{"binary", "!!binary aHVudGVyMg=="}, {"own tag", "!secret hunter2"}, {"unknown alias", "*hunter2"},
	{"way up", "../../../etc/shadow"}, {"absolute path", "/etc/shadow"}, {"format", `"%s%n%00"`},
	{"template", `"${hunter2}"`}, {"emoji", `"\U0001F600"`},
}

// rewritten are changes of a single value's text.
var rewritten = []struct {
	name   string
	change func(string) string
}{
	{"lookalike", func(s string) string {
		return strings.NewReplacer("a", "а", "e", "е", "o", "о", "1", "１").Replace(s)
	}},
	{"full width", func(s string) string {
		return strings.Map(func(r rune) rune {
			if r > ' ' && r <= '~' {
				return r - '!' + '！'
			}
			return r
		}, s)
	}},
	{"upper case", strings.ToUpper}, {"trailing space", func(s string) string { return s + " " }},
	{"trailing line break", func(s string) string { return s + "\n" }},
	{"trailing dot", func(s string) string { return s + "." }},
	{"zero width", func(s string) string { return s[:1] + "\u200b" + s[1:] }},
	{"twice", func(s string) string { return s + s }},
}

// collections are what is put in the place of every object and list.
var collections = []struct{ name, yaml string }{
	{"object", "{a: b}"}, {"list", "[a]"}, {"empty object", "{}"}, {"empty list", "[]"}, {"null", "~"},
	{"text", `"` + planted + `"`}, {"number", "5"}, {"true", "true"}, {"list of objects", "[{a: b}]"},
	{"list of secrets", `[{"` + planted + `": "` + planted + `"}]`}, {"JSON as text", `"{\"a\": 1}"`},
	{"deep", strings.Repeat("[", 150) + strings.Repeat("]", 150)},
}

var alike = regexp.MustCompile(`\.(contoso|fabrikam|northwind|adatum|[0-9]+)\b`)

// mutants are those of a stack file. known are the paths that another file has had already.
func mutants(t *testing.T, stack, text string, known map[string]bool) []mutant {
	t.Helper()
	var all []mutant
	add := func(name, file string) { all = append(all, mutant{stack + " " + name, file}) }
	var paths [][]string
	walkYAML(parseYAML(t, text), nil, func(path []string, _ *yaml.Node) {
		// What holds for one organization and one recipient holds for the others.
		if key := alike.ReplaceAllString(strings.Join(path, "."), ".one"); len(path) > 1 && !known[key] {
			known[key] = true
			paths = append(paths, slices.Clone(path))
		}
	})
	changed := func(path []string, change func(parent, key, value *yaml.Node)) string {
		top := parseYAML(t, text)
		parent, key, value := findYAML(top, path)
		change(parent, key, value)
		var b bytes.Buffer
		require.NoError(t, yaml.NewEncoder(&b).Encode(top))
		return b.String()
	}
	for _, path := range paths {
		at := strings.Join(path[1:], ".")
		_, key, value := findYAML(parseYAML(t, text), path)
		// The replaced value stands as a mark, as not all of what is put there can be a node.
		marked := changed(path,
			func(_, _, value *yaml.Node) { *value = yaml.Node{Kind: yaml.ScalarNode, Value: "MARK"} })
		replaced := func(yaml string) string { return strings.Replace(marked, "MARK", yaml, 1) }
		if value.Kind == yaml.ScalarNode {
			for _, s := range scalars {
				add(at+" := "+s.name, replaced(s.yaml))
			}
			for _, r := range rewritten {
				if to := r.change(value.Value); to != value.Value {
					quoted, err := json.Marshal(to)
					require.NoError(t, err)
					add(at+" "+r.name, replaced(string(quoted)))
				}
			}
		} else {
			for _, c := range collections {
				add(at+" := "+c.name, replaced(c.yaml))
			}
		}
		if key == nil {
			add(at+" twice in the list", changed(path, func(parent, _, value *yaml.Node) {
				parent.Content = append(parent.Content, value)
			}))
			continue
		}
		for _, misspelt := range []struct{ how, to string }{
			{"misspelt", key.Value[:len(key.Value)-1]}, {"with another case", swapCase(key.Value)},
			{"with a space", key.Value + " "}, {"with a " +
				"lookalike", strings.NewReplacer("a", "а", "e", "е").Replace(key.Value)},
			{"named by a secret", planted}, {"named by a number", "7"}, {"without a name", ""},
		} {
			if misspelt.to != key.Value {
				add(at+" "+misspelt.how, changed(path, func(_, key, _ *yaml.Node) { key.SetString(misspelt.to) }))
			}
		}
		add(at+" twice", changed(path, func(parent, key, value *yaml.Node) {
			parent.Content = append(parent.Content, key, value)
		}))
		add(at+" left out", changed(path, func(parent, key, _ *yaml.Node) {
			i := slices.Index(parent.Content, key)
			parent.Content = slices.Delete(parent.Content, i, i+2)
		}))
		add(at+" with a secret beside it", changed(path, func(parent, _, _ *yaml.Node) {
			parent.Content = append(parent.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "password"},
				&yaml.Node{Kind: yaml.ScalarNode, Value: planted})
		}))
		add(at+" as an alias of itself", strings.Replace(marked, "MARK", "&x {a: *x}", 1))
	}
	return all
}

// forms are mutants of a stack file's text.
func forms(stack, text string) []mutant {
	var all []mutant
	add := func(name, file string) {
		if file != text {
			all = append(all, mutant{stack + " " + name, file})
		}
	}
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		before, after := strings.Join(lines[:i], ""), strings.Join(lines[i+1:], "")
		at := fmt.Sprintf("line %d ", i+1)
		if i > 0 && line != "" {
			add(at+"begins a document", before+"---\n"+line+after)
		}
		if strings.HasPrefix(line, "  crossorg:") {
			add(at+"begins a document of its own", before+"---\nconfig:\n"+line+after)
			add(at+"not indented", before+strings.TrimSpace(line)+"\n"+after)
			add(at+"with a misspelt namespace", before+strings.Replace(line, "crossorg", "crosorg", 1)+after)
			add(at+"with another namespace", before+strings.Replace(line, "crossorg", "azure", 1)+after)
			add(at+"without a namespace's colon", before+strings.Replace(line, "crossorg:", "crossorg.", 1)+after)
		}
		if strings.HasPrefix(line, "    ") {
			add(at+"indented by a tab", before+"\t"+strings.TrimLeft(line, " ")+after)
			add(at+"without its colon", before+strings.Replace(line, ":", "", 1)+after)
			add(at+"with an open quote", before+strings.TrimSuffix(line, "\n")+" \"hunter2\n"+after)
			add(at+"with an open bracket", before+strings.TrimSuffix(line, "\n")+" [hunter2\n"+after)
			add(at+"indented less", before+line[1:]+after)
		}
	}
	for name, file := range map[string]string{
		"empty": "", "blank": "\n\n", "comment": "# nothing\n", "null": "null\n", "text": "hunter2\n",
		"list":                     "- config\n",
		"config misspelt":          strings.Replace(text, "config:", "confg:", 1),
		"config with another case": strings.Replace(text, "config:", "CONFIG:", 1),
		"config as a list":         "config:\n  - crossorg:shares: {}\n", "config as text": "config: hunter2\n",
		"config empty": "config:\n", "config an empty object": "config: {}\n", "two documents": text + "---\n" + text,
		"an empty document first": "---\n---\n" + text, "a conflict": "<<<<<<< HEAD\n" + text +
			"=======\n>>>>>>> other\n",
		"JSON that ends early": `{"config": {"crossorg:shares": {`, "zeros": strings.Repeat("\x00", 100),
		"Latin-1": strings.Replace(text, "purpose", "purpos\xe9", 1), "program": "\x7fELF\x02",
		"a directive": "%YAML 9.9\n---\n" + text, "deep": "config: " + strings.Repeat("{a: ", 11_000),
		"an alias of everything": "config: &c\n  crossorg:shares: *c\n", "a merge of itself": "config: &c\n  <<: *c\n",
	} {
		add(name, file)
	}
	slices.SortFunc(all, func(a, b mutant) int { return strings.Compare(a.name, b.name) })
	return all
}

func swapCase(s string) string {
	namespace, name, found := strings.Cut(s, ":")
	if !found {
		namespace, name = "", s
	} else {
		namespace += ":"
	}
	if upper := strings.ToUpper(name[:1]); upper != name[:1] {
		return namespace + upper + name[1:]
	}
	return namespace + strings.ToLower(name)
}

func parseYAML(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &document))
	return document.Content[0]
}

// walkYAML visits every value with the way to it: keys, and places in lists.
func walkYAML(n *yaml.Node, path []string, visit func([]string, *yaml.Node)) {
	visit(path, n)
	for i := 0; n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		walkYAML(n.Content[i+1], append(path, n.Content[i].Value), visit)
	}
	for i := 0; n.Kind == yaml.SequenceNode && i < len(n.Content); i++ {
		walkYAML(n.Content[i], append(path, strconv.Itoa(i)), visit)
	}
}

// findYAML follows a way. The key is nil for an item of a list.
func findYAML(n *yaml.Node, path []string) (parent, key, value *yaml.Node) {
	value = n
	for _, step := range path {
		parent, key = value, nil
		if parent.Kind == yaml.SequenceNode {
			i, _ := strconv.Atoi(step) // walkYAML wrote it
			value = parent.Content[i]
			continue
		}
		for i := 0; i < len(parent.Content); i += 2 {
			if parent.Content[i].Value == step {
				key, value = parent.Content[i], parent.Content[i+1]
			}
		}
	}
	return parent, key, value
}

// answer is what the tool and the program say to a stack file, with what local runs add to it; values are those of a
// file that is accepted.
func answer(t *testing.T, dir, stack, file string) (values map[string]string, err error) {
	t.Helper()
	path := stackfile.StackFile(dir, "mutant")
	require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	project, err := stackfile.OpenProject(dir)
	require.NoError(t, err)
	f, err := project.Read(path)
	if err != nil {
		return nil, err
	}
	if _, err := f.Organizations(); err != nil {
		var problems stackfile.Problems
		require.ErrorAs(t, err, &problems)
	}
	if values, err = f.Values(); err != nil {
		return nil, err
	}
	values["adminPassword"] = "correct-Horse-7-battery"
	values["governance"] = strings.Replace(values["governance"], `{"`,
		`{"adminCertificate":{"thumbprint":"`+strings.Repeat("A1", 20)+`"},"`, 1)
	_, err = settings.Parse(values, settings.Options{Root: ".", Stack: stack,
		Now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)})
	return values, err
}

// problemLine is how a problem reads: a place, what is wrong, and what to do.
var problemLine = regexp.MustCompile(
	`^  (crossorg:|[a-z]*[a-z-]*:|Pulumi\.mutant\.yaml)[^\n]*: [^\n]+; [^\n]+$|^  crossorg:[^\n]+\?$`)

// wellSaid checks an error: all of it is problems with a place and a remedy, in plain words, without any part of a
// secret.
func wellSaid(t *testing.T, m mutant, err error) {
	t.Helper()
	ours, form := errors.As(err, new(settings.Problems)), errors.As(err, new(stackfile.Problems))
	assert.True(t, ours || form, "%s: %v", m.name, err)
	lines := strings.Split(err.Error(), "\n")
	for _, line := range lines[1:] {
		assert.Regexp(t, problemLine, line, m.name)
		assert.Less(t, len(line), 700, m.name)
	}
	for _, raw := range []string{" yaml:", "json:", "cannot unmarshal", "strconv", "reflect", "runtime error",
		"invalid character",
		"goroutine", "%!", "<nil>", "S3cr3t", "hunter2", "Pass=word", "correct-Horse"} {
		assert.NotContains(t, err.Error(), raw, m.name)
	}
	assert.LessOrEqual(t, len(lines), 40, m.name)
}

// TestMutants holds every mutant against its row of the table.
func TestMutants(t *testing.T) {
	t.Setenv(settings.RolePropagationVariable, "0s")
	dir := t.TempDir()
	manifest, err := os.ReadFile("Pulumi.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), manifest, 0o600))

	var all []mutant
	known := map[string]bool{}
	for _, stack := range []string{"dev", "hub", "prod", "staging"} {
		text, err := os.ReadFile("Pulumi." + stack + ".yaml")
		require.NoError(t, err)
		_, err = answer(t, dir, stack, string(text))
		require.NoError(t, err, "the file itself is good")
		if stack == "dev" {
			all = append(all, forms(stack, string(text))...)
		}
		all = append(all, mutants(t, stack, string(text), known)...)
	}
	var rows []string
	refused := 0
	for _, m := range all {
		stack, _, _ := strings.Cut(m.name, " ")
		values, err := answer(t, dir, stack, m.file)
		said := ""
		if err == nil {
			reason := validBecause(m.name)
			assert.NotEmpty(t, reason, "%s is accepted", m.name)
			said = "valid: " + reason
			runs(t, m, stack, values)
		} else {
			refused++
			wellSaid(t, m, err)
			said = strings.TrimSpace(strings.SplitN(err.Error(), "\n", 3)[1])
			const compact = 110
			if short := []rune(said); len(short) > compact {
				said = string(short[:compact]) + "…"
			}
		}
		rows = append(rows, m.name+" | "+said)
	}
	assert.GreaterOrEqual(t, refused, 500)
	t.Logf("%d refused, %d valid", refused, len(all)-refused)
	table := strings.Join(rows, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile(mutantTable, []byte(table), 0o644))
	}
	want, err := os.ReadFile(mutantTable)
	require.NoError(t, err)
	wanted := strings.Split(strings.TrimSuffix(string(want), "\n"), "\n")
	require.Len(t, rows, len(wanted), "run go test . -run TestMutants -update after a change that is meant")
	for i, row := range rows {
		assert.Equal(t, wanted[i], row)
	}
}

// runs runs the program on mocks: what the settings accept registers resources with names of their own.
func runs(t *testing.T, m mutant, stack string, values map[string]string) {
	t.Helper()
	config := map[string]string{}
	for key, value := range values {
		config[settings.Namespace+":"+key] = value
	}
	_, err := azuremock.Run(program, azuremock.Options{Stack: stack, Config: config, Secrets: []string{
		settings.Namespace + ":adminPassword", settings.Namespace + ":principalSecrets"}})
	assert.NoError(t, err, m.name)
}

// valid are mutants that are valid configurations, and why.
var valid = []struct{ name, because string }{
	{`^dev crossorg:(environment|tags\.purpose) (:=|full|lookalike|trailing dot|trailing space|twice|upper|zero)`,
		"any text on one line, and so any number, is the value of a tag"},
	{`^dev crossorg:environment left out`, "the stack's name is the environment"},
	{`^dev crossorg:tags\.purpose `, "any name without the refused characters is a tag's"},
	{`^dev crossorg:tags := (empty )?object`, "a stack chooses its tags"},
	{`\.(description|terms) `, "people read it, so any text that can be shown is good"},
	{`financial-collaboration-share misspelt`, "a stack chooses the names of its shares"},
	{`financial-transactions misspelt`, "a share chooses the names of its data sets"},
	{`\.container `, "a share chooses its containers"},
	{`\.path `, "Azure takes any character in the name of a blob that can be shown"},
	{`\.source (:= empty text|left out)`, "data may be there already"},
	{`schedule\.start := date`, "YAML reads a date without a time as midnight in UTC"},
	{` left out$`, "it has a default"},
	{`:= true$`, "it is true or false"},
	{`:= (hexadecimal|whole number|zero)$`, "YAML's number is in the range"},
	{`:= empty (object|list)$`, "every field has a default; none of a list is a choice"},
	{`\.(clientId|subscriptionId|tenantId|recipients\.[01]) upper case$`, "case does not matter there"},
	{`governance\.image\.(offer|publisher|sku) `, "only the marketplace knows its images; preflight asks it"},
	{`rolePropagation twice$`, "durations add up"},
	{`crossorg:protect trailing`, "JSON, as which Pulumi hands it over, ignores space around a value"},
	{`line \d+ indented less$`, "the only key of an object may be indented as it likes"},
	{`line \d+ with an open (quote|bracket)$`, "a quote or bracket within plain text is text"},
}

// validBecause is why a mutant is a valid configuration; empty for one that should not be.
func validBecause(name string) string {
	for _, v := range valid {
		if regexp.MustCompile(v.name).MatchString(name) {
			return v.because
		}
	}
	return ""
}
