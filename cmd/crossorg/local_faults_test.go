package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFaultRulesAreKeptInTheHomeAndListed(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	require.NoError(t, os.MkdirAll(filepath.Join(home, "azure"), 0o700))
	verb := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(),
			append(append([]string{"local", "faults"}, args...), "--home", home), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	code, _, stderr := verb("add", "--kind", "503", "--method", "PUT", "--path", "*/vaults/*", "--count", "2")
	require.Zero(t, code, stderr)
	code, stdout, stderr := verb("list", "--json")
	require.Zero(t, code, stderr)
	var document faultsDocument
	require.NoError(t, json.Unmarshal([]byte(stdout), &document))
	require.Len(t, document.Faults, 1)
	require.Equal(t, "*/vaults/*", document.Faults[0].Path)
	require.Equal(t, 2, document.Faults[0].Count)
	code, stdout, stderr = verb("list")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "*/vaults/*")
	code, _, stderr = verb("clear")
	require.Zero(t, code, stderr)
	_, stdout, _ = verb("list")
	require.Equal(t, "No faults are asked for.\n", stdout)
}

func TestWrongFaultRulesAreWrongUsage(t *testing.T) {
	for _, args := range [][]string{{}, {"--kind", "418"}, {"--kind", "slow"},
		{"--kind", "500", "--probability", "2"}} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(),
			append([]string{"local", "faults", "add", "--home", t.TempDir()}, args...), &stdout, &stderr)
		require.Equal(t, exitUsage, code, args)
		require.NotEmpty(t, stderr.String())
	}
}

func TestFaultsNeedAHomeThatHoldsAnEmbeddedAzure(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(t.Context(),
		[]string{"local", "faults", "list", "--home", filepath.Join(t.TempDir(), "none")}, &stdout, &stderr)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr.String(), "local up")
}
