package components

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	authorization "github.com/pulumi/pulumi-azure-native-sdk/authorization/v2/v20220401"
	activityalerts "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20201001"
	diagnostics "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20210501preview"
	workbooks "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20220401"
	actiongroups "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20230101"
	queryrules "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20230315preview"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A type that comes from the package of an API version is registered under its module's token, for which the provider
// uses the module's default version: the two versions must be the same, and so must what the types have.
func TestTypesOfOneVersionAreThoseOfTheModule(t *testing.T) {
	for _, test := range []struct {
		file                string
		arguments, resource any
	}{
		{"roleAssignment.go", authorization.RoleAssignmentArgs{}, authorization.RoleAssignment{}},
		{"actionGroup.go", actiongroups.ActionGroupArgs{}, actiongroups.ActionGroup{}},
		{"diagnosticSetting.go", diagnostics.DiagnosticSettingArgs{}, diagnostics.DiagnosticSetting{}},
		{"activityLogAlert.go", activityalerts.ActivityLogAlertArgs{}, activityalerts.ActivityLogAlert{}},
		{"scheduledQueryRule.go", queryrules.ScheduledQueryRuleArgs{}, queryrules.ScheduledQueryRule{}},
		{"workbook.go", workbooks.WorkbookArgs{}, workbooks.Workbook{}},
	} {
		t.Run(test.file, func(t *testing.T) {
			module, version := path.Split(reflect.TypeOf(test.resource).PkgPath())
			dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", path.Clean(module)).Output()
			require.NoError(t, err)
			raw, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), test.file))
			require.NoError(t, err)
			source := string(raw)

			found := regexp.MustCompile(`Uses Azure REST API version ([0-9a-z-]+)\.`).FindStringSubmatch(source)
			require.NotNil(t, found, "the module's version of the type")
			assert.Equal(t, "v"+strings.ReplaceAll(found[1], "-", ""), version,
				"import the package of the version that the module uses")
			for _, what := range []any{test.arguments, test.resource} {
				assert.Equal(t, fieldsIn(t, source, reflect.TypeOf(what).Name()), fieldsOf(reflect.TypeOf(what)))
			}
		})
	}
}

// fieldsOf is the names of a struct's fields.
func fieldsOf(of reflect.Type) []string {
	var names []string
	for i := range of.NumField() {
		if field := of.Field(i); !field.Anonymous {
			names = append(names, field.Name)
		}
	}
	slices.Sort(names)
	return names
}

// fieldsIn is the same for a struct in Go source.
func fieldsIn(t *testing.T, source, name string) []string {
	_, body, found := strings.Cut(source, "\ntype "+name+" struct {\n")
	require.True(t, found, name)
	body, _, _ = strings.Cut(body, "\n}")
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^\t(\w+) +\S`).FindAllStringSubmatch(body, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	require.NotEmpty(t, names, name)
	return names
}
