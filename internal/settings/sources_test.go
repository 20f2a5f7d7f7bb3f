package settings_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/settings"
)

// parseIn checks a configuration in a project's folder.
func parseIn(t *testing.T, root string, configuration object) error {
	t.Helper()
	_, err := settings.Parse(values(t, configuration), settings.Options{Now: now, Root: root, Stack: "dev"})
	return err
}

// Nothing outside of the project's folder is uploaded unless the configuration allows the folder, by whatever way it is
// named; and nothing that holds the project's own state and secrets.
func TestSourcesOutsideOfTheProject(t *testing.T) {
	dir, outside := root(t), t.TempDir()
	write := func(name string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
	}
	write(filepath.Join(outside, "data", "a.csv"))
	write(filepath.Join(dir, ".crossorg", "passphrase"))
	if err := os.Symlink(filepath.Join(outside, "data"), filepath.Join(dir, "linked")); err != nil {
		t.Skipf("Windows gives the right to make symbolic links in its developer mode: %s", err)
	}
	require.NoError(t, os.Symlink(filepath.Join(outside, "data", "a.csv"), filepath.Join(dir, "link.csv")))
	require.NoError(t, os.Symlink("a.csv", filepath.Join(dir, "inner.csv")))
	up, err := filepath.Rel(dir, filepath.Join(outside, "data", "a.csv"))
	require.NoError(t, err)

	blob, folder := share("dataSets", "entries", "source"), share("dataSets", "scans", "source")
	const refused = "outside of the project's folder; move it there, or add its folder to crossorg:sourceFolders"
	const own = "holds the project's own files"
	for name, c := range map[string]struct {
		path         []string
		source, want string
	}{
		"a system file":               {blob, "/etc/shadow", refused},
		"a file that is not there":    {blob, "/nowhere/at/all", refused},
		"an absolute path":            {blob, filepath.Join(outside, "data", "a.csv"), refused},
		"a way up":                    {blob, filepath.ToSlash(up), refused},
		"a way up and not there":      {blob, "../../nothing.csv", refused},
		"a link that leads out":       {blob, "link.csv", refused},
		"below a link that leads out": {blob, "linked/a.csv", refused},
		"a folder that is a link":     {folder, "linked", refused},
		"a folder outside":            {folder, outside, refused},
		"the project itself":          {folder, ".", own},
		"the folder above":            {folder, "..", refused},
		"a home":                      {folder, ".crossorg", own},
		"a home's passphrase":         {blob, ".crossorg/passphrase", own},
		"a link in the project":       {blob, "inner.csv", ""},
		"a detour in the project":     {blob, "folder/../a.csv", ""},
		"an absolute path inside":     {blob, filepath.Join(dir, "a.csv"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := parseIn(t, dir, set(good(), c.source, c.path...))
			if c.want == "" {
				assert.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Len(t, lines(t, err), 1)
			assert.Contains(t, err.Error(), "crossorg:"+strings.Join(c.path, "."))
			assert.Contains(t, err.Error(), c.want)
		})
	}

	for _, allowed := range []string{outside, filepath.Join(outside, "data"), filepath.ToSlash(filepath.Dir(up)),
		"linked"} {
		configuration := set(set(good(), list{allowed}, "sourceFolders"), filepath.Join(outside, "data", "a.csv"),
			blob...)
		assert.NoError(t, parseIn(t, dir, configuration), allowed)
		assert.NoError(t, parseIn(t, dir, set(configuration, "link.csv", blob...)), allowed)
	}
	for allowed, want := range map[string]string{
		"/": "the whole machine", "a.csv": "not a folder", "nowhere": "no such file or folder", "": "missing",
	} {
		err := parseIn(t, dir, set(good(), list{allowed}, "sourceFolders"))
		require.Error(t, err, allowed)
		assert.Contains(t, err.Error(), "crossorg:sourceFolders[0]")
		assert.Contains(t, err.Error(), want)
	}
}

// Every file of a folder becomes a blob, or the configuration is refused: none is left out without a word.
func TestFoldersWhoseFilesAreNoBlobs(t *testing.T) {
	for file, want := range map[string]string{
		"a\nb.csv":     `"a\nb.csv" in it is no name for a blob: a control character; leave it out`,
		`a\b.csv`:      `"a\\b.csv" in it is no name for a blob: a backslash`,
		"a.csv.":       `"a.csv." in it is no name for a blob: a segment that ends in a dot`,
		"sub./a.csv":   `"sub./a.csv" in it is no name for a blob: a segment that ends in a dot`,
		"caf\xe9.csv":  `"caf\xe9.csv" in it is no name for a blob: not UTF-8; rename it`,
		"a\u202eb.csv": "a control character",
		"a\u0081b.csv": "a control character",
		strings.Repeat("x", 250) + "/" + strings.Repeat("y/", 250) + "z": "a name of 759 characters",
	} {
		dir := root(t)
		name := filepath.Join(dir, "folder", file)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil && runtime.GOOS != "linux" {
			continue
		}
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil && runtime.GOOS != "linux" {
			continue // no folder can have such a file there
		}
		if listed, err := os.ReadDir(filepath.Dir(name)); runtime.GOOS != "linux" &&
			(err != nil || len(listed) == 0 || listed[0].Name() != filepath.Base(name)) {
			continue // the system gave it another name
		}
		err := parseIn(t, dir, good())
		if strings.HasPrefix(want, "a name of") {
			assert.ErrorContains(t, err, "a name of 253 segments; use at most 252")
			continue
		}
		require.Error(t, err, file)
		assert.Len(t, lines(t, err), 1)
		assert.Contains(t, err.Error(), "crossorg:shares.ledger.dataSets.scans.source")
		assert.Contains(t, err.Error(), want)
		assert.Equal(t, 1, strings.Count(err.Error(), "\n"), "one line for a problem")
	}
	dir := root(t)
	if err := os.Symlink("deep/b.csv", filepath.Join(dir, "folder", "latest.csv")); err != nil {
		t.Skipf("Windows gives the right to make symbolic links in its developer mode: %s", err)
	}
	require.NoError(t, os.Symlink("deep", filepath.Join(dir, "folder", "current")))
	err := parseIn(t, dir, good())
	assert.ErrorContains(t, err, `"current" in it is a symbolic link, which would be left out (and 1 more); `+
		`put the file itself there, or remove the link`)
}

// A package is what it says, and the configuration says the same.
func TestPackagesThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		write func(t *testing.T, file string)
		want  []string
	}{
		"text": {func(t *testing.T, file string) {
			require.NoError(t, os.WriteFile(file, []byte("PK"), 0o600))
		}, []string{`path = "app.sfpkg": not an application package: it is no zip archive`}},
		"another zip": {func(t *testing.T, file string) {
			writePackage(t, file, map[string]string{"App/ApplicationManifest.xml": applicationManifest})
		}, []string{"it has no ApplicationManifest.xml at its top; zip what is in the application's folder"}},
		"a broken manifest": {func(t *testing.T, file string) {
			writePackage(t, file, map[string]string{"ApplicationManifest.xml": "<ApplicationManifest"})
		}, []string{"whose ApplicationManifest.xml cannot be read"}},
		"no service": {func(t *testing.T, file string) {
			writePackage(t, file, map[string]string{"ApplicationManifest.xml": applicationManifest})
		}, []string{"without ServicesPkg/ServiceManifest.xml, which it names"}},
		"another application": {func(t *testing.T, file string) {
			writePackage(t, file, map[string]string{
				"ApplicationManifest.xml": strings.NewReplacer("AppType", "OtherType", "1.0.0",
					"2").Replace(applicationManifest),
				"ServicesPkg/ServiceManifest.xml": strings.ReplaceAll(serviceManifest, "AuditType", "AuditingType")})
		}, []string{`typeName = "AppType": not the ApplicationTypeName of the package; write "OtherType"`,
			`version = "1.0.0": not the ApplicationTypeVersion of the package; write "2"`,
			`services.audit.typeName = "AuditType": no service type of the package; use one of AuditingType, `}},
		"a stateful service": {func(t *testing.T, file string) {
			writePackage(t, file, map[string]string{"ApplicationManifest.xml": applicationManifest,
				"ServicesPkg/ServiceManifest.xml": strings.NewReplacer("AuditType", "L", "LedgerType", "AuditType").
					Replace(serviceManifest)})
		}, []string{`services.audit.typeName = "AuditType": a stateful service type`}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := root(t)
			c.write(t, filepath.Join(dir, "app.sfpkg"))
			err := parseIn(t, dir, good())
			require.Error(t, err)
			assert.Len(t, lines(t, err), len(c.want), err.Error())
			for _, want := range c.want {
				assert.Contains(t, err.Error(), want)
			}
		})
	}
}
