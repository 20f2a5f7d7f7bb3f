package main

import (
	"fmt"
	"os"

	"github.com/crossorg/crossorg/internal/stackfile"
)

// maxConsumers is how many consumers have names: one letter and three digits, and one more for the last.
const maxConsumers = 1000

// writeStackFile writes the configuration of a stack whose every share goes to n consumers. All else is as in the stack
// dev of the project, so that sizes differ by their consumers alone.
func writeStackFile(path string, p *stackfile.Project, n size) error {
	dev := p.StackFile("dev")
	raw, err := os.ReadFile(dev)
	if err != nil {
		return err
	}
	if n > 0 {
		file, err := p.Read(dev)
		if err != nil {
			return err
		}
		if err := setConsumers(file, int(n)); err != nil {
			return fmt.Errorf("%s: %w", dev, err)
		}
		if raw, err = file.Marshal(); err != nil {
			return err
		}
	}
	return os.WriteFile(path, raw, 0o600)
}

// setConsumers has every share go to n consumers.
func setConsumers(file *stackfile.File, n int) error {
	var shares map[string]map[string]any
	if err := file.Decode("shares", &shares); err != nil {
		return err
	}
	var known map[string]any
	if err := file.Decode("organizations", &known); err != nil {
		return err
	}
	if len(shares) == 0 {
		return fmt.Errorf("crossorg:shares is empty, so there is nothing to consume")
	}
	organizations := map[string]any{}
	var consumers []string
	for i := range n {
		name := fmt.Sprintf("c%03d", i+1)
		consumers = append(consumers, name)
		organizations[name] = map[string]any{"location": "eastus"}
	}
	for name, share := range shares {
		provider, _ := share["provider"].(string)
		if known[provider] == nil {
			return fmt.Errorf("crossorg:shares.%s.provider is %q, which is not among crossorg:organizations", name,
				provider)
		}
		organizations[provider] = known[provider]
		share["consumers"] = consumers
	}
	if err := file.Put("organizations", organizations); err != nil {
		return err
	}
	return file.Put("shares", shares)
}
