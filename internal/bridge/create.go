package bridge

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// Create makes a resource, or predicts its outputs in a preview.
func (p *provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	t, err := typeOfURN(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := receive(req.GetProperties())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		foretold, err := deliver(t.predict(inputs))
		if err != nil {
			return nil, err
		}
		return &pulumirpc.CreateResponse{Properties: foretold}, nil
	}
	s := sessionOf(ctx)
	c, creds, err := s.configured()
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.operation(ctx, req.GetTimeout())
	defer cancel()

	values := plain(inputs).Mappable()
	id, err := t.resourceID(values, creds.SubscriptionID)
	if err != nil {
		return nil, err
	}
	var outputs map[string]any
	if t.token == blobToken {
		if outputs, err = c.createBlob(ctx, id, plain(inputs), false); isMaybeMade(err) {
			err = t.partial(ctx, err, id, inputs, req.GetProperties(), c.blobReader(id))
		}
	} else {
		id, outputs, err = t.create(ctx, s, c, req, id, inputs)
	}
	if err != nil {
		return nil, explain(err)
	}
	state, err := t.state(outputs, inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: state}, nil
}

// create makes an ARM resource and returns its canonical id and its outputs.
func (t *resourceType) create(ctx context.Context, s *session, c *client, req *pulumirpc.CreateRequest,
	id string, inputs resource.PropertyMap,
) (string, map[string]any, error) {
	if err := c.canCreate(ctx, t, id); err != nil {
		return id, nil, err
	}
	body := t.requestBody(plain(inputs).Mappable())
	t.fillLists(body, nil)
	result, err := c.write(ctx, http.MethodPut, id, t.version, body)
	if isConflict(err) {
		if present, ours := t.adopt(ctx, c, id, body); ours {
			result, err = written{body: present, read: true}, nil
		}
	}
	if err != nil {
		if result.accepted || unclear(err) {
			err = t.partial(ctx, err, id, inputs, req.GetProperties(), t.reader(c, id))
		}
		return id, nil, err
	}
	if canonical, ok := result.body["id"].(string); ok {
		id = canonical
	}
	return id, t.readBack(ctx, s, c, req.GetUrn(), id, result), nil
}

// readBack reads a resource after it was written, since a refresh will compare with what a GET returns. If that fails,
// the answer to the write is used.
func (t *resourceType) readBack(ctx context.Context, s *session, c *client, urn, id string, w written) map[string]any {
	if w.read && w.body["id"] != nil {
		return t.outputs(w.body)
	}
	body, err := c.get(ctx, id, t.version)
	if err != nil {
		s.warn(ctx, urn, "the resource was written but could not be read back: "+err.Error())
		body = w.body
	}
	return t.outputs(body)
}

// explain adds the meaning to the error of an ended context: a timeout or a cancellation.
func explain(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the operation timed out; give the resource a longer custom timeout: %w", err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("the operation was canceled: %w", err)
	default:
		return err
	}
}

// predict returns the outputs that follow from the inputs; all others are unknown.
func (t *resourceType) predict(inputs resource.PropertyMap) resource.PropertyMap {
	out := t.body.predict(plain(inputs))
	if t.token == blobToken {
		if name, ok := inputs["blobName"]; ok {
			out["name"] = plainValue(name)
		}
	}
	for _, name := range envelope {
		if key := resource.PropertyKey(name); !out.HasValue(key) {
			out[key] = unknown()
		}
	}
	conceal(out, inputs)
	t.body.concealSchema(out)
	return out
}

func (o *object) predict(inputs resource.PropertyMap) resource.PropertyMap {
	if o.variants != nil {
		if name := inputs[resource.PropertyKey(o.discriminator)]; name.IsString() {
			o = o.of(map[string]any{o.discriminator: name.StringValue()})
		}
	}
	out := resource.PropertyMap{}
	for _, p := range o.props {
		key := resource.PropertyKey(p.sdk)
		switch given, ok := inputs[key]; {
		case p.writeOnly:
		case p.constant != "":
			out[key] = resource.NewStringProperty(p.constant)
		case ok && !p.readOnly:
			out[key] = p.value.predict(given)
		default:
			out[key] = unknown()
		}
	}
	return out
}

func (v *value) predict(given resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.kind == azuretypes.Object && given.IsObject() && v.object.open:
		return given // values that Azure adds are unknown
	case v.kind == azuretypes.Object && given.IsObject():
		return resource.NewObjectProperty(v.object.predict(given.ObjectValue()))
	case v.kind == azuretypes.Array && given.IsArray():
		items := make([]resource.PropertyValue, len(given.ArrayValue()))
		for i, item := range given.ArrayValue() {
			items[i] = v.items.predict(item)
		}
		return resource.NewArrayProperty(items)
	case v.stringSet:
		return unknown() // a list of keys becomes a map with Azure's values
	case v.kind == azuretypes.Map && given.IsObject():
		members := resource.PropertyMap{}
		for key, member := range given.ObjectValue() {
			members[key] = v.items.predict(member)
		}
		return resource.NewObjectProperty(members)
	default:
		return given
	}
}

// fillLists sets the lists that the program leaves to others: empty at creation, because Azure may require them, and
// unchanged in an update.
func (t *resourceType) fillLists(body, present map[string]any) {
	for _, path := range t.lists {
		names := splitPath(path)
		last := names[len(names)-1]
		parent := container(body, names[:len(names)-1])
		if _, given := parent[last]; given {
			continue
		}
		parent[last] = []any{}
		for _, name := range names[:len(names)-1] {
			present, _ = present[name].(map[string]any)
		}
		if kept, ok := present[last]; ok {
			parent[last] = kept
		}
	}
}
