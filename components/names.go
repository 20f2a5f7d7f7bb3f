package components

import "github.com/crossorg/crossorg/internal/rules"

// autoNameSuffix is how many random characters azure-native adds to the logical name of a top-level resource.
const autoNameSuffix = 8

// autoNamed bounds a logical name so that it still fits once auto-naming has added its random characters.
func autoNamed(name string, limit int, allowed rules.Alphabet) string {
	return rules.BoundedName(name, limit-autoNameSuffix, allowed)
}
