// Package azuremock answers a Pulumi program as Azure would, within the test's own process: it gives names and ids,
// computes what Azure computes, refuses what Azure refuses about names and parents, and keeps all registrations for a
// look afterwards. It has no state beyond one run.
package azuremock

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/bridge"
)

// Identity of a login that names no subscription, tenant or principal.
const (
	DefaultSubscription = "00000000-0000-0000-0000-00000000000a"
	DefaultTenant       = "00000000-0000-0000-0000-00000000000b"
	DefaultPrincipal    = "00000000-0000-0000-0000-00000000000c"
)

// AutoName takes the place of the eight random characters of auto-naming.
const AutoName = "1a2b3c4d"

// Options of a run. The zero value is an update without configuration.
type Options struct {
	// Stack is the stack's name; empty means "test".
	Stack string
	// Config is configuration with full keys, "crossorg:environment".
	Config map[string]string
	// Secrets are the keys of Config that are secret.
	Secrets []string
	// Preview runs the program as a preview does.
	Preview bool
	// RoleAssignedOn is when role assignments say they were created; the zero time means now.
	RoleAssignedOn time.Time
}

// Resource is one registration.
type Resource struct {
	Type, Name, URN, ID string
	// Custom is false for a component.
	Custom bool
	// Parent is a URN, Provider the logical name of the explicit provider, if any.
	Parent, Provider string
	Protect          bool
	Inputs           resource.PropertyMap
	Outputs          resource.PropertyMap
	// Dependencies are the URNs that must exist before and are deleted after.
	Dependencies []string
	// ReplaceOnChanges and DeleteBeforeReplace as registered.
	ReplaceOnChanges []string
	// Aliases are other URNs and other names that the resource may have in a stack that stands.
	Aliases             []string
	DeleteBeforeReplace bool
}

// Input is an input by its path, "sku.name", in plain Go: secrets opened, numbers as float64, nil when there is none.
func (r Resource) Input(path string) any { return at(r.Inputs, path) }

// Output is the same for what Azure answered.
func (r Resource) Output(path string) any { return at(r.Outputs, path) }

func at(properties resource.PropertyMap, path string) any {
	value := resource.NewProperty(properties)
	for part := range strings.SplitSeq(path, ".") {
		for value.IsSecret() {
			value = value.SecretValue().Element
		}
		if !value.IsObject() {
			return nil
		}
		value = value.ObjectValue()[resource.PropertyKey(part)]
	}
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	return value.Mappable()
}

// Azure is one run's registrations.
type Azure struct {
	options Options

	mu        sync.Mutex
	resources []Resource
}

// Run runs a program and returns what it registered.
func Run(program pulumi.RunFunc, options Options) (*Azure, error) {
	if options.Stack == "" {
		options.Stack = "test"
	}
	a := &Azure{options: options}
	err := pulumi.RunErr(program, pulumi.WithMocks("crossorg", options.Stack, a), func(info *pulumi.RunInfo) {
		info.Config, info.ConfigSecretKeys, info.DryRun = options.Config, options.Secrets, options.Preview
	})
	return a, err
}

// MustRun is Run for a program that has to succeed.
func MustRun(t *testing.T, program pulumi.RunFunc, options Options) *Azure {
	t.Helper()
	a, err := Run(program, options)
	require.NoError(t, err)
	return a
}

// Resources are all registrations, in order of their URN.
func (a *Azure) Resources() []Resource {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.SortedFunc(slices.Values(a.resources),
		func(x, y Resource) int { return strings.Compare(x.URN, y.URN) })
}

// OfType are the registrations of a type, by the end of its token: "storage:Blob".
func (a *Azure) OfType(kind string) []Resource {
	return slices.DeleteFunc(a.Resources(), func(r Resource) bool { return !r.is(kind) })
}

