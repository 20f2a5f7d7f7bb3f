package settings

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// ReadStackFile reads the configuration of a stack file, Pulumi.<stack>.yaml, with the defaults of the Pulumi.yaml
// beside it, as the values that Parse takes. Values that are encrypted, or hold something encrypted, need the stack's
// key and are left out.
func ReadStackFile(file string) (map[string]string, error) {
	project, err := workspace.LoadProject(filepath.Join(filepath.Dir(file), "Pulumi.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading the project of stack file %s: %w", file, err)
	}
	silent := diag.DefaultSink(io.Discard, io.Discard, diag.FormatOptions{Color: colors.Never})
	stack, err := workspace.LoadProjectStack(silent, project, file)
	if err != nil {
		return nil, fmt.Errorf("reading stack file %s: %w", file, err)
	}

	values := map[string]string{}
	for name, declared := range project.Config {
		if declared.Default == nil {
			continue
		}
		if values[name], err = plainText(declared.Default); err != nil {
			return nil, fmt.Errorf("default of %s in Pulumi.yaml: %w", name, err)
		}
	}
	for key, value := range stack.Config {
		if key.Namespace() != Namespace {
			continue
		}
		delete(values, key.Name())
		if value.Secure() {
			continue
		}
		if values[key.Name()], err = value.Value(config.NopDecrypter); err != nil {
			return nil, fmt.Errorf("%s in stack file %s: %w", key, file, err)
		}
	}
	return values, nil
}

// plainText is a default as Pulumi configuration carries it: text as it is, everything else as JSON.
func plainText(value any) (string, error) {
	if text, isText := value.(string); isText {
		return text, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}
