package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"gopkg.in/yaml.v3"
)

// Project is a Pulumi project in a folder of the file system.
type Project struct {
	// Dir is the absolute folder that holds Pulumi.yaml.
	Dir string
	// Name is the project's name, which is also the namespace of its configuration.
	Name string
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
			return openProject(at)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		up := filepath.Dir(at)
		if up == at {
			return nil, fmt.Errorf("no Pulumi.yaml in %s or above it: change into the project's folder, or name it "+
				"with --project", start)
		}
		at = up
	}
}

func openProject(dir string) (*Project, error) {
	path := filepath.Join(dir, "Pulumi.yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	p := &Project{Dir: dir}
	if err := yaml.Unmarshal(raw, &p.document); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var fields struct {
		Name string `yaml:"name"`
	}
	if err := p.document.Decode(&fields); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if fields.Name == "" {
		return nil, fmt.Errorf("%s has no name: a project needs one", path)
	}
	p.Name = fields.Name
	return p, nil
}

// StackFile is the path of the repository's configuration of a stack; the file need not exist.
func (p *Project) StackFile(stack string) string {
	return filepath.Join(p.Dir, "Pulumi."+stack+".yaml")
}

// Stacks are the names of the stacks that the repository has configuration for, sorted.
func (p *Project) Stacks() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(p.Dir, "Pulumi.*.yaml"))
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "Pulumi."), ".yaml"))
	}
	sort.Strings(names)
	return names, nil
}

// localProject is Pulumi.yaml for a home folder: the program runs where it is, and the state lies in the home.
func (p *Project) localProject(home *Home) ([]byte, error) {
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
	fields["backend"] = map[string]any{"url": home.BackendURL()}
	return yaml.Marshal(fields)
}
