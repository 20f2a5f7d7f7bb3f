package main

import (
	"fmt"
	"os"

	"gopkg.in/yaml.v3"
)

// maxConsumers is how many consumers have names: one letter and three digits.
const maxConsumers = 999

// writeStackFile writes the configuration of a stack whose every share goes to n consumers. All else is as in the stack
// file dev, so that sizes differ by their consumers alone.
func writeStackFile(path, dev string, n size) error {
	raw, err := os.ReadFile(dev)
	if err != nil {
		return err
	}
	if n > 0 {
		if raw, err = withConsumers(raw, int(n)); err != nil {
			return fmt.Errorf("%s: %w", dev, err)
		}
	}
	return os.WriteFile(path, raw, 0o600)
}

func withConsumers(stackFile []byte, n int) ([]byte, error) {
	var document struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(stackFile, &document); err != nil {
		return nil, err
	}
	shares, _ := document.Config["crossorg:shares"].(map[string]any)
	known, _ := document.Config["crossorg:organizations"].(map[string]any)
	organizations := map[string]any{}
	var consumers []string
	for i := range n {
		name := fmt.Sprintf("c%03d", i+1)
		consumers = append(consumers, name)
		organizations[name] = map[string]any{"location": "eastus"}
	}
	for name, value := range shares {
		share, ok := value.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("crossorg:shares.%s is no object", name)
		}
		provider, _ := share["provider"].(string)
		if known[provider] == nil {
			return nil, fmt.Errorf("crossorg:shares.%s.provider is %q, which is not among crossorg:organizations", name,
				provider)
		}
		organizations[provider] = known[provider]
		share["consumers"] = consumers
	}
	if len(shares) == 0 {
		return nil, fmt.Errorf("crossorg:shares is empty, so there is nothing to consume")
	}
	document.Config["crossorg:organizations"] = organizations
	return yaml.Marshal(document)
}
