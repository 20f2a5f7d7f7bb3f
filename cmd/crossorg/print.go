package main

import (
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
)

// printResult lays a result out for a person.
func printResult(w io.Writer, r *local.Result) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if len(r.Outputs) > 0 {
		fmt.Fprintf(t, "\nOutputs\n")
		for _, line := range outputLines("  ", r.Outputs) {
			fmt.Fprintln(t, line)
		}
	}
	if len(r.Snapshots) > 0 {
		fmt.Fprintf(t, "\nSnapshots\n")
		for _, s := range r.Snapshots {
			fmt.Fprintf(t, "  %s to %s: %s\n", s.Share, s.Consumer, strings.TrimSpace(s.Status+" "+s.Message))
		}
		fmt.Fprintf(t, "\n  FILE\tCONSUMER\tBYTES\tSHA-256\tAT THE PROVIDER\n")
		for _, s := range r.Snapshots {
			for _, f := range s.Files {
				fmt.Fprintf(t, "  %s\t%s\t%d\t%s\t%s\n", f.Path, s.Consumer, f.Bytes, f.SHA256, comparison(f))
			}
		}
	}
	if len(r.SoftDeletedVaults) > 0 {
		fmt.Fprintf(t, "\nDeleted vaults that can still be recovered\n  NAME\tLOCATION\tREMOVED FOR GOOD\n")
		for _, v := range r.SoftDeletedVaults {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", v.Name, v.Location, v.Purge)
		}
	}
	if r.Summary != nil && (r.Error == nil || r.Summary.Changes() > 0) {
		before := ""
		if r.Error != nil {
			before = ", then it failed,"
		}
		fmt.Fprintf(t, "\n%s: %s%s in %s\n", r.Stack, summaryText(r.Summary), before,
			(time.Duration(r.DurationMs) * time.Millisecond).Round(100*time.Millisecond))
	}
	return t.Flush()
}

func comparison(f stack.SnapshotFile) string {
	switch {
	case f.SHA256 == "":
		return "did not arrive"
	case f.SHA256 == f.SourceSHA256:
		return "equal"
	}
	return "differs: " + f.SourceSHA256
}

func summaryText(s *local.Summary) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{s.Create, "create"}, {s.Update, "update"}, {s.Replace, "replace"}, {s.Delete, "delete"}, {s.Import, "import"},
		{s.Same, "same"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", p.what, p.n))
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}

// outputLines lays outputs out as an indented tree; lists stay JSON.
func outputLines(indent string, outputs map[string]any) []string {
	names := make([]string, 0, len(outputs))
	width := 0
	for name, value := range outputs {
		names = append(names, name)
		if _, isObject := value.(map[string]any); !isObject {
			width = max(width, len(name))
		}
	}
	sort.Strings(names)
	var lines []string
	for _, name := range names {
		switch v := outputs[name].(type) {
		case map[string]any:
			lines = append(lines, indent+name)
			lines = append(lines, outputLines(indent+"  ", v)...)
		case string:
			lines = append(lines, fmt.Sprintf("%s%-*s  %s", indent, width, name, v))
		default:
			raw, err := json.Marshal(v)
			if err != nil {
				raw = []byte(fmt.Sprint(v))
			}
			lines = append(lines, fmt.Sprintf("%s%-*s  %s", indent, width, name, raw))
		}
	}
	return lines
}

// printFailure lays a failure out: what failed, then every complaint with the resource that it is about, but for those
// that the person has read on the way.
func printFailure(w io.Writer, f *local.Failure) {
	fmt.Fprintf(w, "\nerror: %s\n", f.Message)
	for _, d := range f.Diagnostics {
		if d.Told {
			continue
		}
		message := strings.ReplaceAll(d.Message, "\n", "\n    ")
		if d.Resource != "" {
			fmt.Fprintf(w, "  - %s: %s\n", d.Resource, message)
		} else {
			fmt.Fprintf(w, "  - %s\n", message)
		}
	}
}
