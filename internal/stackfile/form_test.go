package stackfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/stackfile"
)

// A mangled stack file is refused with the line, the key and the remedy. Read as a file that leaves things out, it
// would have the next up delete what stands.
func TestMangledStackFilesAreRefused(t *testing.T) {
	const good = "config:\n  crossorg:organizations:\n    contoso: {location: eastus}\n  crossorg:shares: {}\n"
	bomb := "config:\n  crossorg:tags: &a0 {x: y}\n"
	for i := range 12 {
		n, before := string(rune('b'+i)), string(rune('a'+i))
		bomb += "  crossorg:" + n + ": &" + n + "0 [" + strings.Repeat("*"+before+"0, ", 9) + "]\n"
	}
	for name, c := range map[string]struct{ file, want string }{
		"misspelt config": {strings.Replace(good, "config:", "confg:", 1),
			`line 1: confg: unknown key at the top of the file; did you mean "config"?`},
		"config in another case": {strings.Replace(good, "config:", "Config:", 1),
			`line 1: Config: unknown key at the top of the file; did you mean "config"?`},
		"no config":    {"encryptionsalt: v1:x\n", `config: missing; write config:`},
		"empty":        {"", `Pulumi.dev.yaml: the file is empty; restore it`},
		"blank":        {"\n# nothing\n", `the file is empty`},
		"null":         {"null\n", `the file is empty`},
		"only dashes":  {"---\n", `the file is empty`},
		"empty config": {"config:\n", "line 1: config: empty; indent the keys below it"},
		"not indented": {strings.ReplaceAll(good, "\n  ", "\n"),
			"line 2: crossorg:organizations: at the top of the file, where Pulumi does not see it; indent it below " +
				"config:"},
		"list for config": {"config:\n  - crossorg:shares: {}\n", "line 1: config: not an object; write each key"},
		"text for config": {"config: hunter2secret\n", "line 1: config: not an object"},
		"list at the top": {"- config\n", "line 1: not an object at the top"},
		"text at the top": {"hunter2secret\n", "line 1: not an object at the top"},
		"misspelt namespace": {strings.Replace(good, "crossorg:org", "crosorg:org", 1),
			`line 2: crosorg:organizations: unknown namespace, which nothing reads; did you mean "crossorg:org`},
		"unknown namespace": {good + "  gcp:project: hunter2secret\n",
			"line 5: gcp:project: unknown namespace, which nothing reads; remove it; known namespaces are crossorg, "},
		"merged namespace": {"config:\n  <<: {gcp:project: x}\n", "gcp:project: unknown namespace"},
		"too many colons": {good + "  crossorg:shares:ledger: {}\n",
			"line 5: crossorg:shares:ledger: not the name of a key"},
		"second document": {good + "---\nconfig:\n  crossorg:protect: true\n",
			"line 5: a second document, which Pulumi would leave out; remove the line ---"},
		"first document empty": {"config: {}\n---\n" + good, "line 2: a second document"},
		"same key twice": {good + "  crossorg:shares: {a: hunter2secret}\n",
			"line 5: crossorg:shares: the same key as in line 4; remove one of the two"},
		"same key twice below": {good + "  crossorg:tags: {a: x, a: hunter2secret}\n",
			"line 5: crossorg:tags.a: the same key as in line 5"},
		"alias of itself": {"config:\n  crossorg:shares: &s\n    a: *s\n",
			"line 3: crossorg:shares.a: an alias that contains itself"},
		"alias of itself in a list": {"config:\n  crossorg:tags: &s [x, {a: *s}]\n",
			"crossorg:tags[1].a: an alias that contains itself"},
		"merge of itself":    {"config:\n  crossorg:tags: &s\n    <<: *s\n", "an alias that contains itself"},
		"aliases of aliases": {bomb, "more than 100000 values"},
		"deep": {"config:\n  crossorg:tags: " + strings.Repeat("[", 200) +
			strings.Repeat("]", 200) + "\n", "nested too deep"},
		"very deep": {"config:\n  crossorg:tags: " + strings.Repeat("[", 20000),
			"values nested too deep"},
		"unknown alias": {"config:\n  crossorg:tags: {a: *hunter2secret}\n",
			"line 2: an alias (*) of an anchor (&) that is not defined above"},
		"list as a key": {"config:\n  crossorg:tags: {[a]: b}\n",
			"line 2: crossorg:tags: a list, an object or an alias as a key"},
		"nothing as a key": {"config:\n  crossorg:tags: {~: b}\n",
			"line 2: crossorg:tags: a key that is empty"},
		"not a number": {"config:\n  crossorg:monitoring: {dailyQuotaGb: .nan}\n",
			"line 2: crossorg:monitoring.dailyQuotaGb: not a number"},
		"no end of numbers": {"config:\n  crossorg:monitoring: {dailyQuotaGb: -.Inf}\n",
			"not a number that can be used"},
		"binary": {"config:\n  crossorg:tags: {a: !!binary aHVudGVyMnNlY3JldA==}\n",
			"line 2: crossorg:tags.a: a YAML tag (!)"},
		"own tag": {"config:\n  crossorg:tags: {a: !secret hunter2secret}\n",
			"line 2: crossorg:tags.a: a YAML tag (!)"},
		"merge of text": {"config:\n  crossorg:tags: {<<: hunter2secret}\n",
			"line 2: crossorg:tags: a merge (<<) of something"},
		"tab": {"config:\n\tcrossorg:protect: true\n",
			"line 2: a tab, or a character that YAML reserves"},
		"open quote": {"config:\n  crossorg:environment: \"hunter2secret\n",
			"a quote that is not closed"},
		"open bracket": {"config:\n  crossorg:tags: {a: hunter2secret\n", "close"},
		"two colons": {"config:\n  crossorg:environment: hunter2secret: x\n",
			"line 2: a colon where no key can be"},
		"escape": {"config:\n  crossorg:environment: \"\\hunter2secret\"\n", "an unknown escape"},
		"Latin-1": {"config:\n  crossorg:environment: caf\xe9\n",
			"line 2: a byte that is not UTF-8; save the file as UTF-8"},
		"control character": {"config:\n  crossorg:environment: a\x01b\n", "line 2: a control character"},
		"program":           {"\x7fELF\x02\x01\x01", "a control character"},
		"no colon":          {"config:\n  crossorg:protect\n  hunter2secret: x\n", "Pulumi.dev.yaml, line"},
		"bad indentation":   {"config:\n    crossorg:protect: true\n  crossorg:environment: x\n", "line"},
		"reserved character": {"config:\n  crossorg:environment: @hunter2secret\n",
			"line 2: a tab, or a character that YAML reserves"},
	} {
		t.Run(name, func(t *testing.T) {
			p := project(t, plainProject, map[string]string{"dev": c.file})
			_, err := p.Read(p.StackFile("dev"))
			require.ErrorContains(t, err, c.want)
			require.ErrorAs(t, err, new(stackfile.Problems))
			if name != "no config" {
				assert.Equal(t, err, stackfile.Check(p.StackFile("dev"), "crossorg"))
			}
			assert.NotContains(t, err.Error(), "hunter2", "any value may be a secret")
			assert.NotContains(t, strings.ReplaceAll(err.Error(), "Pulumi.dev.yaml:", ""), "yaml:")
			for line := range strings.SplitSeq(err.Error(), "\n") {
				assert.NotContains(t, strings.TrimPrefix(line, "  "), "\x01")
			}
		})
	}
}

