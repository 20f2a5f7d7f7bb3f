package local

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const account = "urn:pulumi:dev::crossorg::crossorg:index:ProviderOrg$azure-native:storage:StorageAccount::contoso"

// collected feeds events through a collector, as the CLI prints them, and returns it with what a person read.
func collected(t *testing.T, all ...apitype.EngineEvent) (*collector, string) {
	t.Helper()
	var shown bytes.Buffer
	r := &redactor{}
	r.add("hunter2hunter2")
	c := &collector{progress: &shown, redactor: r}
	stop := c.watch()
	defer stop()
	var printed bytes.Buffer
	printed.WriteString("not an event\n")
	for _, e := range all {
		require.NoError(t, json.NewEncoder(&printed).Encode(e))
	}
	// A pipe gives no whole lines.
	for chunk := printed.Next(100); len(chunk) > 0; chunk = printed.Next(100) {
		n, err := c.Write(chunk)
		require.NoError(t, err)
		require.Equal(t, len(chunk), n)
	}
	return c, shown.String()
}

func custom(op apitype.OpType) apitype.StepEventMetadata {
	return apitype.StepEventMetadata{
		Op: op, URN: account, Type: "azure-native:storage:StorageAccount",
		New: &apitype.StepEventStateMetadata{Custom: true},
	}
}

func failed(message string) apitype.EngineEvent {
	return apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "error", Message: message}}
}

func printed(message string) apitype.EngineEvent {
	return apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "info#err", Message: message}}
}

func TestProgressTellsWhatChangedAndWhy(t *testing.T) {
	update := custom(apitype.OpUpdate)
	update.Diffs = []string{"tags"}
	_, shown := collected(t,
		apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: custom(apitype.OpCreate)}},
		apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: custom(apitype.OpCreate)}},
		apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: update, Planning: true}},
		apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: custom(apitype.OpSame)}},
	)
	assert.Equal(t,
		"  + created   storage:StorageAccount contoso\n  ~ update    storage:StorageAccount contoso [tags]\n", shown)
}

// Ensure a folder of many files is not as many lines.
func TestManyFilesAreCounted(t *testing.T) {
	var all []apitype.EngineEvent
	for i := range 250 {
		file := custom(apitype.OpCreate)
		file.Type = "azure-native:storage:Blob"
		file.URN = fmt.Sprintf("urn:pulumi:dev::crossorg::crossorg:index:ProviderOrg$azure-native:storage:Blob::"+
			"contoso-provider/data/%03d.csv", i)
		all = append(all, apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: file}})
	}
	_, shown := collected(t, all...)
	assert.Contains(t, shown, "contoso-provider/data/009.csv")
	assert.NotContains(t, shown, "contoso-provider/data/010.csv")
	assert.Contains(t, shown, "  + 200 files so far\n")
	assert.Equal(t, 12, strings.Count(shown, "\n"))
}

func TestSummaryAndOutputsComeFromTheEngine(t *testing.T) {
	c, _ := collected(t,
		apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: apitype.StepEventMetadata{
			Type: stackType, New: &apitype.StepEventStateMetadata{Outputs: map[string]any{"a": "b"}},
		}}},
		apitype.EngineEvent{SummaryEvent: &apitype.SummaryEvent{ResourceChanges: map[apitype.OpType]int{"same": 4}}},
	)
	assert.Equal(t, map[string]any{"a": "b"}, c.outputs)
	assert.Equal(t, 4, summarize(c.changes).Same)
}

func TestComplaintsAreTheProgramsOwnWords(t *testing.T) {
	c, shown := collected(t,
		failed("<{%reset%}>an unhandled error occurred: program failed: \n1 error occurred:\n\t* 2 problems in the "+
			"configuration:\n  a\n  b\n<{%reset%}>"),
		failed("update failed"),
	)
	assert.Equal(t, []Diagnostic{{Message: "2 problems in the configuration:\n  a\n  b"}}, c.complaints())
	assert.Empty(t, shown, "errors are shown once, at the end")
}

func TestComplaintsOfAResourceNameItWithoutSecrets(t *testing.T) {
	e := failed("hunter2hunter2 was refused")
	e.DiagnosticEvent.URN = account
	c, _ := collected(t, e, e)
	assert.Equal(t, []Diagnostic{{Resource: "storage:StorageAccount contoso",
		Message: "[secret] was refused"}}, c.complaints())
}

func TestFailureWithoutReasonGetsWhatWasPrinted(t *testing.T) {
	c, shown := collected(t, printed("./main.go:1: undefined: x"),
		failed("error in compiling Go: unable to run `go build`: exit status 1"))
	assert.Equal(t, []Diagnostic{
		{Message: "error in compiling Go: unable to run `go build`: exit status 1"},
		{Message: "./main.go:1: undefined: x", Shown: true},
	}, c.complaints())
	assert.Contains(t, shown, "undefined: x")
}

// Most events are read by their heads: that must tell the same as decoding them.
func TestSkimmedEventsAreAsDecoded(t *testing.T) {
	component := custom(apitype.OpCreate)
	component.Type, component.New.Custom = "crossorg:index:ProviderOrg", false
	gone := custom(apitype.OpDelete)
	gone.Old, gone.New = gone.New, nil
	stack := custom(apitype.OpSame)
	stack.Type = stackType
	quoted := custom(apitype.OpCreate)
	quoted.URN += `"`
	update := custom(apitype.OpUpdate)
	update.Diffs = []string{"tags"}
	for name, test := range map[string]struct {
		event   apitype.EngineEvent
		skimmed bool
	}{
		"begin of a creation": {apitype.EngineEvent{
			ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: custom(apitype.OpCreate)},
		}, true},
		"creation": {apitype.EngineEvent{
			ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: custom(apitype.OpCreate)},
		}, true},
		"component": {apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: component}},
			true},
		"deletion": {apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: gone}},
			true},
		"foreshown creation": {apitype.EngineEvent{
			ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: custom(apitype.OpCreate), Planning: true},
		}, false},
		"stack": {apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: stack}},
			false},
		"name with a quote": {apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: quoted}},
			false},
		"update": {apitype.EngineEvent{ResOutputsEvent: &apitype.ResOutputsEvent{Metadata: update}},
			false},
		"diagnostic": {failed("no"), false},
		"text that looks like it": {failed(`{"sequence":1,"timestamp":1,"resOutputsEvent":{"metadata":{"op":"create"`),
			false},
	} {
		t.Run(name, func(t *testing.T) {
			raw, err := json.Marshal(test.event)
			require.NoError(t, err)
			skimmed, ok := skim(raw)
			require.Equal(t, test.skimmed, ok)
			if !ok {
				return
			}
			var decoded event
			require.NoError(t, json.Unmarshal(raw, &decoded))
			for _, e := range []*stepEvent{decoded.Pre, decoded.Outputs} {
				if e == nil {
					continue
				}
				assert.Equal(t, reported(e.Metadata), reported(cmp.Or(skimmed.Pre, skimmed.Outputs).Metadata))
				e.Metadata.Old, e.Metadata.New = nil, &stepState{Custom: cmp.Or(e.Metadata.New, e.Metadata.Old).Custom}
			}
			assert.Equal(t, decoded, skimmed)
		})
	}
}
