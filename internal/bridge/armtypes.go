package bridge

import (
	"slices"
	"strings"
)

// ARMTypes lists the resource types of Azure that programs can use through the bridge, in the order of their names:
// "Microsoft.Storage/storageAccounts".
func ARMTypes() []string {
	var types []string
	for _, d := range definitions {
		if !slices.ContainsFunc(types, func(t string) bool { return strings.EqualFold(t, d.arm) }) {
			types = append(types, d.arm)
		}
	}
	slices.Sort(types)
	return types
}
