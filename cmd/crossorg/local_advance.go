package main

import (
	"fmt"
	"strconv"
	"strings"
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
				return a.say(f, answer{document: document, failure: document.Error})
			}
			return a.say(f, answer{document: document, page: advancedPage(document.Advanced)})
		},
	}
	f.registerHome(cmd)
	return cmd
}

// days parses a positive duration, with d for days of 24 hours besides Go's own units.
func days(text string) (time.Duration, error) {
	by, err := time.ParseDuration(text)
	if number, ok := strings.CutSuffix(text, "d"); ok {
		var n float64
		if n, err = strconv.ParseFloat(number, 64); err == nil {
			by = time.Duration(n * float64(24*time.Hour))
		}
	}
	if err != nil || by <= 0 {
		return 0, fmt.Errorf("%q is no time to move the clock by: "+
			"write a positive number with its unit, such as 48h or 7d", text)
	}
	return by, nil
}
