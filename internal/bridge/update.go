package bridge

import (
	"context"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Update brings a resource to new inputs by another PUT, as the official provider does for every type in the table.
func (p *provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	t, err := typeOfURN(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := receive(req.GetNews())
	if err != nil {
		return nil, err
	}
	old, err := receive(req.GetOlds())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		outputs := t.predict(inputs)
		for _, name := range []resource.PropertyKey{"name", "location"} { // an update never changes them
			if v, ok := old[name]; ok {
				outputs[name] = v
			}
		}
		foretold, err := deliver(outputs)
		if err != nil {
			return nil, err
		}
		return &pulumirpc.UpdateResponse{Properties: foretold}, nil
	}
	s := sessionOf(ctx)
	c, creds, err := s.configured()
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.operation(ctx, req.GetTimeout())
	defer cancel()

	for name, v := range t.defaults {
		if key := resource.PropertyKey(name); !inputs.HasValue(key) && old.HasValue(key) {
			inputs[key] = resource.NewPropertyValue(v)
		}
	}
	id, err := t.resourceID(plain(inputs).Mappable(), creds.SubscriptionID)
	if err != nil {
		return nil, err
	}
	var outputs map[string]any
	if t.token == blobToken {
		outputs, err = t.updateBlob(ctx, c, req, id, inputs, unfinished(old))
	} else {
		olds, missing := inputsOfState(req.GetOldInputs(), old)
		same := missing == nil && plain(olds).DeepEquals(plain(inputs))
		outputs, err = t.update(ctx, s, c, req, id, inputs, same && unfinished(old))
	}
	if err != nil {
		return nil, explain(err)
	}
	state, err := t.state(outputs, inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.UpdateResponse{Properties: state}, nil
}

// update changes an ARM resource. What an interrupted run may have made is looked for first.
func (t *resourceType) update(ctx context.Context, s *session, c *client, req *pulumirpc.UpdateRequest,
	id string, inputs resource.PropertyMap, unfinished bool,
) (map[string]any, error) {
	body := t.requestBody(plain(inputs).Mappable())
	if unfinished {
		if present, ours := t.adopt(ctx, c, id, body); ours {
			return t.outputs(present), nil
		}
	}
	if t.lists != nil {
		present, err := c.get(ctx, id, t.version)
		if err != nil && !isNotFound(err) { // what an interrupted run did not make is made now
			return nil, err
		}
		t.fillLists(body, present)
	}
	result, err := c.write(ctx, http.MethodPut, id, t.version, body)
	if isConflict(err) {
		if present, ours := t.adopt(ctx, c, id, body); ours {
			result, err = written{body: present, read: true}, nil
		}
	}
	if err != nil {
		if result.accepted {
			err = t.partial(ctx, err, req.GetId(), inputs, req.GetNews(), t.reader(c, req.GetId()))
		}
		return nil, err
	}
	return t.readBack(ctx, s, c, req.GetUrn(), req.GetId(), result), nil
}

// updateBlob changes a blob. What an interrupted run did not upload, or not certainly, is uploaded now.
func (t *resourceType) updateBlob(ctx context.Context, c *client, req *pulumirpc.UpdateRequest,
	id string, inputs resource.PropertyMap, upload bool,
) (map[string]any, error) {
	if !upload {
		outputs, err := c.updateBlob(ctx, id, plain(inputs))
		if !isNotFound(err) {
			return outputs, err
		}
	}
	outputs, err := c.createBlob(ctx, id, plain(inputs), true)
	if isMaybeMade(err) {
		err = t.partial(ctx, err, id, inputs, req.GetNews(), c.blobReader(id))
	}
	return outputs, err
}
