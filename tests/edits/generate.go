package main

import (
	"fmt"
	"os"
	"path/filepath"

	"pgregory.net/rapid"
)

type object = map[string]any

// writeSources makes the files that generated configurations upload, below a folder that stands for the project's.
func writeSources(root string) error {
	for name, text := range map[string]string{
		"sources/a.csv": "id,amount\n1,10\n", "sources/b.csv": "id,amount\n2,20\n",
		"sources/folder/one.csv": "id\n1\n", "sources/folder/deep/two.csv": "id\n2\n",
		"sources/other/one.csv": "id\n3\n",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// configurations generates configurations that the program takes. They are few enough names and values that edits meet:
// what moves from share to share, changes its kind, goes and comes back.
func configurations(root string) *rapid.Generator[configuration] {
	return rapid.Custom(func(t *rapid.T) configuration {
		return configuration{
			"protect":       seldom(t, "protect", 30, true, rapid.Just(false)),
			"environment":   rapid.SampledFrom([]string{"dev", "staging"}).Draw(t, "environment"),
			"tags":          object{"purpose": rapid.SampledFrom([]string{"sharing", "tests"}).Draw(t, "purpose")},
			"organizations": organizations(t),
			"shares":        shares(t),
			"storage":       storage(t),
			"keyVault":      vault(t),
			"monitoring":    monitoring(t),
			"governance":    governance(t),
		}
	}).Filter(func(c configuration) bool { return c.valid(root) == nil })
}

var names = []string{"contoso", "fabrikam", "adatum"}

func organizations(t *rapid.T) object {
	all := object{}
	for _, name := range names {
		// One region most of the time: another one makes everything of the organization anew.
		all[name] = object{
			"location": rapid.SampledFrom([]string{"eastus", "eastus", "eastus", "westeurope"}).Draw(t, "location"),
			"tags":     object{"owner": rapid.SampledFrom([]string{"data", "platform"}).Draw(t, "owner")},
		}
	}
	return all
}

func shares(t *rapid.T) object {
	all := object{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"ledger", "journal", "ledger-old"}), 1, 2,
		rapid.ID).Draw(t, "shares") {
		all[name] = share(t)
	}
	return all
}

func share(t *rapid.T) object {
	parties := rapid.SampledFrom([][]any{{"contoso", "fabrikam"}, {"contoso", "fabrikam", "adatum"},
		{"contoso", "adatum"}, {"fabrikam", "contoso"}, {"adatum", "contoso", "fabrikam"}}).Draw(t, "parties")
	s := object{
		"provider": parties[0], "consumers": parties[1:],
		"schedule": object{
			"interval": rapid.SampledFrom([]string{"Day", "Hour"}).Draw(t, "interval"),
			"start":    rapid.SampledFrom([]string{"2025-02-01T02:00:00Z", "2025-03-01T04:30:00Z"}).Draw(t, "start"),
		},
		"description": rapid.SampledFrom([]string{"", "Finance data"}).Draw(t, "description"),
		"terms":       rapid.SampledFrom([]string{"", "Internal use only"}).Draw(t, "terms"),
	}
	if end := rapid.SampledFrom([]string{"", "", "2090-01-01T00:00:00Z"}).Draw(t, "expiration"); end != "" {
		s["expiration"] = end
	}
	sets := object{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"alpha", "beta", "alpha-beta"}), 1, 3,
		rapid.ID).Draw(t, "sets") {
		sets[name] = dataSet(t)
	}
	s["dataSets"] = sets
	return s
}

func dataSet(t *rapid.T) object {
	container := rapid.SampledFrom([]string{"data", "reports"}).Draw(t, "container")
	switch kind := rapid.SampledFrom([]string{"blob", "blob", "folder", "container"}).Draw(t, "kind"); kind {
	case "blob":
		file := rapid.SampledFrom([]string{"a.csv", "b.csv"}).Draw(t, "file")
		path := rapid.SampledFrom([]string{"a.csv", "2025/a.csv", "b.csv"}).Draw(t, "path")
		return object{"kind": kind, "container": container, "path": path, "source": "sources/" + file}
	case "folder":
		return object{"kind": kind, "container": container,
			"path":   rapid.SampledFrom([]string{"2025", "all", "2025/deep"}).Draw(t, "path"),
			"source": rapid.SampledFrom([]string{"sources/folder", "sources/other"}).Draw(t, "source")}
	default:
		return object{"kind": kind, "container": container, "source": "sources/folder"}
	}
}

func storage(t *rapid.T) object {
	s := object{
		"sku": seldom(t, "sku", 15, "Standard_ZRS",
			rapid.SampledFrom([]string{"Standard_LRS", "Standard_GRS"})),
		"accessTier":              rapid.SampledFrom([]string{"Hot", "Hot", "Cool"}).Draw(t, "tier"),
		"softDeleteDays":          rapid.SampledFrom([]int{7, 30}).Draw(t, "days"),
		"coolAfterDays":           rapid.SampledFrom([]int{0, 0, 90}).Draw(t, "cool"),
		"deleteVersionsAfterDays": rapid.SampledFrom([]int{0, 0, 180}).Draw(t, "versions"),
	}
	if ranges := rapid.SampledFrom([]string{"", "", "203.0.113.0/24"}).Draw(t, "ranges"); ranges != "" {
		s["allowedAddressRanges"] = []any{ranges}
	}
	return s
}

func vault(t *rapid.T) object {
	v := object{
		"sku":                  rapid.SampledFrom([]string{"standard", "premium"}).Draw(t, "vaultSku"),
		"enabledForDeployment": rapid.Bool().Draw(t, "deployment"),
		"softDeleteDays":       seldom(t, "retention", 15, 30, rapid.Just(7)),
		"purgeProtection":      seldom(t, "purge", 20, true, rapid.Just(false)),
	}
	return v
}

// seldom is a rare value once in n times: one that Azure does not let go of, so that most updates after it are refused.
func seldom[V any](t *rapid.T, name string, n int, rare V, usual *rapid.Generator[V]) V {
	if rapid.IntRange(1, n).Draw(t, name+" seldom") == n {
		return rare
	}
	return usual.Draw(t, name)
}

func monitoring(t *rapid.T) object {
	m := object{"retentionDays": rapid.SampledFrom([]int{30, 90}).Draw(t, "logs")}
	if rapid.IntRange(0, 3).Draw(t, "recipients") > 0 {
		m["recipients"] = []any{"oncall@contoso.example"}
	}
	return m
}

func governance(t *rapid.T) any {
	if rapid.IntRange(0, 3).Draw(t, "governed") > 0 {
		return object{}
	}
	return object{
		"organization":     rapid.SampledFrom([]string{"contoso", "contoso", "fabrikam"}).Draw(t, "host"),
		"sku":              rapid.SampledFrom([]string{"Standard", "Standard", "Basic"}).Draw(t, "clusterSku"),
		"adminUser":        rapid.SampledFrom([]string{"fabricadmin", "fabricadmin", "operator"}).Draw(t, "admin"),
		"nodeCount":        rapid.SampledFrom([]int{5, 6}).Draw(t, "nodes"),
		"vmSize":           rapid.SampledFrom([]string{"Standard_D2s_v3", "Standard_D4s_v3"}).Draw(t, "vmSize"),
		"adminCertificate": object{"thumbprint": fmt.Sprintf("%040X", rapid.IntRange(1, 2).Draw(t, "certificate"))},
	}
}
