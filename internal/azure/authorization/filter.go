package authorization

import (
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/odata"
)

// conditionsOf reads the request's $filter: conditions joined by and, each one of the known, such as atScope(),
// assignedTo('<id>') and principalId eq '<id>'. It returns their values by name in lower case.
// Source: https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest
func conditionsOf(c *arm.Call, known ...string) (map[string]string, *arm.Error) {
	filter, aerr := c.Filter()
	if aerr != nil || filter == nil {
		return nil, aerr
	}
	found := map[string]string{}
	if addConditions(found, filter, known) {
		return found, nil
	}
	return nil, c.InvalidFilter("it may have the conditions " + strings.Join(known, ", ") + ", each once, with and")
}

// addConditions adds the conditions of a filter; false says that one is unknown or has been given before.
func addConditions(found map[string]string, filter odata.Filter, known []string) bool {
	name, value := "", ""
	switch f := filter.(type) {
	case odata.And:
		return addConditions(found, f.Left, known) && addConditions(found, f.Right, known)
	case odata.Compare:
		if f.Operator != "eq" {
			return false
		}
		name, value = f.Property, f.Value
	case odata.Call:
		switch {
		case len(f.Arguments) == 1 && f.Arguments[0].Quoted:
			value = f.Arguments[0].Text
		case len(f.Arguments) > 0:
			return false
		}
		name = f.Function
	default:
		return false
	}
	key := strings.ToLower(name)
	if _, twice := found[key]; twice {
		return false
	}
	found[key] = value
	return slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
}

// differs reports whether a condition asks for another value. Ids and names are compared without regard to letter case.
func differs(asked map[string]string, condition, value string) bool {
	want, ok := asked[condition]
	return ok && !strings.EqualFold(want, value)
}
