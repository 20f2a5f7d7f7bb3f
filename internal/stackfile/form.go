package stackfile

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// topKeys are the keys at the top of a stack file. Pulumi reads over every other without a word
// (workspace.ProjectStack of github.com/pulumi/pulumi/sdk/v3).
var topKeys = []string{"config", "encryptedkey", "encryptionsalt", "environment", "secretsprovider"}

// OtherNamespaces are the namespaces of configuration, beside the project's own, that mean something to Pulumi or to
// the provider that the topology is made with.
func OtherNamespaces() []string { return []string{"pulumi", "azure-native"} }

// Check reports what is wrong with the form of a stack file, of a project by its name. A mangled file must not pass for
// one without configuration, as the next up would delete what stands. No file, or one without any configuration,
// passes: the stack may be configured in another place. The error is Problems, or that of reading the file.
func Check(path, project string) error {
	raw, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = parseStack(path, project, raw)
	var problems Problems
	if errors.As(err, &problems) && slices.Equal(problems, Problems{noConfig(path)}) {
		return nil
	}
	return err
}

// noConfig is the problem of a file without configuration.
func noConfig(path string) Problem {
	f := newFaults(path)
	f.add(0, "config", "missing", "write config: and the keys indented below it; config: {} stands for none")
	return f.problems[0]
}

// readFile reads a regular file.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		f := newFaults(path)
		f.add(0, "", "not a file", "name a file")
		return nil, f.err()
	}
	return os.ReadFile(path)
}

// parseStack parses a stack file and checks its form. It returns the object at its top, without aliases that lead to
// themselves.
func parseStack(path, project string, raw []byte) (*yaml.Node, error) {
	document, err := decode(path, raw)
	if err != nil {
		return nil, err
	}
	f := newFaults(path)
	if document == nil || absent(resolve(document.Content[0])) {
		f.add(0, "", "the file is empty", "restore it; a stack that is to have no configuration has the line config: "+
			"{}")
		return nil, f.err()
	}
	top := document.Content[0]
	if top.Kind != yaml.MappingNode {
		f.add(top.Line, "", "not an object at the top", "write config: in the first line, and the keys indented "+
			"below it")
		return nil, f.err()
	}
	f.topOf(top, project)
	return top, f.err()
}

// topOf checks the keys at the top of a stack file, and what is below them.
func (f *faults) topOf(top *yaml.Node, project string) {
	f.values(top, "")
	has := map[string]bool{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			continue // a problem already
		}
		switch {
		case key.Value == "config":
			f.config(key, value, project)
		case slices.Contains(topKeys, key.Value):
		case strings.Contains(key.Value, ":"):
			f.add(key.Line, ShownName(key.Value), "at the top of the file, where Pulumi does not see it",
				"indent it below config:")
		default:
			remedy := "remove it, or indent it below config:; known here are " + strings.Join(topKeys, ", ")
			if near := Nearest(key.Value, topKeys); near != "" {
				remedy = `did you mean "` + near + `"?`
				has[near] = true
			}
			f.add(key.Line, ShownName(key.Value), "unknown key at the top of the file", remedy)
		}
		has[key.Value] = true
	}
	// A stack may have all its configuration from environments of Pulumi ESC.
	if !has["config"] && !has["environment"] {
		f.problems = append(f.problems, noConfig(f.file))
	}
}

// config checks the keys of the configuration.
func (f *faults) config(key, value *yaml.Node, project string) {
	value = resolve(value)
	switch {
	case absent(value):
		f.add(key.Line, "config", "empty", "indent the keys below it; config: {} stands for none")
		return
	case value.Kind != yaml.MappingNode:
		f.add(key.Line, "config", "not an object", "write each key with its value, without a dash, indented below "+
			"config:")
		return
	}
	if len(f.problems) == 0 { // aliases end
		value = copyNode(value)
	}
	for i := 0; i+1 < len(value.Content); i += 2 {
		if name := value.Content[i]; name.Kind == yaml.ScalarNode && name.Tag != mergeTag {
			if reason, remedy := MisplacedKey(name.Value, project); reason != "" {
				f.add(name.Line, ShownName(name.Value), reason, remedy)
			}
		}
	}
}

// MisplacedKey says what is wrong with the namespace of a key of the configuration, and what to do; it returns empty
// texts for one that is right. A key without a namespace is one of the project's.
func MisplacedKey(key, project string) (reason, remedy string) {
	namespace, name, found := strings.Cut(key, ":")
	// Pulumi's older form of a key has the word config in its middle.
	name = strings.TrimPrefix(name, "config:")
	known := append([]string{project}, OtherNamespaces()...)
	switch {
	case !found:
		return "", ""
	case name == "" || strings.Contains(name, ":"):
		return "not the name of a key", "write it as " + project + ":<name>"
	case slices.Contains(known, namespace):
		return "", ""
	}
	remedy = "remove it; known namespaces are " + strings.Join(known, ", ")
	if near := Nearest(namespace, known); near != "" {
		remedy = `did you mean "` + near + ":" + name + `"?`
	}
	return "unknown namespace, which nothing reads", remedy
}
