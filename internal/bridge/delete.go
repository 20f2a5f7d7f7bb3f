package bridge

import (
	"context"
	"net/http"

	"google.golang.org/protobuf/types/known/emptypb"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Delete removes a resource, or puts one that cannot be removed back to the state in which Azure made it.
func (p *provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	t, err := typeOfURN(req.GetUrn())
	if err != nil {
		return nil, err
	}
	s := sessionOf(ctx)
	c, _, err := s.configured()
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.operation(ctx, req.GetTimeout())
	defer cancel()

	switch id := req.GetId(); {
	case t.token == blobToken:
		err = c.deleteBlob(ctx, id)
	case t.token == secretToken:
		err = c.deleteSecret(ctx, id)
	case t.singleton:
		_, err = c.write(ctx, http.MethodPut, id, t.version, t.requestBody(t.implicit))
	default:
		err = c.delete(ctx, id, t.version)
	}
	if err != nil {
		return nil, explain(err)
	}
	return &emptypb.Empty{}, nil
}
