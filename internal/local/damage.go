package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/crossorg/crossorg/internal/azure"
)

// notOpened says what to do about an embedded Azure that is damaged; other errors stay as they are.
func notOpened(home *Home, err error) error {
	if !errors.Is(err, azure.ErrDamaged) {
		return err
	}
	return fmt.Errorf("the embedded Azure of %s is damaged, and nothing was changed: %w. Put the home folder back "+
		"from a copy, or forget it with crossorg local reset; crossorg local check lists every damage", home.Dir, err)
}

// missingAzure is an error where stacks stand in the home and its embedded Azure is gone as a whole.
func missingAzure(home *Home) error {
	if exists(filepath.Join(home.AzureDir(), "state.db")) || exists(filepath.Join(home.AzureDir(), "estate.json")) {
		return nil // what else is missing, it notices itself
	}
	files, err := filepath.Glob(filepath.Join(home.StateDir(), ".pulumi", "stacks", "*", "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		var state struct {
			Checkpoint struct {
				Latest struct {
					Resources []json.RawMessage `json:"resources"`
				} `json:"latest"`
			} `json:"checkpoint"`
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if json.Unmarshal(raw, &state) == nil && len(state.Checkpoint.Latest.Resources) > 0 {
			return notOpened(home, fmt.Errorf("%w: %s is missing, and the %d resources of %s are in it",
				azure.ErrDamaged, home.AzureDir(), len(state.Checkpoint.Latest.Resources), file))
		}
	}
	return nil
}
