package arm

import "github.com/crossorg/crossorg/internal/azuretypes"

// render is a resource as GET answers it.
func (s *Server) render(c *Call, r *Resource, apiVersion string) map[string]any {
	t := s.lookup(r.ID.Type())
	body := clone(r.Body)
	if t != nil && t.Show != nil {
		t.Show(c, r, body)
	}
	body["id"], body["name"], body["type"] = r.ID.String(), r.ID.Name(), r.ID.Type()
	pub, ok := azuretypes.Lookup(r.ID.Type(), apiVersion)
	if !ok {
		return body
	}
	if b, _ := c.busy(r.ID); b != nil {
		showProgress(pub, b.Kind, body)
	}
	body = pub.Published(body) // later versions have more properties than the request asks for
	if pub.Body.Prop("systemData") != nil {
		body["systemData"] = map[string]any{
			"createdAt": Timestamp(r.CreatedAt), "createdBy": r.CreatedBy, "createdByType": "Application",
			"lastModifiedAt": Timestamp(r.ModifiedAt), "lastModifiedBy": r.ModifiedBy,
			"lastModifiedByType": "Application",
		}
	}
	return body
}

// clone copies a JSON object deeply.
func clone(m map[string]any) map[string]any {
	out := make(map[string]any, len(m)+4)
	for k, v := range m {
		out[k] = cloneValue(v)
	}
	return out
}

func cloneValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return clone(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = cloneValue(e)
		}
		return out
	}
	return v
}

// dropSecrets removes write-only properties, which Azure never shows.
func dropSecrets(shape *azuretypes.Shape, body map[string]any) {
	if v, err := shape.Variant(body); err == nil && v != nil {
		shape = v
	}
	for k, v := range body {
		p := shape.Prop(k)
		if p == nil {
			continue
		}
		if p.WriteOnly || p.Shape.Secret {
			delete(body, k)
			continue
		}
		switch v := v.(type) {
		case map[string]any:
			if p.Shape.Kind == azuretypes.Object {
				dropSecrets(p.Shape, v)
			}
		case []any:
			for _, e := range v {
				if m, ok := e.(map[string]any); ok && p.Shape.Items != nil && p.Shape.Items.Kind == azuretypes.Object {
					dropSecrets(p.Shape.Items, m)
				}
			}
		}
	}
}
