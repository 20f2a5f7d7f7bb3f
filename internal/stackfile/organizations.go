package stackfile

import (
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Organization is where an organization is deployed, and as whom. Empty fields mean the login of the
// environment.
type Organization struct {
	SubscriptionID string     `json:"subscriptionId"`
	TenantID       string     `json:"tenantId"`
	Principal      *Principal `json:"principal"`
}

// Principal is a service principal that deploys an organization.
type Principal struct {
	ClientID string `json:"clientId"`
	// UseOIDC signs in with a federated token instead of a secret.
	UseOIDC bool `json:"useOidc"`
}

// ClientID is the client id of the organization's own principal, or empty.
func (o Organization) ClientID() string {
	if o.Principal == nil {
		return ""
	}
	return o.Principal.ClientID
}

// organizationsKey is the key of the organizations by name.
const organizationsKey = "organizations"

// Organizations are the stack's organizations by name. What cannot be read of them, and ids that are none, are
// Problems: a run hands the ids to an Azure, which keeps them.
func (f *File) Organizations() (map[string]Organization, error) {
	organizations := map[string]Organization{}
	if err := f.Decode(organizationsKey, &organizations); err != nil {
		return nil, err
	}
	faults := newFaults(f.Path)
	said := f.lookup(organizationsKey)
	faults.ids(f.key(organizationsKey), said, organizations)
	return organizations, faults.err()
}

// ParseOrganizations reads organizations by name from a value as Pulumi hands it to a program; an empty one has none.
// The error is Problems.
func ParseOrganizations(value string) (map[string]Organization, error) {
	organizations := map[string]Organization{}
	if value == "" {
		return organizations, nil
	}
	faults := newFaults("the stack file")
	key := "crossorg:" + organizationsKey
	if err := json.Unmarshal([]byte(value), &organizations); err != nil {
		faults.mistyped(key, nil, err)
		return nil, faults.err()
	}
	faults.ids(key, nil, organizations)
	return organizations, faults.err()
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// ids checks that the ids of organizations are GUIDs. The node is the value in the file, nil where there is none.
func (f *faults) ids(key string, said *yaml.Node, organizations map[string]Organization) {
	for _, name := range slices.Sorted(maps.Keys(organizations)) {
		o := organizations[name]
		for _, id := range []struct{ field, value string }{
			{"tenantId", o.TenantID}, {"subscriptionId", o.SubscriptionID}, {"principal.clientId", o.ClientID()},
		} {
			if id.value == "" || guid.MatchString(id.value) {
				continue
			}
			at := lookup(said, name)
			for step := range strings.SplitSeq(id.field, ".") {
				at = lookup(at, step)
			}
			f.add(lineOf(at), key+"."+ShownName(name)+"."+id.field, "not a GUID",
				"write the id, such as 11111111-2222-3333-4444-555555555555, and not a name")
		}
	}
}

// mistyped says which value a JSON decoder could not take. The node is the value of the key in the file, nil where
// there is none.
func (f *faults) mistyped(key string, said *yaml.Node, err error) {
	wanted := "an object"
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		for step := range strings.SplitSeq(kind.Field, ".") {
			if step != "" {
				key, said = key+"."+step, lookup(said, step)
			}
		}
		switch kind.Type.Kind() {
		case reflect.String:
			wanted = "text"
		case reflect.Bool:
			wanted = "true or false"
		case reflect.Slice:
			wanted = "a list"
		}
	}
	f.add(lineOf(said), key, "not "+wanted, "write "+wanted)
}

// lineOf is the line of a node, 0 without one.
func lineOf(n *yaml.Node) int {
	if n == nil {
		return 0
	}
	return n.Line
}
