package stack

// Resource is a resource as Azure Resource Manager answers it.
type Resource struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Kind       string            `json:"kind"`
	Location   string            `json:"location"`
	Tags       map[string]string `json:"tags"`
	Identity   map[string]any    `json:"identity"`
	SKU        map[string]any    `json:"sku"`
	Properties map[string]any    `json:"properties"`
}

// Value is a property by path below properties; nil if absent.
func (r *Resource) Value(path ...string) any {
	var v any = r.Properties
	for _, key := range path {
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[key]
	}
	return v
}

// Text is a text property by path below properties; "" if absent.
func (r *Resource) Text(path ...string) string {
	text, _ := r.Value(path...).(string)
	return text
}

// Flag is a boolean property by path below properties, and whether it is there.
func (r *Resource) Flag(path ...string) (on, there bool) {
	on, there = r.Value(path...).(bool)
	return on, there
}
