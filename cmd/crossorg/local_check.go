package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/local"
)

func (a *app) localCheck() *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Read everything in the home folder and name what is damaged",
		Long: `Read everything in the home folder and name what is damaged. Nothing is changed.

Every record of the embedded Azure's state and every byte of its blobs is compared with its
digest, every reference between them is followed, certificates and keys are matched, and the
stacks' states and all other files are compared with what the last run left. The home must
not be in use.

The exit code is 0 when everything is sound, 3 when something is damaged, 1 when the check
itself failed.`,
		Example: "  crossorg local check\n  crossorg local check --home /tmp/trial --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.reached = true
			checked, err := local.Check(cmd.Context(), f.options(a))
			if err != nil {
				none := []local.Finding{}
				failed := &local.Checked{Damages: none, Notes: none, Error: local.AsFailure(err)}
				return a.say(f, answer{document: failed, failure: failed.Error})
			}
			if err := a.say(f, answer{document: checked, page: checkedPage(checked), long: true}); err != nil {
				return err
			}
			if !checked.Sound {
				return errDamaged
			}
			return nil
		},
	}
	f.registerHome(cmd)
	return cmd
}

// checkedPage shows what a check of the home found.
func checkedPage(c *local.Checked) func(*console.Page) {
	return func(p *console.Page) {
		verdict := console.Good(c.Home + " is sound")
		if !c.Sound {
			places := "1 place"
			if n := len(c.Damages); n > 1 {
				places = fmt.Sprintf("%d places", n)
			}
			verdict = console.Bad(c.Home + " is damaged in " + places)
		}
		p.Text("", verdict)
		p.Text("", fmt.Sprintf("Read: %d records of the embedded Azure, %d files, %d bytes of blobs.", c.Records,
			c.Files, c.Bytes))
		findings(p, c.Home, "Damaged", c.Damages)
		findings(p, c.Home, "Harmless", c.Notes)
		if !c.Sound {
			p.Heading("What to do")
			p.Text("  ", "Put the home folder back from a copy, or forget it with crossorg local reset. A change that "+
				"you made yourself outside of azure/ is accepted once manifest.json is removed and a run has ended.")
		}
	}
}

// findings lists files with their problems, neither of them cut.
func findings(p *console.Page, home, heading string, found []local.Finding) {
	if len(found) == 0 {
		return
	}
	p.Heading(heading)
	for _, f := range found {
		name, err := filepath.Rel(home, f.File)
		if err != nil {
			name = f.File
		}
		p.Verbatim("  ", name)
		p.Text("    ", f.Problem)
	}
}
