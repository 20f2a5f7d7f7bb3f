package provider

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// sources are the structs of a Go package by name, as their source has them.
type sources map[string]*structSource

// structSource is what the source of a struct says beyond what can be inferred from its compiled type.
type structSource struct {
	comment string
	// fields are its tagged fields, by property name.
	fields map[string]fieldSource
}

type fieldSource struct {
	comment string
	// plain is set for a list or map whose type is no Pulumi input, such as []string.
	plain bool
}

// readSources reads the Go files of a folder, without its tests.
func readSources(folder string) (sources, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	read := sources{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("read the components' documentation: %w", err)
		}
		for _, declaration := range parsed.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok {
				read.add(general)
			}
		}
	}
	if len(read) == 0 {
		return nil, fmt.Errorf("read the components' documentation: no structs in %s", folder)
	}
	return read, nil
}

// add takes in the structs of a declaration.
func (s sources) add(declaration *ast.GenDecl) {
	for _, spec := range declaration.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		structure, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		comment := named.Doc
		if comment == nil {
			comment = declaration.Doc
		}
		source := &structSource{comment: runningText(comment.Text()), fields: map[string]fieldSource{}}
		for _, field := range structure.Fields.List {
			if property := propertyName(field); property != "" {
				source.fields[property] = fieldSource{runningText(field.Doc.Text()), isPlain(field.Type)}
			}
		}
		s[named.Name.Name] = source
	}
}

// propertyName is the name in a field's pulumi tag, empty for a field without.
func propertyName(field *ast.Field) string {
	if field.Tag == nil {
		return ""
	}
	tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
	name, _, _ := strings.Cut(tag.Get("pulumi"), ",")
	return name
}

func isPlain(fieldType ast.Expr) bool {
	switch fieldType.(type) {
	case *ast.ArrayType, *ast.MapType:
		return true
	}
	return false
}

// docLink is a link to a Go type in a comment.
var docLink = regexp.MustCompile(`\[([A-Z]\w*)\]`)

// runningText is a comment without the line breaks of the source and without Go's links.
func runningText(comment string) string {
	comment = docLink.ReplaceAllString(comment, "$1")
	paragraphs := strings.Split(strings.TrimSpace(comment), "\n\n")
	for i, paragraph := range paragraphs {
		paragraphs[i] = strings.Join(strings.Fields(paragraph), " ")
	}
	return strings.Join(paragraphs, "\n\n")
}

// complete adds to an inferred schema what the source says: documentation, and which lists and maps are plain. Its
// error names everything that has no comment.
func (s sources) complete(spec *schema.PackageSpec) error {
	var missing []error
	describe := func(typeName string, properties map[string]schema.PropertySpec, inputs bool) string {
		source := s[typeName]
		if source == nil {
			source = &structSource{}
		}
		if source.comment == "" {
			missing = append(missing, fmt.Errorf("%s has no comment", typeName))
		}
		for _, name := range slices.Sorted(maps.Keys(properties)) {
			property, field := properties[name], source.fields[name]
			if property.Description = field.comment; field.comment == "" {
				missing = append(missing, fmt.Errorf("property %s of %s has no comment", name, typeName))
			}
			property.Plain = property.Plain || inputs && field.plain
			properties[name] = property
		}
		return source.comment
	}
	inputs := inputTypes(spec)
	for _, tok := range slices.Sorted(maps.Keys(spec.Resources)) {
		resource := spec.Resources[tok]
		resource.Description = describe(typeName(tok), resource.Properties, false)
		describe(typeName(tok)+"Args", resource.InputProperties, true)
		spec.Resources[tok] = resource
	}
	for _, tok := range slices.Sorted(maps.Keys(spec.Types)) {
		object := spec.Types[tok]
		object.Description = describe(typeName(tok), object.Properties, inputs[tok])
		spec.Types[tok] = object
	}
	return errors.Join(missing...)
}

// typeName is the name in a token.
func typeName(tok string) string { return tok[strings.LastIndex(tok, ":")+1:] }

// inputTypes are the tokens of the types that occur in the inputs of resources.
func inputTypes(spec *schema.PackageSpec) map[string]bool {
	found := map[string]bool{}
	var visit func(schema.TypeSpec)
	visit = func(t schema.TypeSpec) {
		if t.Items != nil {
			visit(*t.Items)
		}
		if t.AdditionalProperties != nil {
			visit(*t.AdditionalProperties)
		}
		if tok := strings.TrimPrefix(t.Ref, "#/types/"); tok != "" && !found[tok] {
			found[tok] = true
			for _, property := range spec.Types[tok].Properties {
				visit(property.TypeSpec)
			}
		}
	}
	for _, resource := range spec.Resources {
		for _, property := range resource.InputProperties {
			visit(property.TypeSpec)
		}
	}
	return found
}
