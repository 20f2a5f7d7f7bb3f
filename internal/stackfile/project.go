// Package stackfile finds Pulumi projects and reads their Pulumi.yaml and stack files, with the defaults that
// Pulumi.yaml declares. It also makes the copy of a stack file that a run in another place works on. What it reads it
// never writes.
package stackfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Project is a Pulumi project in a folder of the file system.
type Project struct {
	// Dir is the absolute folder that holds Pulumi.yaml.
	Dir string
	// Name is the project's name, which is also the namespace of its configuration.
	Name string
	// Runtime is what runs the program: "go", "nodejs", "python", ...
	Runtime string
	// document is Pulumi.yaml as it stands in the folder.
	document yaml.Node
}

// FindProject opens the project whose Pulumi.yaml is in dir or in the nearest folder above it.
func FindProject(dir string) (*Project, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for at := start; ; {
		_, err := os.Stat(filepath.Join(at, "Pulumi.yaml"))
		if err == nil {
			return OpenProject(at)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		up := filepath.Dir(at)
		if up == at {
			return nil, fmt.Errorf("no Pulumi.yaml in %s or above it: "+
				"change into the project's folder, or name it with --project", start)
		}
		at = up
	}
}

// OpenProject opens the project whose Pulumi.yaml is in dir.
func OpenProject(dir string) (*Project, error) {
	path := filepath.Join(dir, "Pulumi.yaml")
	raw, err := readFile(path)
	if err != nil {
		return nil, err
	}
	document, err := decode(path, raw)
	if err != nil {
		return nil, err
	}
	f := newFaults(path)
	if document == nil || document.Content[0].Kind != yaml.MappingNode {
		f.add(0, "", "not a project file", "write the project's name, runtime and config as keys at its top")
		return nil, f.err()
	}
	f.values(document.Content[0], "")
	p := &Project{Dir: dir, document: *document}
	if p.Name = scalar(lookup(p.top(), "name")); p.Name == "" {
		f.add(0, "name", "missing", "set the project's name, the namespace of its configuration")
	}
	// The runtime stands alone, or under "name" beside its options.
	runtime := lookup(p.top(), "runtime")
	if p.Runtime = scalar(runtime); p.Runtime == "" {
		p.Runtime = scalar(lookup(runtime, "name"))
	}
	return p, f.err()
}

// stackName matches names that Pulumi's file backend accepts and that are safe in a file's name.
var stackName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)

// CheckStackName returns an error for an invalid name of a stack.
func CheckStackName(name string) error {
	if !stackName.MatchString(name) {
		return fmt.Errorf("%q cannot be the name of a stack: up to 100 letters, digits, hyphens, underscores and dots",
			name)
	}
	return nil
}

// StackFile is the path of the project's configuration of a stack; the file need not exist.
func (p *Project) StackFile(stack string) string { return StackFile(p.Dir, stack) }

// StackFile is the path of a stack's configuration in a folder.
func StackFile(dir, stack string) string { return filepath.Join(dir, "Pulumi."+stack+".yaml") }

// Stacks are the names of the stacks that the project has configuration for, sorted.
func (p *Project) Stacks() ([]string, error) {
	files, err := filepath.Glob(StackFile(p.Dir, "*"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "Pulumi."), ".yaml"))
	}
	slices.Sort(names)
	return names, nil
}

// Elsewhere is a Pulumi.yaml for another folder: the program runs where it is, and the state lies at the backend's URL.
func (p *Project) Elsewhere(backendURL string) ([]byte, error) {
	var fields map[string]any
	if err := p.document.Decode(&fields); err != nil {
		return nil, err
	}
	main := p.Dir
	if sub, ok := fields["main"].(string); ok && sub != "" {
		main = sub
		if !filepath.IsAbs(sub) {
			main = filepath.Join(p.Dir, sub)
		}
	}
	fields["main"] = main
	if dir := p.Virtualenv(); dir != "" {
		fields["runtime"].(map[string]any)["options"].(map[string]any)["virtualenv"] = dir
	}
	fields["backend"] = map[string]any{"url": backendURL}
	return yaml.Marshal(fields)
}

// Virtualenv is the absolute folder of a Python program's virtual environment; empty without one.
func (p *Project) Virtualenv() string {
	dir := scalar(lookup(lookup(lookup(p.top(), "runtime"), "options"), "virtualenv"))
	if dir == "" || filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(p.Dir, dir)
}

// top is the mapping at the top of Pulumi.yaml.
func (p *Project) top() *yaml.Node {
	if len(p.document.Content) == 0 {
		return nil
	}
	return p.document.Content[0]
}