// Get is the one registration of a type and a logical name.
func (a *Azure) Get(t *testing.T, kind, name string) Resource {
	t.Helper()
	var names []string
	for _, r := range a.OfType(kind) {
		if r.Name == name {
			return r
		}
		names = append(names, r.Name)
	}
	require.Failf(t, "no such resource", "%s %q; there are %q", kind, name, names)
	return Resource{}
}

func (r Resource) is(kind string) bool { return strings.HasSuffix(r.Type, ":"+kind) }

// Waits reports whether r is created after other, directly or through what lies between.
func (a *Azure) Waits(r, other Resource) bool {
	byURN := map[string]Resource{}
	for _, x := range a.Resources() {
		byURN[x.URN] = x
	}
	seen := map[string]bool{}
	var reaches func(urn string) bool
	reaches = func(urn string) bool {
		if urn == other.URN {
			return true
		}
		if seen[urn] {
			return false
		}
		seen[urn] = true
		return slices.ContainsFunc(byURN[urn].Dependencies, reaches)
	}
	return r.URN != other.URN && reaches(r.URN)
}

// Call answers an invoke.
func (a *Azure) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	c := a.client(args.Provider)
	switch args.Token {
	case "azure-native:storage:listStorageAccountServiceSAS":
		return resource.NewPropertyMapFromMap(map[string]any{"serviceSasToken": "sv=2022-11-02&sr=b&sp=r&sig=" +
			stable("sas", args.Args["canonicalizedResource"].String())}), nil
	case "pulumi:pulumi:readStackOutputs":
		// No stack stands before.
		return resource.PropertyMap{"outputs": resource.NewProperty(resource.PropertyMap{})}, nil
	case "azure-native:authorization:getClientConfig":
	default:
		return nil, fmt.Errorf("invoke %s is not known here", args.Token)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"clientId": c.principal, "objectId": c.principal, "subscriptionId": c.subscription, "tenantId": c.tenant,
	}), nil
}

// login is what a provider instance signs in as.
type login struct{ name, subscription, tenant, principal string }

// client is the login behind a provider reference, "urn::id".
func (a *Azure) client(reference string) login {
	c := login{subscription: DefaultSubscription, tenant: DefaultTenant, principal: DefaultPrincipal}
	for _, r := range a.OfType("azure-native") {
		if r.Type != "pulumi:providers:azure-native" || !strings.HasPrefix(reference, r.URN+"::") {
			continue
		}
		c.name = r.Name
		if v, ok := r.Input("subscriptionId").(string); ok {
			c.subscription = v
		}
		if v, ok := r.Input("tenantId").(string); ok {
			c.tenant = v
		}
		if v, ok := r.Input("clientId").(string); ok {
			c.principal = stable("principal", v)
		}
	}
	return c
}

// stable is an id made of what identifies its bearer.
func stable(parts ...string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.Join(parts, "\x00"))).String()
}

// NewResource answers a registration.
func (a *Azure) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	rpc := args.RegisterRPC
	r := Resource{
		Type: args.TypeToken, Name: args.Name, Custom: args.Custom, Inputs: args.Inputs,
		Parent: rpc.GetParent(), Protect: rpc.GetProtect(), Dependencies: rpc.GetDependencies(),
		ReplaceOnChanges: rpc.GetReplaceOnChanges(), DeleteBeforeReplace: rpc.GetDeleteBeforeReplace(),
	}
	for _, alias := range rpc.GetAliases() {
		// Aliases of the SDK's own name other types.
		if former := cmp.Or(alias.GetUrn(), alias.GetSpec().GetName()); former != "" {
			r.Aliases = append(r.Aliases, former)
		}
	}
	parentType := tokens.Type("")
	if p := resource.URN(rpc.GetParent()); p != "" && p.QualifiedType() != resource.RootStackType {
		parentType = p.QualifiedType()
	}
	r.URN = string(resource.NewURN(tokens.QName(a.options.Stack), "crossorg", parentType, tokens.Type(r.Type), r.Name))

	switch {
	case !r.Custom:
		r.Outputs = args.Inputs
	case strings.HasPrefix(r.Type, "pulumi:providers:"):
		r.ID, r.Outputs = stable("provider", r.Name), args.Inputs
	default:
		client := a.client(args.Provider)
		r.Provider = client.name
		if err := a.create(&r, client); err != nil {
			return "", nil, fmt.Errorf("%s %q: %w", r.Type, r.Name, err)
		}
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if slices.ContainsFunc(a.resources, func(x Resource) bool { return x.URN == r.URN }) {
		return "", nil, fmt.Errorf("duplicate resource URN %s", r.URN)
	}
	if r.ID != "" && slices.ContainsFunc(a.resources, func(x Resource) bool { return strings.EqualFold(x.ID, r.ID) }) {
		return "", nil, fmt.Errorf("cannot create already existing resource %s", r.ID)
	}
	a.resources = append(a.resources, r)
	return r.ID, r.Outputs, nil
}

