package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/local"
)

// advanceDocument is the JSON document of local advance.
type advanceDocument struct {
	arm.Advanced
	Error *local.Failure `json:"error,omitempty"`
}

func (a *app) localAdvance() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "advance DURATION",
		Short: "Move the embedded Azure's clock forward",
		Long: `Move the embedded Azure's clock forward, and show what came due.

DURATION is a number with its unit: 90s, 30m, 48h or 7d. Snapshots that are due on the way
are taken, each at its own time; tokens, signatures, invitations and shares expire, and what
was deleted is purged at its date. The clock stays moved and never goes back. It works on a
running local serve too.`,
		Example: "  crossorg local advance 48h\n  crossorg local advance 30d --json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			by, err := days(args[0])
			if err != nil {
				return err
			}
			a.reached = true
			var document advanceDocument
			document.Advanced, err = local.Advance(cmd.Context(), f.options(a), by)
			if err != nil {
				document.Error = local.AsFailure(err)
				printFailure(a.stderr, document.Error)
			}
			if f.json {
				encoder := json.NewEncoder(a.stdout)
				encoder.SetIndent("", "  ")
				if jsonErr := encoder.Encode(document); jsonErr != nil {
					return jsonErr
				}
			} else if err == nil {
				err = printAdvanced(a.stdout, document.Advanced)
			}
			if document.Error != nil {
				return errReported
			}
			return err
		},
	}
	f.registerHome(cmd)
	return cmd
}

// days parses a positive duration, with d for days of 24 hours beside Go's own units.
func days(text string) (time.Duration, error) {
	by, err := time.ParseDuration(text)
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		if n, err = strconv.ParseFloat(number, 64); err == nil {
			by = time.Duration(n * float64(24*time.Hour))
		}
	}
	if err != nil || by <= 0 {
		return 0, fmt.Errorf("%q is no time to move the clock by: write a positive number with its unit, such as 48h "+
			"or 7d", text)
	}
	return by, nil
}

func printAdvanced(w io.Writer, moved arm.Advanced) error {
	const layout = "2006-01-02 15:04:05"
	fmt.Fprintf(w, "The clock stands at %s UTC; it was %s.\n", moved.To.Format(layout), moved.From.Format(layout))
	if len(moved.Ran) == 0 {
		fmt.Fprintln(w, "Nothing was due.")
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintf(t, "\nDUE\tJOB\tRESOURCE\tRESULT\n")
	for _, r := range moved.Ran {
		result := "done"
		if r.Error != "" {
			result = r.Error
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Due.Format(layout), r.Job, r.Resource, result)
	}
	return t.Flush()
}
