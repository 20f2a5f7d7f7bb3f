package stackfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// decode parses a file of one YAML document. It returns nil for a file without any. Errors are Problems in plain
// words: those of the decoder quote values, and any value may be a secret.
func decode(path string, raw []byte) (document *yaml.Node, err error) {
	f := newFaults(path)
	defer func() {
		if recover() != nil { // the decoder gave up on its input
			f.add(0, "", "cannot be read as YAML", "compare it with an earlier version")
			document, err = nil, f.err()
		}
	}()
	if line, ok := notUTF8(raw); ok {
		f.add(line, "", "a byte that is not UTF-8", "save the file as UTF-8")
		return nil, f.err()
	}
	decoder := yaml.NewDecoder(bytes.NewReader(raw))
	for {
		var next yaml.Node
		err := decoder.Decode(&next)
		switch {
		case errors.Is(err, io.EOF):
			return document, f.err()
		case err != nil:
			f.syntax(err, raw)
			return nil, f.err()
		case document == nil:
			document = &next
		default:
			f.add(next.Line, "", "a second document, which Pulumi would leave out",
				"remove the line ---, so that the file is one document")
			return nil, f.err()
		}
	}
}

// notUTF8 finds the line of the first byte that is not UTF-8. UTF-16 with its byte order mark is for the decoder, which
// reads it as Pulumi does.
func notUTF8(raw []byte) (line int, found bool) {
	if bytes.HasPrefix(raw, []byte{0xff, 0xfe}) || bytes.HasPrefix(raw, []byte{0xfe, 0xff}) || utf8.Valid(raw) {
		return 0, false
	}
	for line, text := range bytes.Split(raw, []byte("\n")) {
		if !utf8.Valid(text) {
			return line + 1, true
		}
	}
	return 0, true
}

var decoderError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

var unknownAnchor = regexp.MustCompile(`unknown anchor '(.*)'`)

// unsaidLine finds the line of an error that the decoder names none for; 0 is none.
func unsaidLine(said string, raw []byte) int {
	there := func(line string) bool { return strings.ContainsFunc(line, unprintable) }
	if anchor := unknownAnchor.FindStringSubmatch(said); anchor != nil {
		there = func(line string) bool { return strings.Contains(line, "*"+anchor[1]) }
	}
	for i, line := range strings.Split(string(raw), "\n") {
		if there(line) {
			return i + 1
		}
	}
	return 0
}

