package stack

import (
	"encoding/json"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// explained is an Azure error in its own code and message, without the request and response around it.
type explained struct {
	text  string
	cause error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.cause }

// explain shortens an Azure error to its code and message; other errors stay as they are.
func explain(err error) error {
	var answer *azcore.ResponseError
	if !errors.As(err, &answer) || answer.RawResponse == nil {
		return err
	}
	text := answer.ErrorCode
	if raw, readErr := runtime.Payload(answer.RawResponse); readErr == nil {
		var body struct {
			Error struct {
				Message string `json:"message"`
			} `json:"error"`
		}
		if json.Unmarshal(raw, &body) == nil && body.Error.Message != "" {
			text += ": " + body.Error.Message
		}
	}
	return &explained{text, err}
}
