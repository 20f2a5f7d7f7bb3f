package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"

	"github.com/crossorg/crossorg/internal/settings"
)

// configuration is a stack's, by keys without their namespace, as a stack file has it.
type configuration map[string]any

// values are the configuration as the program's settings read it: structured values as JSON.
func (c configuration) values() (map[string]string, error) {
	all := map[string]string{"adminPassword": "correct-Horse-7-battery"}
	if c["governance"] == nil {
		delete(all, "adminPassword")
	}
	for key, value := range c {
		if text, isText := value.(string); isText {
			all[key] = text
			continue
		}
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		all[key] = string(raw)
	}
	return all, nil
}

// valid says what the program says of the configuration before it registers anything.
func (c configuration) valid(root string) error {
	values, err := c.values()
	if err != nil {
		return err
	}
	_, err = settings.Parse(values, settings.Options{Root: root, Stack: stackName})
	return err
}

// pulumi is the configuration as the engine takes it.
func (c configuration) pulumi() (config.Map, error) {
	values, err := c.values()
	if err != nil {
		return nil, err
	}
	all := config.Map{}
	for key, value := range values {
		name := config.MustMakeKey(projectName, key)
		switch {
		case key == "adminPassword":
			all[name] = config.NewSecureValue(value)
		case strings.HasPrefix(value, "{"):
			all[name] = config.NewObjectValue(value)
		default:
			all[name] = config.NewValue(value)
		}
	}
	return all, nil
}

func (c configuration) String() string {
	raw, err := json.Marshal(map[string]any(c))
	if err != nil {
		return fmt.Sprint(map[string]any(c))
	}
	return string(raw)
}