func unprintable(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\r' }

// syntax says a decoder's error in plain words.
func (f *faults) syntax(err error, raw []byte) {
	line, said := 0, err.Error()
	if parts := decoderError.FindStringSubmatch(strings.SplitN(said, "\n", 2)[0]); parts != nil {
		line, _ = strconv.Atoi(parts[1]) // stays 0 where the decoder names no line
		said = parts[2]
	}
	if line == 0 {
		line = unsaidLine(said, raw)
	}
	for _, known := range syntaxErrors {
		if strings.Contains(said, known.contains) {
			f.add(line, "", known.reason, known.remedy)
			return
		}
	}
	f.add(line, "", "not YAML", "look at this line and the one above it: indentation, colons and quotes")
}

// syntaxErrors are the errors of the decoder, by a part of their text, in the words of somebody who writes YAML.
var syntaxErrors = []struct{ contains, reason, remedy string }{
	{"cannot start any token", "a tab, or a character that YAML reserves, at the start of a value",
		"indent with spaces, and put text that begins with @, ` or % in quotes"},
	{"mapping values are not allowed", "a colon where no key can be",
		"put text with a colon in quotes, and align keys with those above them"},
	{"did not find expected key", "neither a key nor the end of the object",
		"align the keys of an object, and close every quote and bracket above"},
	{"did not find expected '-' indicator", "neither an item of the list nor its end", "begin each item with a dash, " +
		"all at the same indentation"},
	{"did not find expected ',' or", "a list or object in brackets that does not end",
		"separate its items with commas, and close the bracket"},
	{"could not find expected ':'", "a key without a colon", "write a colon and a space behind the key"},
	{"unexpected end of stream", "a quote that is not closed", "close it"},
	{"unexpected document indicator", "a quote that is not closed before a line with --- or ...", "close it"},
	{"unknown anchor", "an alias (*) of an anchor (&) that is not defined above",
		"define the anchor above, or put the text in quotes"},
	{"contains itself", "an alias that contains itself", "write the value out"},
	{"did not find expected alphabetic or numeric character", "an alias (*) or anchor (&) without a name",
		"name it, or put the text in quotes"},
	{"unknown escape character", "an unknown escape in double quotes",
		`write \\ for a backslash, or use single quotes`},
	{"did not find expected hexdecimal number", "an incomplete escape in double quotes",
		`write \\ for a backslash, or use single quotes`},
	{"control characters are not allowed", "a control character", "remove it, and save the file as UTF-8"},
	{"UTF-8", "a byte that is not UTF-8", "save the file as UTF-8"},
	{"surrogate", "text that is broken UTF-16", "save the file as UTF-8"},
	{"tab character", "a tab for indentation", "indent with spaces"},
	{"violates indentation", "a tab for indentation", "indent with spaces"},
	{"max depth", "values nested too deep", "write them flat"},
	{"did not find expected node content", "a value that is missing or begins with a character that YAML reserves",
		"write the value, in quotes if it begins with one of , ] } % @ `"},
	{"did not find expected <document start>", "text outside of the document", "remove it"},
	{"undefined tag handle", "an unknown YAML tag (!)", "put the text in quotes"},
	{"directive", "a YAML directive (%) that cannot be read", "remove the line"},
	{"excessive aliasing", "aliases that expand to too many values", "write the values out"},
}

// What a file may hold at most. Both are far above any configuration, and keep aliases of aliases from filling memory.
const (
	maxValues = 100_000
	maxDepth  = 100
)

// values checks everything below a node, at a key: keys of objects that are no text or repeat, values that Pulumi
// cannot hand to a program, and aliases without end.
func (f *faults) values(n *yaml.Node, key string) {
	w := &walk{faults: f, open: map[*yaml.Node]bool{}}
	w.visit(n, key, n.Line, 0)
}

type walk struct {
	*faults
	// open are the anchors that the walk is inside of.
	open  map[*yaml.Node]bool
	count int
	ended bool
}

// visit goes through a node. The line is that of the alias for what an alias stands for.
func (w *walk) visit(n *yaml.Node, key string, line, depth int) {
	if w.count++; w.ended || n == nil {
		return
	}
	switch {
	case w.count > maxValues:
		w.ended = true
		w.add(line, key, fmt.Sprintf("more than %d values, aliases counted as what they stand for", maxValues),
			"write fewer aliases of aliases")
		return
	case depth > maxDepth:
		w.add(line, key, "nested too deep", "write it flat")
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		if w.open[n.Alias] {
			w.add(n.Line, key, "an alias that contains itself", "write the value out")
			return
		}
		w.visit(n.Alias, key, n.Line, depth+1)
	case yaml.ScalarNode:
		w.scalar(n, key)
	case yaml.MappingNode, yaml.SequenceNode:
		w.open[n] = true
		w.children(n, key, depth)
		delete(w.open, n)
	}
}

func (w *walk) children(n *yaml.Node, key string, depth int) {
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			w.visit(item, key+"["+strconv.Itoa(i)+"]", item.Line, depth+1)
		}
		return
	}
	first := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		at := ShownName(name.Value)
		if key != "" && key != "config" {
			at = key + "." + at
		}
		switch {
		case name.Kind != yaml.ScalarNode:
			w.add(name.Line, key, "a list, an object or an alias as a key", "write the key as text")
			continue
		case name.Tag == "!!null":
			w.add(name.Line, key, "a key that is empty", "write the key as text")
			continue
		case first[name.Value] > 0 && name.Tag != mergeTag:
			w.add(name.Line, at, fmt.Sprintf("the same key as in line %d", first[name.Value]), "remove one of the two")
		default:
			first[name.Value] = name.Line
		}
		if name.Tag == mergeTag && !mergeable(value) {
			w.add(name.Line, key, "a merge (<<) of something that is no object",
				"name an object, or write <<: in quotes")
			continue
		}
		w.visit(value, at, value.Line, depth+1)
	}
}

// mergeable reports whether a value can be merged into an object (<<): it is an object, or a list of objects.
func mergeable(value *yaml.Node) bool {
	value = resolve(value)
	if value.Kind == yaml.SequenceNode {
		for _, item := range value.Content {
			if resolve(item).Kind != yaml.MappingNode {
				return false
			}
		}
		return true
	}
	return value.Kind == yaml.MappingNode
}

// scalar refuses values that Pulumi cannot write as JSON, or takes for something else than what is written.
func (w *walk) scalar(n *yaml.Node, key string) {
	switch n.Tag {
	case "!!float":
		if folded := strings.ToLower(n.Value); strings.Contains(folded, "nan") || strings.Contains(folded, "inf") {
			w.add(n.Line, key, "not a number that can be used", "write a number, or put the text in quotes")
		}
	case "!!str", "!!int", "!!bool", "!!null", "!!timestamp", mergeTag:
	default:
		w.add(n.Line, key, "a YAML tag (!) that a configuration cannot hold", "remove the tag")
	}
}