// create names a resource, checks it, and fills in what Azure computes.
func (a *Azure) create(r *Resource, client login) error {
	token := strings.TrimPrefix(r.Type, "azure-native:")
	path, known := bridge.Paths()[token]
	if !known {
		return fmt.Errorf("type is not known here")
	}
	kind := kinds[token]
	parents, nameInput := inputsOf(path)
	name, _ := r.Input(nameInput).(string)
	switch {
	case name != "":
	case len(parents) == 0:
		name = r.Name + AutoName
	default:
		name = r.Name // what has a parent is named as its logical name
	}
	if kind.name != nil && !kind.name.MatchString(name) {
		return fmt.Errorf("%q is no valid name: %s", name, kind.name)
	}
	r.ID = parameter.ReplaceAllStringFunc(path, func(p string) string {
		switch input := strings.Trim(p, "{}"); input {
		case "subscriptionId":
			return client.subscription
		case nameInput:
			return name
		default:
			value, _ := r.Input(input).(string)
			return strings.TrimPrefix(value, "/") // of a scope, which is an id
		}
	})
	if len(parents) > 0 {
		if err := a.parentOf(strings.TrimSuffix(r.ID, "/"+name)); err != nil {
			return err
		}
	}
	r.Outputs = r.Inputs.Copy()
	r.Outputs["name"] = resource.NewProperty(name)
	if kind.computed != nil {
		for key, value := range kind.computed(a, r, name, client) {
			r.Outputs[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		}
	}
	return nil
}

// parameter is an input in a path.
var parameter = regexp.MustCompile(`\{\w+\}`)

// inputsOf returns the inputs of a path that name a resource's parents, and the input that names the resource.
// Subscription, resource group and scope do not count as parents.
func inputsOf(path string) (parents []string, name string) {
	inputs := parameter.FindAllString(path, -1)
	for _, p := range inputs[:len(inputs)-1] {
		switch input := strings.Trim(p, "{}"); input {
		case "subscriptionId", "resourceGroupName", "scope", "resourceUri":
		default:
			parents = append(parents, input)
		}
	}
	return parents, strings.Trim(inputs[len(inputs)-1], "{}")
}

// parentOf refuses children whose parent is not there; collection is the child's id without its name.
func (a *Azure) parentOf(collection string) error {
	parent := collection[:strings.LastIndex(collection, "/")]
	parent = strings.TrimSuffix(parent, "/blobServices/default") // part of every storage account
	if !slices.ContainsFunc(a.Resources(), func(r Resource) bool { return r.ID == parent }) {
		return fmt.Errorf("ParentResourceNotFound: %s", parent)
	}
	return nil
}

// kind is what there is to a type beyond its id.
type kind struct {
	// name is what Azure takes for a name; nil takes any.
	name *regexp.Regexp
	// computed are the properties that Azure adds.
	computed func(a *Azure, r *Resource, name string, client login) map[string]any
}
