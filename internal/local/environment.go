package local

import (
	"os"
	"strings"
)

// foreign are the variables of the parent that a local run must not see: real Azure credentials, and settings of the
// user's own Pulumi that would change where the run goes.
var foreign = []string{"ARM_", "AZURE_", "MSI_", "IDENTITY_", "IMDS_", "PULUMI_", "CROSSORG_"}

// kept are exceptions of foreign: switches of the engine that change how it works, not where.
var kept = map[string]bool{
	"PULUMI_SKIP_CHECKPOINTS":   true,
	"PULUMI_DISABLE_JOURNALING": true,
	"PULUMI_EXPERIMENTAL":       true,
	"PULUMI_PARALLEL":           true,
}

// cleanEnvironment is the parent's environment without foreign variables.
func cleanEnvironment(parent []string) []string {
	var env []string
	for _, entry := range parent {
		name, _, _ := strings.Cut(entry, "=")
		if kept[name] || !hasAnyPrefix(strings.ToUpper(name), foreign) {
			env = append(env, entry)
		}
	}
	return env
}

func hasAnyPrefix(s string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// withPath puts folders before the PATH of env.
func withPath(env []string, dirs ...string) []string {
	first := strings.Join(dirs, string(os.PathListSeparator))
	out := make([]string, 0, len(env)+1)
	found := false
	for _, entry := range env {
		if name, value, _ := strings.Cut(entry, "="); strings.EqualFold(name, "PATH") && !found {
			entry = name + "=" + first + string(os.PathListSeparator) + value
			found = true
		}
		out = append(out, entry)
	}
	if !found {
		out = append(out, "PATH="+first)
	}
	return out
}
