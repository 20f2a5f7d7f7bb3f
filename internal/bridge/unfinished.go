package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// ResourceID is the id under which a resource with these inputs is created: token is its Pulumi type, such as
// "azure-native:storage:StorageAccount", and subscription that of its provider. It fails for a type that the bridge
// does not have, and when an input of the id is missing or is no plain text.
func ResourceID(token string, inputs map[string]any, subscription string) (string, error) {
	t, err := lookup(token)
	if err != nil {
		return "", err
	}
	return t.resourceID(inputs, subscription)
}

// unfinished reports whether the state of a resource is what an interrupted creation leaves: nothing but its inputs.
// Whether it exists is not known then.
func unfinished(state resource.PropertyMap) bool {
	for key := range state {
		if !internalKey(key) {
			return false
		}
	}
	return true
}

// unclear reports whether a write that failed may have taken effect nevertheless: there was no answer to it, or one
// that says nothing about that.
func unclear(err error) bool {
	var failed *Error
	if !errors.As(err, &failed) {
		return true
	}
	return failed.Status >= http.StatusInternalServerError || failed.Status == http.StatusRequestTimeout
}

// partialRead is how long reading a half-made resource may take, when its operation may already be out of time.
const partialRead = 30 * time.Second

// partial is the error for a resource that exists but is not what it should be, or that may exist: Azure began to make
// it and failed, or never said what became of it. The error carries the resource's id and, if it can be read, its
// state, so that the engine keeps it and the next run mends it. If the resource turns out not to exist the error is
// just the cause. read returns the outputs, and the canonical id or "".
func (t *resourceType) partial(ctx context.Context, cause error, id string, inputs resource.PropertyMap,
	sent *structpb.Struct,
	read func(context.Context) (outputs map[string]any, id string, err error),
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partialRead)
	defer cancel()
	cause = explain(cause)
	outputs, canonical, err := read(ctx)
	switch {
	case isNotFound(err):
		return cause
	case err != nil:
		cause = fmt.Errorf("%w; whether the resource exists is not known, as it could not be read: %w. The next run "+
			"finishes it", cause, err)
	case canonical != "":
		id = canonical
	}
	state, err := t.state(outputs, inputs)
	if err != nil {
		return errors.Join(cause, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: state, Reasons: []string{cause.Error()}, Inputs: sent,
	})
}

// reader reads a resource of ARM's for partial.
func (t *resourceType) reader(c *client, id string) func(context.Context) (map[string]any, string, error) {
	return func(ctx context.Context) (map[string]any, string, error) {
		body, err := c.get(ctx, id, t.version)
		if err != nil {
			return nil, "", err
		}
		canonical, _ := body["id"].(string)
		return t.outputs(body), canonical, nil
	}
}
