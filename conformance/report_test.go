package conformance_test

import (
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/conformance"
)

const (
	recordFile = "record.json"
	reportFile = "../docs/conformance.md"
)

func TestEveryPromiseIsWholeAndHasASource(t *testing.T) {
	require.NoError(t, conformance.Check(conformance.Promises()))
}

func TestEveryChangeOfAPromiseIsWholeAndHasASource(t *testing.T) {
	promises := conformance.Promises()
	require.NoError(t, conformance.CheckChanges(promises, conformance.Changes()))

	source := "https://learn.microsoft.com/azure/"
	assert.ErrorContains(t, conformance.CheckChanges(promises, []conformance.Change{
		{Was: "Something else.", Source: source}}), "incomplete")
	assert.ErrorContains(t, conformance.CheckChanges(promises, []conformance.Change{
		{Key: "Nowhere: nothing", Was: "Something else.", Why: "It was wrong.", Source: source}}), "does not exist")
	assert.ErrorContains(t, conformance.CheckChanges(promises, []conformance.Change{
		{Was: "Something else.", Why: "It was wrong."}}), "has no source")
}

func TestTheReportIsUpToDate(t *testing.T) {
	if *record {
		return // it is about to be written
	}
	runs, err := conformance.ReadRecord(recordFile)
	require.NoError(t, err)
	on, err := os.ReadFile(reportFile)
	require.NoError(t, err)
	require.Equal(t, conformance.Report(conformance.Promises(), runs), string(on), "run go generate ./conformance")
}

// The embedded Azure keeps every promise: none is left out because it would fail, and none that it kept once was
// dropped.
func TestTheEmbeddedAzureWasSeenToKeepEveryPromise(t *testing.T) {
	if *record {
		return
	}
	runs, err := conformance.ReadRecord(recordFile)
	require.NoError(t, err)
	i := slices.IndexFunc(runs, func(r conformance.Run) bool { return r.Azure == conformance.EmbeddedAzure })
	require.GreaterOrEqual(t, i, 0, "run go generate ./conformance")
	var keys []string
	for _, p := range conformance.Promises() {
		keys = append(keys, p.Key())
	}
	assert.ElementsMatch(t, keys, runs[i].Kept, "run go generate ./conformance")
}
