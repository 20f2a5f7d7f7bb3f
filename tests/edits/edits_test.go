package main

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	pkgresource "github.com/pulumi/pulumi/pkg/v3/resource"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// checks is how many sequences the test tries; -rapid.checks says otherwise.
const checks = "3"

func TestMain(m *testing.M) {
	for name, value := range map[string]string{"rapid.checks": checks, "rapid.seed": "8", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// Ensure any valid configuration can follow any other on a standing stack, or is refused before anything is touched.
func TestEdits(t *testing.T) {
	s, err := newSweep(t.TempDir())
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		failure, err := s.edit(rapid.SliceOfN(configurations(s.root), 2, 4).Draw(t, "configurations"))
		require.NoError(t, err)
		if failure != nil {
			t.Fatal(failure)
		}
	})
	require.Positive(t, s.updates)
}

// ledger is a share of contoso with one file.
func ledger(share, dataSet, kind, path, source string) configuration {
	return configuration{
		"organizations": object{"contoso": object{"location": "eastus"}, "fabrikam": object{"location": "eastus"}},
		"shares": object{share: object{"provider": "contoso", "consumers": []any{"fabrikam"},
			"schedule": object{"interval": "Day", "start": "2025-02-01T02:00:00Z"},
			"dataSets": object{dataSet: object{"kind": kind, "container": "data", "path": path, "source": source}}}},
	}
}

// Ensure the edits that once failed end well, one after the other, and that files stay while who shares them changes.
func TestEditsOfStandingStacks(t *testing.T) {
	s, err := newSweep(t.TempDir())
	require.NoError(t, err)
	w, err := newWorld(s.dir, s.root, s.binary)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.close()) })

	elsewhere := ledger("archive", "entries", "folder", "folder", "sources/folder")
	elsewhere["organizations"].(object)["fabrikam"] = object{"location": "westeurope"}
	both := ledger("archive", "entries", "folder", "folder", "sources/folder")
	both["shares"].(object)["journal"] = ledger("journal", "deep", "blob", "folder/deep/two.csv",
		"sources/folder/deep/two.csv")["shares"].(object)["journal"]
	for _, step := range []struct {
		name  string
		to    configuration
		files bool // whether files may change
	}{
		{"first", ledger("ledger", "alpha", "blob", "folder/one.csv", "sources/folder/one.csv"), true},
		{"a data set is renamed", ledger("ledger", "beta", "blob", "folder/one.csv", "sources/folder/one.csv"), false},
		{"the share is renamed", ledger("archive", "beta", "blob", "folder/one.csv", "sources/folder/one.csv"), false},
		{"the kind changes", ledger("archive", "beta", "folder", "folder", "sources/folder"), true},
		{"and back", ledger("archive", "beta", "blob", "folder/one.csv", "sources/folder/one.csv"), true},
		{"and again", ledger("archive", "entries", "folder", "folder", "sources/folder"), true},
		{"the consumer moves", elsewhere, false},
		{"and back", ledger("archive", "entries", "folder", "folder", "sources/folder"), false},
		{"two shares have a file", both, false},
	} {
		require.NoError(t, s.update(w, step.to, true), step.name)
		touched := slices.ContainsFunc(w.made, func(c change) bool { return c.urn.Type() == blobType })
		assert.Equal(t, step.files, touched, "%s: %v", step.name, w.made)
	}
	require.NoError(t, s.compare(w, both))
}

// Ensure files of older stacks, which belonged to shares and were named after data sets, go on as they are.
func TestFilesOfOlderStacksStay(t *testing.T) {
	s, err := newSweep(t.TempDir())
	require.NoError(t, err)
	for _, c := range []configuration{
		ledger("ledger", "alpha", "blob", "a.csv", "sources/a.csv"),
		ledger("ledger", "alpha", "folder", "all", "sources/folder"),
	} {
		w, err := newWorld(s.dir, s.root, s.binary)
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, w.close()) })
		require.NoError(t, w.up(c))
		var files []resource.URN
		for _, r := range w.snapshot.Resources {
			if r.Type == blobType {
				files = append(files, r.URN)
			}
		}
		for _, file := range files {
			aged(w.snapshot, file)
		}
		require.NoError(t, w.snapshot.VerifyIntegrity())
		require.NoError(t, s.update(w, c, true))
		assert.Empty(t, w.made)
		require.NoError(t, s.compare(w, c))
	}
}

// aged gives a file of the share ledger the URN, the parent and the place in the state that it had in older stacks.
func aged(state *deploy.Snapshot, file resource.URN) {
	const share = "urn:pulumi:edits::crossorg::crossorg:index:ShareWithDataset::ledger"
	name, _ := strings.CutPrefix(file.Name(), "contoso-provider/data/")
	former := resource.URN("urn:pulumi:edits::crossorg::crossorg:index:ShareWithDataset$azure-native:storage:Blob::" +
		"ledger-alpha")
	if name != "a.csv" {
		former += resource.URN("-" + name)
	}
	instead := func(urns []resource.URN) {
		for i := range urns {
			if urns[i] == file {
				urns[i] = former
			}
		}
	}
	var aged *pkgresource.State
	for _, r := range state.Resources {
		if r.URN == file {
			aged, r.URN, r.Parent, r.Aliases = r, former, share, nil
		}
		instead(r.Dependencies)
		for _, urns := range r.PropertyDependencies {
			instead(urns)
		}
	}
	state.Resources = slices.DeleteFunc(state.Resources, func(r *pkgresource.State) bool { return r == aged })
	// It came before the data set that waits for it.
	at := slices.IndexFunc(state.Resources, func(r *pkgresource.State) bool {
		return slices.Contains(r.Dependencies, former)
	})
	state.Resources = slices.Insert(state.Resources, at, aged)
}

const blobType = "azure-native:storage:Blob"
