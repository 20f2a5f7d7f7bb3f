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

// Paths are the ids of Pulumi's resource types by token without the package ("storage:StorageAccount"), with the names
// of the inputs that make up an id in braces. The last one is the resource's own name.
func Paths() map[string]string {
	paths := map[string]string{blobToken: blobDefinition.path}
	for _, d := range definitions {
		paths[d.token] = d.path
	}
	return paths
}
