package stack

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func file(sum, source string) SnapshotFile {
	return SnapshotFile{Path: "landing/a.csv", SHA256: sum, SourceSHA256: source}
}

func TestSnapshotIsOnlyGoodWhenEveryFileArrivedWhole(t *testing.T) {
	for name, test := range map[string]struct {
		snapshot Snapshot
		wanting  bool
		problem  string
	}{
		"equal": {Snapshot{Status: "Succeeded", Files: []SnapshotFile{file("aa", "aa")}}, false, ""},
		"differs": {Snapshot{Status: "Succeeded", Files: []SnapshotFile{file("aa", "bb")}}, true,
			"landing/a.csv differs from the provider's file"},
		"not arrived": {Snapshot{Status: "Succeeded", Files: []SnapshotFile{file("aa", "aa"), file("", "bb")}}, true,
			"landing/a.csv did not arrive"},
		"no files": {Snapshot{Status: "Succeeded"}, false, ""},
		"no blob": {Snapshot{Status: "Succeeded", Missing: []string{"books/a.csv"}}, false,
			"the provider has no books/a.csv"},
		"failed": {Snapshot{Status: "Failed", Message: "denied", Files: []SnapshotFile{file("aa", "aa")}}, true,
			"snapshot Failed: denied"},
		"none": {Snapshot{Status: statusNone}, true, "no snapshot has run"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.problem == "", test.snapshot.OK())
			assert.Equal(t, test.problem, test.snapshot.Problem())
			assert.Equal(t, test.wanting, test.snapshot.wanting())
		})
	}
}

func TestPathsAtTheConsumer(t *testing.T) {
	for name, test := range map[string]struct {
		set  DataSet
		path string
		want string
	}{
		"blob": {DataSet{Kind: "blob", Target: Location{Container: "landing", Path: "share/a.csv"}}, "",
			"landing/share/a.csv"},
		"folder": {DataSet{Kind: "folder", Target: Location{Container: "landing", Path: "share/2025"}},
			"q1/a.csv", "landing/share/2025/q1/a.csv"},
		"slash": {DataSet{Kind: "folder", Target: Location{Container: "landing", Path: "share/"}}, "a.csv",
			"landing/share/a.csv"},
		"container": {DataSet{Kind: "container", Target: Location{Container: "copy"}}, "x/a.csv", "copy/x/a.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, targetPath(test.set, test.path))
		})
	}
}

func TestParseShares(t *testing.T) {
	none, err := ParseShares(map[string]any{"other": 1})
	require.NoError(t, err)
	assert.Empty(t, none, "a program without shares has none")

	shares, err := ParseShares(map[string]any{"shares": map[string]any{"s": map[string]any{
		"provider": "contoso", "portal": "ignored",
		"consumers": map[string]any{"fabrikam": map[string]any{
			"subscriptionId": "/subscriptions/1",
			"dataSets": map[string]any{"d": map[string]any{"kind": "blob",
				"source": map[string]any{"container": "c"}}},
		}},
	}}})
	require.NoError(t, err)
	assert.Equal(t, "contoso", shares["s"].Provider)
	assert.Equal(t, "c", shares["s"].Consumers["fabrikam"].DataSets["d"].Source.Container)

	_, err = ParseShares(map[string]any{"shares": "text"})
	assert.ErrorContains(t, err, "stack outputs")
}
