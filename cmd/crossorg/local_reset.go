package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/crossorg/crossorg/internal/console"
	"github.com/crossorg/crossorg/internal/local"
)

// resetDocument is the JSON document of local reset.
type resetDocument struct {
	Home    string         `json:"home"`
	Removed []string       `json:"removed"`
	Error   *local.Failure `json:"error,omitempty"`
}

func (a *app) localReset() *cobra.Command {
	f := &flags{}
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Remove everything that local runs keep",
		Long: `Remove everything that local runs keep in the home folder: all stacks' state, the embedded
Azure with its data, generated secrets and certificates. It refuses while the home is in use.`,
		Example: "  crossorg local reset\n  crossorg local reset --home /tmp/trial --yes",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			a.reached = true
			document := resetDocument{Removed: []string{}}
			_, home, err := local.Locate(f.options(a))
			if err == nil {
				document.Home = home.Dir
				err = a.confirm(yes, "Remove all state in "+home.Dir+"?")
			}
			if err == nil {
				var removed []string
				removed, err = local.Reset(cmd.Context(), home)
				document.Removed = append(document.Removed, removed...)
			}
			if err != nil {
				document.Error = local.AsFailure(err)
				return a.say(f, answer{document: document, failure: document.Error})
			}
			return a.say(f, answer{document: document, page: func(p *console.Page) {
				p.Text("", console.Good(document.Home+" is empty now"))
			}})
		},
	}
	f.registerHome(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// confirm asks on a terminal; elsewhere nobody can answer, so --yes is needed.
func (a *app) confirm(yes bool, question string) error {
	if yes {
		return nil
	}
	file, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return errors.New("this removes state and nobody can be asked here: add --yes")
	}
	a.progress.Clear()
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(file).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was removed")
}