// All problems come at once, in the order of the lines.
func TestAllProblemsOfAFormComeAtOnce(t *testing.T) {
	p := project(t, plainProject, map[string]string{"dev": "secretprovider: x\nconfig:\n  crosorg:tags: {a: 1, a: " +
		"2}\n" +
		"  crossorg:monitoring: {dailyQuotaGb: .inf}\ncrossorg:shares: {}\n"})
	_, err := p.Read(p.StackFile("dev"))
	var problems stackfile.Problems
	require.ErrorAs(t, err, &problems)
	var lines []int
	for _, problem := range problems {
		lines = append(lines, problem.Line)
	}
	assert.Equal(t, []int{1, 3, 3, 4, 5}, lines)
}

// What Pulumi takes passes: its own keys, other namespaces that are read, one document with its mark, a byte order
// mark, line ends of Windows, anchors, and numbers and times as keys and values.
func TestGoodFormsPass(t *testing.T) {
	for name, file := range map[string]string{
		"all keys": "secretsprovider: passphrase\nencryptedkey: x\nencryptionsalt: v1:x\nenvironment:\n  - " +
			"e\nconfig:\n" +
			"  crossorg:protect: true\n  pulumi:tags: {a: b}\n  azure-native:location: eastus\n  protect2: x\n" +
			"  crossorg:config:storage: {}\n",
		"a document's mark": "---\nconfig: {}\n...\n",
		"byte order mark":   "\ufeffconfig:\r\n  crossorg:protect: true\r\n",
		"anchors": "config:\n  crossorg:a: &a {x: 1}\n  crossorg:b: {<<: *a, y: *a}\n  crossorg:c: [*a, " +
			"*a]\n",
		"scalars":            "config:\n  crossorg:a: {1: 2025-02-01, true: 0x1F, x: ~, y: 1e400, z: 'a: b'}\n",
		"environments":       "environment:\n  - crossorg/prod\n",
		"an encrypted value": "config:\n  crossorg:adminPassword:\n    secure: v1:x\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := project(t, plainProject, map[string]string{"dev": file})
			_, err := p.Read(p.StackFile("dev"))
			assert.NoError(t, err)
		})
	}
	assert.NoError(t, stackfile.Check(stackfile.StackFile(t.TempDir(), "none"), "crossorg"))
	p := project(t, plainProject, map[string]string{"dev": "encryptionsalt: v1:x\n"})
	assert.NoError(t, stackfile.Check(p.StackFile("dev"), "crossorg"), "as pulumi stack init leaves it")
}

