package stackfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

// File is the configuration of a stack: what its stack file says, and the defaults of Pulumi.yaml for the rest. Keys
// are those of the project, without the namespace.
type File struct {
	// Path is where the stack file lies.
	Path string
	// Undecipherable are the keys and paths, with the namespace, of values that are encrypted. They need the stack's
	// own key and are left out.
	Undecipherable []string

	namespace string
	// config has the values of the stack file, by key with namespace.
	config *yaml.Node
	// defaults has the declarations of Pulumi.yaml, by key without the namespace.
	defaults *yaml.Node
	// encrypted are the keys, with the namespace, whose values are encrypted or hold something that is.
	encrypted map[string]bool
}

// Read reads a stack file. A file that does not exist is an error, because a stack without configuration is more likely
// a misspelt name. What is wrong with the form of a file is Problems.
func (p *Project) Read(path string) (*File, error) {
	raw, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		stacks, _ := p.Stacks()
		return nil, fmt.Errorf("there is no stack file %s: "+
			"choose a stack with --stack (%v), or a file with --config-file", path, stacks)
	}
	if err != nil {
		return nil, err
	}
	return p.parse(path, raw)
}

// Values reads a stack file with the defaults of the Pulumi.yaml beside it, as [File.Values] gives them. A missing
// file counts as empty.
func Values(path string) (map[string]string, error) {
	p, err := OpenProject(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	raw, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = []byte("config: {}\n"), nil
	}
	if err != nil {
		return nil, err
	}
	f, err := p.parse(path, raw)
	if err != nil {
		return nil, err
	}
	return f.Values()
}

func (p *Project) parse(path string, raw []byte) (*File, error) {
	top, err := parseStack(path, p.Name, raw)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, namespace: p.Name, config: mapping(), defaults: p.defaults(), encrypted: map[string]bool{}}
	said := lookup(top, "config")
	if absent(said) {
		return f, nil
	}
	f.config = copyNode(said)
	for i := 0; i < len(f.config.Content); i += 2 {
		// Pulumi takes a key without a namespace for one of the project's.
		if key := f.config.Content[i]; !strings.Contains(key.Value, ":") {
			key.Value = f.key(key.Value)
		}
	}
	f.Undecipherable = dropSecure(f.config, "")
	for _, at := range f.Undecipherable {
		key, _, _ := strings.Cut(at, ".")
		f.encrypted[strings.TrimSuffix(key, "[]")] = true
	}
	return f, nil
}

// defaults are the defaults that Pulumi.yaml declares for the project's own keys, with or without the namespace. A list
// or a single value in place of a declaration is the default itself
// (pulumi.com/docs/iac/concepts/projects/project-file).
func (p *Project) defaults() *yaml.Node {
	defaults := mapping()
	declared := lookup(p.top(), "config")
	if declared == nil || declared.Kind != yaml.MappingNode {
		return defaults
	}
	for i := 0; i+1 < len(declared.Content); i += 2 {
		key := strings.TrimPrefix(declared.Content[i].Value, p.Name+":")
		value := resolve(declared.Content[i+1])
		if value.Kind == yaml.MappingNode {
			value = lookup(value, "default")
		}
		if !strings.Contains(key, ":") && !absent(value) {
			set(defaults, key, copyNode(value))
		}
	}
	return defaults
}

func (f *File) key(name string) string { return f.namespace + ":" + name }

// lookup is the value of a key in the stack file, or else its default.
func (f *File) lookup(name string) *yaml.Node {
	if said := lookup(f.config, f.key(name)); said != nil {
		return said
	}
	return lookup(f.defaults, name)
}

// Values are the values of all keys as Pulumi hands them to a program: text as it is, everything else as JSON. Keys
// whose values are encrypted, or hold something encrypted, are left out.
func (f *File) Values() (map[string]string, error) {
	values := map[string]string{}
	for i := 0; i+1 < len(f.defaults.Content); i += 2 {
		values[f.defaults.Content[i].Value] = ""
	}
	for i := 0; i+1 < len(f.config.Content); i += 2 {
		if name, ours := strings.CutPrefix(f.config.Content[i].Value, f.namespace+":"); ours {
			values[name] = ""
		}
	}
	for key := range f.encrypted {
		delete(values, strings.TrimPrefix(key, f.namespace+":"))
	}
	for name := range values {
		var err error
		if values[name], err = f.text(name); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// text is a key's value as Pulumi hands it to a program; Pulumi's own code reads it.
func (f *File) text(name string) (string, error) {
	var value config.Value
	err := f.lookup(name).Decode(&value)
	if err == nil {
		var text string
		if text, err = value.Value(config.NopDecrypter); err == nil {
			return text, nil
		}
	}
	faults := newFaults(f.Path)
	faults.add(f.lookup(name).Line, f.key(name), "a value that Pulumi cannot hand to a program",
		"write text, numbers, true, false, lists and objects")
	return "", faults.err()
}

// Decode reads a key's object into a Go value by its JSON tags. Without a value it leaves the Go value unchanged.
// Encrypted fields are left out.
func (f *File) Decode(name string, into any) error {
	if absent(f.lookup(name)) {
		return nil
	}
	text, err := f.text(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		faults := newFaults(f.Path)
		faults.mistyped(f.key(name), f.lookup(name), err)
		return faults.err()
	}
	return nil
}

// Put sets a key's value, anything that YAML can hold.
func (f *File) Put(name string, value any) error {
	var node yaml.Node
	if err := node.Encode(value); err != nil {
		return fmt.Errorf("%s: %w", f.key(name), err)
	}
	set(f.config, f.key(name), &node)
	return nil
}

// Marshal is the file as YAML, without encrypted values and without defaults.
func (f *File) Marshal() ([]byte, error) {
	document := mapping()
	set(document, "config", f.config)
	return yaml.Marshal(document)
}
