package conformance

import (
	"fmt"
	"strings"
)

// Change is a promise that said otherwise before, or that went because it was wrong.
type Change struct {
	// Key is the key of the promise that holds now (see [Promise.Key]). Empty when none took its place.
	Key string
	// Was is what was promised before, in one sentence.
	Was string
	// Why is what showed that it was wrong, in one sentence.
	Why string
	// Source is the page that says so.
	Source string
}

// Changes lists the promises that changed, ordered by key. The report shows them.
func Changes() []Change {
	return []Change{
		{
			Key: "Data Share snapshots: first of a trigger",
			Was: "Enabling a schedule takes a first snapshot at once.",
			Why: "The page that describes it says that the first snapshot starts within a minute of the scheduled " +
				"time. " +
				"A module of Microsoft Learn says otherwise, so nothing here depends on either; the embedded Azure " +
				"has " +
				"both.",
			Source: docsReceive,
		},
		{
			Key:    "Microsoft.DataShare/accounts/shares/dataSets: repeat (Blob)",
			Was:    "The same PUT of a data set again changes nothing; so for every kind.",
			Why:    "Deploying a template of data sets for a second time ends in a conflict.",
			Source: docsShareTwice,
		},
		{
			Key:    "Microsoft.DataShare/accounts/shares/synchronizationSettings: repeat",
			Was:    "The same PUT of a synchronization setting again changes nothing.",
			Why:    "Deploying a template of synchronization settings for a second time ends in a conflict.",
			Source: docsShareTwice,
		},
		{
			Was: "The same PUT of a data set mapping, a share subscription or a trigger again changes nothing.",
			Why: "Nobody says so, and of data sets the opposite is known. The embedded Azure takes the stricter " +
				"reading.",
			Source: docsShareTwice,
		},
		{
			Key:    "Microsoft.OperationalInsights/workspaces/savedSearches: repeat",
			Was:    "The same PUT of a saved search again changes nothing.",
			Why:    "Writing over a saved search without its etag is a conflict.",
			Source: docsSearchTwice,
		},
		{
			Key:    "Microsoft.OperationalInsights/workspaces/savedSearches: update",
			Was:    "A PUT with another body changes a saved search in place.",
			Why:    "It does so with the etag alone.",
			Source: docsSearchTwice,
		},
	}
}

// CheckChanges reports a change that is incomplete, or that names a promise which does not exist.
func CheckChanges(all []Promise, changes []Change) error {
	known := map[string]bool{"": true}
	for _, p := range all {
		known[p.Key()] = true
	}
	for _, c := range changes {
		switch {
		case c.Was == "" || c.Why == "":
			return fmt.Errorf("the change of %q is incomplete: it needs Was and Why", c.Key)
		case !known[c.Key]:
			return fmt.Errorf("the change of %q names a promise that does not exist", c.Key)
		case !sourcePattern.MatchString(c.Source):
			return fmt.Errorf("the change of %q has no source, or one that is no URL: %q", c.Key, c.Source)
		}
	}
	return nil
}

// writeChanges adds the section of changed promises to the report.
func writeChanges(b *strings.Builder, changes []Change) {
	if len(changes) == 0 {
		return
	}
	b.WriteString("\n## Changed promises\n\n| was | now | why | source |\n|---|---|---|---|\n")
	for _, c := range changes {
		now := "no promise"
		if c.Key != "" {
			now = c.Key
		}
		fmt.Fprintf(b, "| %s | %s | %s | <%s> |\n", cell(c.Was), cell(now), cell(c.Why), c.Source)
	}
}