// Pulumi.yaml is read as carefully: an alias of itself there would end the process.
func TestMangledProjectFiles(t *testing.T) {
	for file, want := range map[string]string{
		"":                   "not a project file",
		"- a\n":              "not a project file",
		"runtime: go\n":      "Pulumi.yaml: name: missing",
		"name: {a: b}\n":     "Pulumi.yaml: name: missing",
		"name: x\nname: y\n": "line 2: name: the same key as in line 1",
		"name: x\nconfig: &c {a: {default: *c}}\n": "an alias that contains itself",
		"name: [\n": "Pulumi.yaml, line",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(file), 0o600))
		_, err := stackfile.OpenProject(dir)
		assert.ErrorContains(t, err, want, file)
	}
}

// What a run hands to an Azure, which keeps it, is checked before.
func TestOrganizationsAreCheckedBeforeARun(t *testing.T) {
	for value, want := range map[string]string{
		"[contoso]": "Pulumi.dev.yaml, line 2: crossorg:organizations: not an object; " +
			"write an object",
		"hunter2secret":                        "crossorg:organizations: not an object",
		"{contoso: [a]}":                       "crossorg:organizations",
		"{contoso: {tenantId: hunter2secret}}": "line 2: crossorg:organizations.contoso.tenantId: not a GUID",
		"{contoso: {tenantId: 4}}":             "crossorg:organizations",
		"{contoso: {principal: {clientId: hunter2secret}}}": "line 2: " +
			"crossorg:organizations.contoso.principal.clientId: not a GUID",
	} {
		p := project(t, plainProject, map[string]string{"dev": "config:\n  crossorg:organizations: " + value + "\n"})
		file, err := p.Read(p.StackFile("dev"))
		require.NoError(t, err)
		_, err = file.Organizations()
		require.ErrorContains(t, err, want, value)
		assert.NotContains(t, err.Error(), "hunter2")
		assert.NotContains(t, err.Error(), "json")
	}
	_, err := stackfile.ParseOrganizations(`{"contoso": {"subscriptionId": "hunter2secret"}}`)
	require.ErrorContains(t, err, "crossorg:organizations.contoso.subscriptionId: not a GUID")
	assert.NotContains(t, err.Error(), "hunter2")
	_, err = stackfile.ParseOrganizations(`hunter2secret`)
	require.ErrorContains(t, err, "crossorg:organizations: not an object")
}
