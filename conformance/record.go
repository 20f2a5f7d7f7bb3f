package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// The Azures that promises are asked of.
const (
	EmbeddedAzure = "embedded Azure"
	RealAzure     = "Azure"
)

// Run is the last time that an Azure was asked, and which promises it kept then.
type Run struct {
	Azure string `json:"azure"`
	// Date of the run, "2006-01-02".
	Date string `json:"date"`
	// Kept are the keys of the promises, in order.
	Kept []string `json:"kept"`
}

// ReadRecord reads the runs in a file; a file that is not there has none.
func ReadRecord(path string) ([]Run, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var runs []Run
	if err := json.Unmarshal(raw, &runs); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return runs, nil
}

// WriteRecord writes down which promises an Azure has kept, in place of its last run.
func WriteRecord(path, azure string, kept []string, at time.Time) error {
	runs, err := ReadRecord(path)
	if err != nil {
		return err
	}
	runs = slices.DeleteFunc(runs, func(r Run) bool { return r.Azure == azure })
	kept = slices.Clone(kept)
	slices.Sort(kept)
	runs = append(runs, Run{Azure: azure, Date: at.UTC().Format(time.DateOnly), Kept: kept})
	slices.SortFunc(runs, func(a, b Run) int { return strings.Compare(b.Azure, a.Azure) })
	raw, err := json.MarshalIndent(runs, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}

// Report renders the promises with their sources and the Azures that kept them when they were last asked, in Markdown.
func Report(all []Promise, runs []Run) string {
	var b strings.Builder
	undocumented := 0
	for _, p := range all {
		if p.Undocumented {
			undocumented++
		}
	}
	fmt.Fprintf(&b, `# What Azure promises

<!-- Written by go generate ./conformance: change the promises, not this page. -->

%d promises about Azure, each written once with the official Azure SDK for Go clients (package conformance) and asked
of every Azure that is available. Error codes are asserted where the documentation gives them. %d refusals have no
documented code ("any 4xx"): there the promise is that the request is refused as the caller's fault.

| Azure | last asked | kept |
|---|---|---|
`, len(all), undocumented)
	for _, r := range runs {
		kept := 0
		for _, p := range all {
			if slices.Contains(r.Kept, p.Key()) {
				kept++
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d of %d |\n", r.Azure, r.Date, kept, len(all))
	}
	if !slices.ContainsFunc(runs, func(r Run) bool { return r.Azure == RealAzure }) {
		fmt.Fprintf(&b, "| %s | never | |\n", RealAzure)
	}
	area := ""
	for _, p := range all {
		if p.Area != area {
			area = p.Area
			fmt.Fprintf(&b, "\n## %s\n\n| promise | code | kept by | source |\n|---|---|---|---|\n", area)
		}
		var by []string
		for _, r := range runs {
			if slices.Contains(r.Kept, p.Key()) {
				by = append(by, r.Azure)
			}
		}
		code := ""
		switch {
		case p.CodeSource != "":
			code = "[`" + p.Code + "`](" + p.CodeSource + ")"
		case p.Code != "":
			code = "`" + p.Code + "`"
		case p.Undocumented:
			code = "any 4xx"
		}
		fmt.Fprintf(&b, "| **%s**: %s | %s | %s | <%s> |\n", cell(p.Name), cell(p.Statement), code,
			strings.Join(by, ", "), p.Source)
	}
	writeChanges(&b, Changes())
	return b.String()
}

// cell is a text that may stand in a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
