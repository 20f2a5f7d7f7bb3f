package bridge

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	// The table is held against this SDK, as against the others, which the program uses.
	_ "github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// sdkTypes are the structs of an SDK module, with the names in their pulumi tags.
type sdkTypes map[string]map[string]ast.Expr

var sdkModules sync.Map

// sdk reads the official Go SDK of a module from where the build finds it.
func sdk(t *testing.T, module string) sdkTypes {
	t.Helper()
	if cached, ok := sdkModules.Load(module); ok {
		return cached.(sdkTypes)
	}
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}",
		"github.com/pulumi/pulumi-azure-native-sdk/"+module+"/v2").Output()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "*.go"))
	require.NoError(t, err)
	types := sdkTypes{}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range parsed.Decls {
			gen, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range gen.Specs {
				typ, ok := spec.(*ast.TypeSpec)
				if !ok {
					continue
				}
				if st, ok := typ.Type.(*ast.StructType); ok {
					types[typ.Name.Name] = tagged(st)
				}
			}
		}
	}
	sdkModules.Store(module, types)
	return types
}

func tagged(st *ast.StructType) map[string]ast.Expr {
	members := map[string]ast.Expr{}
	for _, field := range st.Fields.List {
		if field.Tag != nil {
			if name := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("pulumi"); name != "" {
				members[name] = field.Type
			}
		}
	}
	return members
}

// Every input of the official SDK, at every depth, is one that the table and the published shape accept, and the other
// way round: nothing a program can say is lost, and nothing is misnamed.
func TestTableHasTheInputsOfTheSDK(t *testing.T) {
	for tok, typ := range resourceTypes() {
		t.Run(tok, func(t *testing.T) {
			module, name, _ := strings.Cut(tok, ":")
			types := sdk(t, module)
			args, ok := types[firstLower(name)+"Args"]
			require.True(t, ok, "the SDK has no arguments of %s", tok)
			want := map[string]ast.Expr{}
			for input, expr := range args {
				want[input] = expr
			}
			for _, param := range typ.params {
				assert.Contains(t, want, param, "parameter of the path")
				if p := typ.body.prop(param); p == nil || p.readOnly {
					delete(want, param)
				}
			}
			compareObject(t, types, "", want, typ.body)
		})
	}
}

func compareObject(t *testing.T, types sdkTypes, path string, want map[string]ast.Expr, o *object) {
	members := map[string]*property{}
	for _, p := range o.props {
		if !p.readOnly {
			members[p.sdk] = p
		}
	}
	if !assert.Equal(t, names(want), names(members), "inputs at %q", path) {
		return
	}
	for name, p := range members {
		compareValue(t, types, join(path, name), want[name], p.value)
	}
}

func compareValue(t *testing.T, types sdkTypes, path string, expr ast.Expr, v *value) {
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	switch expr := expr.(type) {
	case *ast.Ident:
		if members, ok := types[expr.Name]; ok {
			if assert.Equal(t, azuretypes.Object, v.kind, "kind of %q", path) {
				compareObject(t, types, path, members, v.object)
			}
			return
		}
		switch expr.Name {
		case "string":
			assert.Equal(t, azuretypes.String, v.kind, "kind of %q", path)
		case "bool":
			assert.Equal(t, azuretypes.Bool, v.kind, "kind of %q", path)
		case "int", "float64":
			assert.Contains(t, []azuretypes.Kind{azuretypes.Int, azuretypes.Number}, v.kind, "kind of %q", path)
		default:
			assert.Equal(t, azuretypes.String, v.kind, "kind of the enumeration %q", path)
		}
	case *ast.ArrayType:
		if v.stringSet {
			assert.Equal(t, "string", fmt.Sprint(expr.Elt), "keys of %q", path)
			return
		}
		if assert.Equal(t, azuretypes.Array, v.kind, "kind of %q", path) {
			compareValue(t, types, path+"[]", expr.Elt, v.items)
		}
	case *ast.MapType:
		if assert.Equal(t, azuretypes.Map, v.kind, "kind of %q", path) {
			compareValue(t, types, path+"{}", expr.Value, v.items)
		}
	}
}

// Every output of the SDK is one that the bridge fills from a response, and predicts as unknown in a preview.
func TestTableHasTheOutputsOfTheSDK(t *testing.T) {
	for tok, typ := range resourceTypes() {
		t.Run(tok, func(t *testing.T) {
			module, name, _ := strings.Cut(tok, ":")
			foretold := typ.predict(nil)
			types := sdk(t, module)
			for output, expr := range types[name] {
				assert.True(t, foretold.HasValue(resource.PropertyKey(output)), output)
				if p := typ.body.prop(output); p != nil {
					compareOutput(t, types, output, expr, p.value)
				}
			}
		})
	}
}

