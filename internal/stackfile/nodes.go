package stackfile

import "gopkg.in/yaml.v3"

// Stack files are edited as YAML nodes and not as Go values, so that dates, numbers and anchors stay as written.

// lookup returns the value of a mapping's key, or nil. A nil or other node has no keys.
func lookup(mapping *yaml.Node, key string) *yaml.Node {
	mapping = resolve(mapping)
	if mapping == nil || mapping.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return resolve(mapping.Content[i+1])
		}
	}
	return nil
}

// set puts a value at a mapping's key, in place of an earlier one.
func set(mapping *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content[i+1] = value
			return
		}
	}
	mapping.Content = append(mapping.Content, text(key), value)
}

// remove takes a key out of a mapping.
func remove(mapping *yaml.Node, key string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			mapping.Content = append(mapping.Content[:i], mapping.Content[i+2:]...)
			return
		}
	}
}

// resolve follows an alias to its anchor.
func resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// absent reports whether a node is missing or null.
func absent(n *yaml.Node) bool { return n == nil || n.Tag == "!!null" }

// text is a string scalar, quoted where YAML needs it.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

// secure is an encrypted value as Pulumi writes it.
func secure(ciphertext string) *yaml.Node {
	n := mapping()
	set(n, "secure", text(ciphertext))
	return n
}

// isSecure reports whether a node is an encrypted value.
func isSecure(n *yaml.Node) bool {
	n = resolve(n)
	return n != nil && n.Kind == yaml.MappingNode && len(n.Content) == 2 && n.Content[0].Value == "secure" &&
		n.Content[1].Kind == yaml.ScalarNode
}

// copyNode is a deep copy without aliases and merge keys (<<), which may be edited without touching the original.
func copyNode(n *yaml.Node) *yaml.Node {
	n = resolve(n)
	if n == nil {
		return nil
	}
	c := *n
	c.Anchor = ""
	c.Content = nil
	if n.Kind != yaml.MappingNode {
		for _, child := range n.Content {
			c.Content = append(c.Content, copyNode(child))
		}
		return &c
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag != mergeTag {
			c.Content = append(c.Content, copyNode(n.Content[i]), copyNode(n.Content[i+1]))
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == mergeTag {
			merge(&c, n.Content[i+1])
		}
	}
	return &c
}

// mergeTag is the tag of the key << (yaml.org/type/merge.html).
const mergeTag = "!!merge"

// merge adds to into the missing keys of a mapping, or of each mapping of a list.
func merge(into, from *yaml.Node) {
	from = copyNode(from)
	switch from.Kind {
	case yaml.SequenceNode:
		for _, one := range from.Content {
			merge(into, one)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(from.Content); i += 2 {
			if lookup(into, from.Content[i].Value) == nil {
				into.Content = append(into.Content, from.Content[i], from.Content[i+1])
			}
		}
	}
}

// dropSecure removes every encrypted value below n and returns their paths, starting with path.
func dropSecure(n *yaml.Node, path string) []string {
	var dropped []string
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); {
			at := path + n.Content[i].Value
			if isSecure(n.Content[i+1]) {
				dropped = append(dropped, at)
				n.Content = append(n.Content[:i], n.Content[i+2:]...)
				continue
			}
			dropped = append(dropped, dropSecure(n.Content[i+1], at+".")...)
			i += 2
		}
	case yaml.SequenceNode:
		kept := n.Content[:0]
		for _, item := range n.Content {
			if isSecure(item) {
				dropped = append(dropped, path+"[]")
				continue
			}
			dropped = append(dropped, dropSecure(item, path)...)
			kept = append(kept, item)
		}
		n.Content = kept
	}
	return dropped
}
