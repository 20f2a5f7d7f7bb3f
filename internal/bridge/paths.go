package bridge

import (
	"fmt"
	"net/url"
	"strings"
)

// resourceID fills the type's path with inputs. subscription serves when the type has no input of that name.
func (t *resourceType) resourceID(inputs map[string]any, subscription string) (string, error) {
	var problem error
	id := parameter.ReplaceAllStringFunc(t.path, func(match string) string {
		name := match[1 : len(match)-1]
		given, ok := inputs[name]
		if !ok && name == "subscriptionId" {
			given = subscription
		}
		text, ok := given.(string)
		if scopeParameter(name) {
			text = strings.Trim(text, "/")
		}
		if !ok || text == "" {
			problem = fmt.Errorf("expected string value for path parameter '%s', got %T", name, given)
			return ""
		}
		if scopeParameter(name) {
			return text
		}
		return url.PathEscape(text)
	})
	return id, problem
}

// parameters reads the inputs of the path from an id. Scopes begin with a slash, as ids do.
func (t *resourceType) parameters(id string) (map[string]any, error) {
	match := t.id.FindStringSubmatch(id)
	if match == nil {
		return nil, fmt.Errorf("id %q does not fit %s", id, t.path)
	}
	inputs := map[string]any{}
	for i, name := range t.idNames {
		text := match[i+1]
		switch {
		case name == "subscriptionId":
			continue
		case scopeParameter(name):
			text = "/" + strings.Trim(text, "/")
		default:
			plain, err := url.PathUnescape(text)
			if err != nil {
				return nil, fmt.Errorf("id %q: %w", id, err)
			}
			text = plain
		}
		inputs[name] = text
	}
	return inputs, nil
}

// naming is how a name that the program leaves out is made.
type naming int

const (
	randomName naming = iota // the logical name and eight hexadecimal digits
	copiedName               // the logical name
	uuidName                 // a UUID
)

// autoName says which input is the resource's own name and how it is made: children of another resource take the
// logical name as it is, everything else gets a random suffix, and role assignments are UUIDs.
func (t *resourceType) autoName() (param string, kind naming) {
	param = t.idNames[len(t.idNames)-1]
	if param == "roleAssignmentName" {
		return param, uuidName
	}
	parts := strings.Split(strings.ToLower(t.path), "microsoft.")
	if len(parts) == 1 || strings.Count(parts[len(parts)-1], "{") == 1 {
		return param, randomName
	}
	return param, copiedName
}