// compareOutput looks for the members of a response type of the SDK, at every depth.
func compareOutput(t *testing.T, types sdkTypes, path string, expr ast.Expr, v *value) {
	var name string
	switch expr := expr.(type) {
	case *ast.StarExpr:
		compareOutput(t, types, path, expr.X, v)
		return
	case *ast.ArrayType:
		compareOutput(t, types, path, expr.Elt, v)
		return
	case *ast.MapType:
		compareOutput(t, types, path, expr.Value, v)
		return
	case *ast.Ident: // inside a response type
		name = expr.Name
	case *ast.SelectorExpr: // pulumi.StringOutput and the like
		return
	}
	for _, suffix := range []string{"Output", "Ptr", "Array", "Map"} {
		name = strings.TrimSuffix(name, suffix)
	}
	members, ok := types[name]
	if !ok {
		return
	}
	for v.items != nil {
		v = v.items
	}
	if !assert.NotNil(t, v.object, "%q is %s in the SDK", path, name) {
		return
	}
	for member, expr := range members {
		at := join(path, member)
		if p := v.object.prop(member); assert.NotNil(t, p, "%q is not in the published type", at) {
			compareOutput(t, types, at, expr, p.value)
		}
	}
}

// What the table says of single properties is about properties that there are.
func TestTableNamesExistingProperties(t *testing.T) {
	for tok, typ := range resourceTypes() {
		t.Run(tok, func(t *testing.T) {
			for _, path := range typ.definition.replace {
				o := typ.body
				for _, name := range strings.Split(path, ".") {
					p := o.prop(name)
					require.NotNil(t, p, "replace: %s", path)
					o = p.value.object
				}
			}
			for _, path := range typ.lists {
				assert.NotNil(t, find(typ, path), "lists: %s", path)
			}
			for _, path := range typ.readOnly {
				assert.NotNil(t, find(typ, path), "readOnly: %s", path)
			}
			for path := range typ.renames {
				assert.NotNil(t, find(typ, path), "renames: %s", path)
			}
			for name := range typ.implicit {
				assert.NotNil(t, typ.body.prop(name), "implicit: %s", name)
			}
			for name := range typ.defaults {
				assert.NotNil(t, typ.body.prop(name), "defaults: %s", name)
			}
		})
	}
}

func find(typ *resourceType, path string) *azuretypes.Shape {
	published, ok := azuretypes.Lookup(typ.arm, typ.version)
	if !ok {
		return nil
	}
	shape := published.Body
	for _, name := range strings.Split(path, ".") {
		for shape.Items != nil {
			shape = shape.Items
		}
		p := shape.Prop(name)
		if p == nil {
			return nil
		}
		shape = p.Shape
	}
	return shape
}

// A request that is made of every input there is has nothing that the published type does not have, and lacks nothing.
func TestRequestsFitThePublishedTypes(t *testing.T) {
	for tok, typ := range resourceTypes() {
		if tok == blobToken {
			continue
		}
		t.Run(tok, func(t *testing.T) {
			inputs := sample(typ.body)
			for _, param := range typ.params {
				if inputs[param] == nil {
					inputs[param] = "name"
				}
			}
			inputs["__createBeforeDelete"] = true
			body := typ.requestBody(inputs)
			encoded, err := json.Marshal(body)
			require.NoError(t, err)
			var decoded map[string]any
			require.NoError(t, json.Unmarshal(encoded, &decoded))

			published, _ := azuretypes.Lookup(typ.arm, typ.version)
			for _, v := range published.ValidateWrite(decoded) {
				assert.NotContains(t, []azuretypes.ViolationCode{azuretypes.UnknownProperty,
					azuretypes.MissingProperty, azuretypes.WrongType}, v.Code, v.String())
			}
			assert.Equal(t, decoded, published.StripReadOnly(decoded), "read-only properties in the request")
		})
	}
}

// sample gives every input of an object a value.
func sample(o *object) map[string]any {
	for _, name := range names(o.variants) {
		o = o.variants[name]
		break
	}
	out := map[string]any{}
	for _, p := range o.props {
		switch {
		case p.readOnly:
		case p.constant != "":
			out[p.sdk] = p.constant
		default:
			out[p.sdk] = sampleValue(p.value)
		}
	}
	return out
}

func sampleValue(v *value) any {
	switch {
	case v.stringSet:
		return []any{"/subscriptions/s"}
	case v.kind == azuretypes.Object:
		return sample(v.object)
	case v.kind == azuretypes.Array:
		return []any{sampleValue(v.items)}
	case v.kind == azuretypes.Map:
		return map[string]any{"key": sampleValue(v.items)}
	case v.kind == azuretypes.Bool:
		return true
	case v.kind == azuretypes.Int, v.kind == azuretypes.Number:
		return 1.0
	case len(v.shape.Enum) > 0:
		return v.shape.Enum[0]
	default:
		return "text"
	}
}

func names[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func firstLower(name string) string {
	return string(unicode.ToLower(rune(name[0]))) + name[1:]
}
