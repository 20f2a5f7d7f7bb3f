package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/local"
)

func TestCheckReportsAndItsExitCodeTellDamageFromFailure(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	verb := func(args ...string) (int, string, string) {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), append(args, "--home", home), &stdout, &stderr)
		return code, stdout.String(), stderr.String()
	}
	code, _, stderr := verb("local", "check")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "there is nothing to check")

	require.NoError(t, os.MkdirAll(filepath.Join(home, "azure"), 0o700))
	code, _, stderr = verb("local", "faults", "list")
	require.Zero(t, code, stderr)
	certificate := filepath.Join(home, "azure", "ca.pem")
	sound, err := os.ReadFile(certificate)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certificate, sound[1:], 0o600))
	code, stdout, _ := verb("local", "check")
	require.Equal(t, 3, code)
	require.Contains(t, stdout, "  azure/ca.pem\n    it is no certificate\n")

	code, stdout, _ = verb("local", "check", "--json")
	require.Equal(t, 3, code)
	var document local.Checked
	require.NoError(t, json.Unmarshal([]byte(stdout), &document))
	require.False(t, document.Sound)
	require.Contains(t, document.Damages, local.Finding{File: certificate, Problem: "it is no certificate"})
}
