package bridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// allTypes are the types of the table in a fixed order, so that a number in a corpus stays the same type as long as the
// table does.
func allTypes() []*resourceType {
	types := resourceTypes()
	var out []*resourceType
	for _, token := range slices.Sorted(maps.Keys(types)) {
		out = append(out, types[token])
	}
	return out
}

// maker makes values out of a fuzzer's bytes. When they are used up it makes the least that is valid.
type maker struct {
	bytes   []byte
	secrets map[string]bool // what was marked as secret, all texts
	serial  int
}

func (m *maker) next(n int) int {
	if len(m.bytes) == 0 {
		return 0
	}
	b := m.bytes[0]
	m.bytes = m.bytes[1:]
	return int(b) % n
}

// freeNames are keys of free-form maps: what is special in a path, in a body or to the engine, and spellings that
// differ by case alone.
var freeNames = []string{
	"CostCenter", "costcenter", "costCenter", "properties", "id", "name", "tags", "kind", "type", "location", "a.b",
	"x[0]", `q"q`,
	"", " ", ".", "[", "__defaults", "ключ", "hidden-link:/subscriptions/x", "resourceGroupName", "value", "etag",
}

// text makes a string, each different from all others so that it can be found again.
func (m *maker) text(s *azuretypes.Shape) string {
	if len(s.Enum) > 0 {
		return s.Enum[m.next(len(s.Enum))]
	}
	m.serial++
	text := fmt.Sprintf("v%d-", m.serial)
	text += []string{"", "ä\u0000", "4dabf18193072939515e22adb298388d", "%2F..", "2030-01-01T00:00:00Z", "${x}", "\n",
		"1"}[m.next(8)]
	if s.MinLen != nil && len(text) < *s.MinLen {
		text += strings.Repeat("x", *s.MinLen-len(text))
	}
	if s.MaxLen != nil && len([]rune(text)) > *s.MaxLen {
		text = text[:min(*s.MaxLen, len(fmt.Sprintf("v%d-", m.serial)))]
	}
	return text
}

// inputs makes the inputs of an object: everything required, and of the rest what the bytes choose.
func (m *maker) inputs(o *object, depth int) map[string]any {
	made := map[string]any{}
	if o.variants != nil {
		names := slices.Sorted(maps.Keys(o.variants))
		name := names[m.next(len(names))]
		o = o.variants[name]
	}
	for _, p := range o.props {
		switch {
		case p.readOnly:
		case p.constant != "":
			made[p.sdk] = p.constant
		case p.required || depth < 8 && m.next(3) == 1:
			made[p.sdk] = m.value(p.value, depth+1)
		}
	}
	return made
}

func (m *maker) value(v *value, depth int) any {
	if v.stringSet {
		set := []any{}
		for i := range m.next(3) {
			set = append(set, fmt.Sprintf("/subscriptions/s/identities/%d", i))
		}
		return set
	}
	switch v.kind {
	case azuretypes.String:
		return m.text(v.shape)
	case azuretypes.Bool:
		return m.next(2) == 1
	case azuretypes.Int, azuretypes.Number:
		n := m.next(200)
		if v.shape.Min != nil {
			n = max(n, int(*v.shape.Min))
		}
		if v.shape.Max != nil {
			n = min(n, int(*v.shape.Max))
		}
		return float64(n)
	case azuretypes.Object:
		return m.inputs(v.object, depth)
	case azuretypes.Array:
		list := []any{}
		for range m.next(4) {
			list = append(list, m.value(v.items, depth+1))
		}
		return list
	case azuretypes.Map:
		object := map[string]any{}
		for range m.next(5) {
			object[freeNames[m.next(len(freeNames))]] = m.value(v.items, depth+1)
		}
		return object
	default:
		return m.any(depth)
	}
}

func (m *maker) any(depth int) any {
	switch kind := m.next(6); {
	case kind == 1:
		return m.next(2) == 1
	case kind == 2:
		return float64(m.next(256)) / 2
	case kind == 3 && depth < 8:
		list := []any{}
		for range m.next(3) {
			list = append(list, m.any(depth+1))
		}
		return list
	case kind == 4 && depth < 8:
		object := map[string]any{}
		for range m.next(3) {
			object[freeNames[m.next(len(freeNames))]] = m.any(depth + 1)
		}
		return object
	default:
		return m.text(&azuretypes.Shape{Kind: azuretypes.String})
	}
}

// program is the inputs of a whole resource as a program gives them, with those of the path.
func (m *maker) program(t *resourceType) map[string]any {
	inputs := m.inputs(t.body, 0)
	for _, param := range t.params {
		inputs[param] = "p" + param
		if scopeParameter(param) {
			inputs[param] = "/subscriptions/s/resourceGroups/g"
		}
	}
	return inputs
}

// veil marks values as secret, or with unknowns in their place, wherever the bytes say.
func (m *maker) veil(v resource.PropertyValue, unknowns bool) resource.PropertyValue {
	switch m.next(8) {
	case 1:
		m.remember(v)
		return resource.MakeSecret(v)
	case 2:
		if unknowns {
			return unknown()
		}
	case 3:
		if unknowns {
			return resource.MakeSecret(unknown())
		}
	case 4:
		if unknowns {
			return resource.NewOutputProperty(resource.Output{Element: v, Known: m.next(2) == 1,
				Secret: m.next(2) == 1})
		}
	}
	switch {
	case v.IsObject():
		return resource.NewObjectProperty(m.veilMembers(v.ObjectValue(), unknowns))
	case v.IsArray():
		items := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			items[i] = m.veil(item, unknowns)
		}
		return resource.NewArrayProperty(items)
	}
	return v
}

func (m *maker) veilMembers(members resource.PropertyMap, unknowns bool) resource.PropertyMap {
	out := resource.PropertyMap{}
	for _, key := range members.StableKeys() {
		out[key] = m.veil(members[key], unknowns)
	}
	return out
}

func (m *maker) remember(v resource.PropertyValue) {
	if m.secrets == nil {
		m.secrets = map[string]bool{}
	}
	eachText(plainValue(v), func(s string) {
		if strings.HasPrefix(s, "v") && strings.Contains(s, "-") { // our own, not one of an enumeration
			m.secrets[s] = true
		}
	})
}

// eachText visits the texts of a value that are not below a secret.
func eachText(v resource.PropertyValue, visit func(string)) {
	switch {
	case v.IsString():
		visit(v.StringValue())
	case v.IsArray():
		for _, item := range v.ArrayValue() {
			eachText(item, visit)
		}
	case v.IsObject():
		for _, member := range v.ObjectValue() {
			eachText(member, visit)
		}
	}
}

// echo is an Azure that keeps what it receives: its answer has everything of the request but what is write-only, and
// beside it values of its own for read-only properties and, where the bytes say, for what the request leaves out.
func (m *maker) echo(s *azuretypes.Shape, request map[string]any, depth int) map[string]any {
	if v, err := s.Variant(request); err == nil {
		s = v
	}
	answer := map[string]any{}
	for name, given := range request {
		p := s.Props[name]
		switch {
		case p == nil && s.Additional != nil:
			answer[name] = given
		case p == nil || p.WriteOnly || p.ReadOnly:
		default:
			answer[name] = m.echoValue(p.Shape, given, depth+1)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Props)) {
		p := s.Props[name]
		if _, given := answer[name]; given || p.WriteOnly || name == s.Discriminator || depth > 5 {
			continue
		}
		if p.ReadOnly && m.next(2) == 1 {
			answer[name] = m.answer(p.Shape, depth+1)
		}
	}
	return answer
}

func (m *maker) echoValue(s *azuretypes.Shape, given any, depth int) any {
	switch given := given.(type) {
	case map[string]any:
		switch s.Kind {
		case azuretypes.Object:
			return m.echo(s, given, depth)
		case azuretypes.Map:
			out := map[string]any{}
			for _, name := range slices.Sorted(maps.Keys(given)) {
				out[name] = m.echoValue(s.Items, given[name], depth)
			}
			return out
		}
	case []any:
		if s.Kind == azuretypes.Array {
			out := make([]any, len(given))
			for i, item := range given {
				out[i] = m.echoValue(s.Items, item, depth)
			}
			return out
		}
	}
	return given
}

// answer makes any value of a shape.
func (m *maker) answer(s *azuretypes.Shape, depth int) any {
	switch s.Kind {
	case azuretypes.String:
		return m.text(s)
	case azuretypes.Bool:
		return m.next(2) == 1
	case azuretypes.Int, azuretypes.Number:
		return float64(m.next(100))
	case azuretypes.Object:
		if s.Discriminator != "" {
			names := slices.Sorted(maps.Keys(s.Variants))
			name := names[m.next(len(names))]
			return m.echo(s, map[string]any{s.Discriminator: name}, depth)
		}
		return m.echo(s, nil, depth)
	case azuretypes.Array:
		list := []any{}
		for range m.next(3) {
			list = append(list, m.answer(s.Items, depth+1))
		}
		return list
	case azuretypes.Map:
		object := map[string]any{}
		for range m.next(3) {
			object[freeNames[m.next(len(freeNames))]] = m.answer(s.Items, depth+1)
		}
		return object
	default:
		return m.any(depth)
	}
}

// overTheWire sends a body through JSON, as the client does.
func overTheWire(t *testing.T, body map[string]any) map[string]any {
	t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// throughEngine is what the engine keeps of a state and gives back.
func throughEngine(t *testing.T, s *structpb.Struct) resource.PropertyMap {
	t.Helper()
	out, err := receive(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// FuzzRoundTrip promises of every type of the table, for whatever a program gives: what Check accepts the published
// type accepts; what an Azure that keeps a request gives back makes no difference to the program, at a refresh as
// at an import; keys of free-form maps keep their spelling; what Azure adds or what is secret changes nothing of that;
// and a secret is never seen outside a secret.
func FuzzRoundTrip(f *testing.F) {
	for i := range allTypes() {
		f.Add(uint8(i), []byte(nil))
		f.Add(uint8(i), []byte(strings.Repeat("\x01", 300)))
		f.Add(uint8(i), []byte(strings.Repeat("\x01\x04\x02\x01\x07", 100)))
	}
	f.Fuzz(func(t *testing.T, pick uint8, data []byte) {
		typ := allTypes()[int(pick)%len(allTypes())]
		if typ.token == blobToken {
			return // it has no ARM body
		}
		published, _ := azuretypes.Lookup(typ.arm, typ.version)
		m := &maker{bytes: data}
		given := resource.NewPropertyMapFromMap(m.program(typ))
		sent, err := deliver(m.veilMembers(given, false))
		if err != nil {
			t.Fatal(err)
		}
		program := throughEngine(t, sent)
		known := plain(program).Mappable()

		body := overTheWire(t, typ.requestBody(known))
		if failures := typ.check(known); len(failures) == 0 {
			for _, v := range published.ValidateWrite(body) {
				t.Errorf("%s: Check accepts what Azure refuses: %s", typ.token, v)
			}
		}

		id, err := typ.resourceID(known, "11111111-1111-1111-1111-111111111111")
		if err != nil {
			t.Fatal(err)
		}
		answer := m.echo(published.Body, body, 0)
		answer["id"], answer["name"], answer["etag"] = id, "given-name", `W/"1"`
		if published.Body.Props["type"] == nil {
			answer["type"] = typ.arm
		}
		answer = overTheWire(t, answer)
		sentState, err := typ.state(typ.outputs(answer), program)
		if err != nil {
			t.Fatal(err)
		}
		state := throughEngine(t, sentState)
		eachText(resource.NewObjectProperty(state), func(s string) {
			if m.secrets[s] {
				t.Errorf("%s: the secret %q is in the open in the state", typ.token, s)
			}
		})

		// A refresh that finds what is there.
		refreshed := typ.refreshed(program, plain(state).Mappable(), typ.outputs(answer))
		conceal(refreshed, program)
		if d := typ.diff(plain(refreshed), plain(program), plain(state)); len(d) > 0 {
			t.Errorf("%s: a refresh that finds nothing new changes %v", typ.token, slices.Sorted(maps.Keys(d)))
		}
		eachText(resource.NewObjectProperty(refreshed), func(s string) {
			if m.secrets[s] {
				t.Errorf("%s: the secret %q is in the open after a refresh", typ.token, s)
			}
		})

		// An import of it.
		imported, err := typ.imported(id, typ.inputsOf(answer))
		if err != nil {
			t.Fatal(err)
		}
		want := withoutEmpty(typ.readable(known))
		if got := withoutEmpty(imported.Mappable()); !reflect.DeepEqual(want, got) {
			t.Errorf("%s: imported\n%s\nwhere the program has\n%s", typ.token, show(got), show(want))
		}
	})
}

// readable is what of inputs can be read again: all but what is write-only.
func (t *resourceType) readable(inputs map[string]any) map[string]any {
	out := maps.Clone(inputs)
	maps.Copy(out, t.body.readable(inputs))
	for _, p := range t.body.props {
		if p.writeOnly && !slices.Contains(t.params, p.sdk) {
			delete(out, p.sdk)
		}
	}
	return out
}

func (o *object) readable(inputs map[string]any) map[string]any {
	o = o.of(inputs)
	out := map[string]any{}
	for name, given := range inputs {
		if p := o.prop(name); p == nil {
			out[name] = given
		} else if !p.writeOnly {
			out[name] = p.value.readable(given)
		}
	}
	return out
}

func (v *value) readable(given any) any {
	switch given := given.(type) {
	case map[string]any:
		switch v.kind {
		case azuretypes.Object:
			return v.object.readable(given)
		case azuretypes.Map:
			return mapValues(given, v.items.readable)
		}
	case []any:
		if v.kind == azuretypes.Array {
			return mapItems(given, v.items.readable)
		}
	}
	return given
}

func show(v any) string {
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// FuzzDrift promises that a change made behind the program's back is seen: of two answers of Azure that differ in one
// thing the program gave, a refresh reports that thing and no other.
func FuzzDrift(f *testing.F) {
	for i := range allTypes() {
		f.Add(uint8(i), uint8(i), []byte(strings.Repeat("\x01", 300)))
		f.Add(uint8(i), uint8(i+7), []byte(strings.Repeat("\x01\x04\x02\x01\x07", 100)))
	}
	f.Fuzz(func(t *testing.T, pick, which uint8, data []byte) {
		typ := allTypes()[int(pick)%len(allTypes())]
		if typ.token == blobToken {
			return
		}
		published, _ := azuretypes.Lookup(typ.arm, typ.version)
		m := &maker{bytes: data}
		known := m.program(typ)
		program := resource.NewPropertyMapFromMap(known)
		before := m.echo(published.Body, overTheWire(t, typ.requestBody(known)), 0)

		// What can be changed: the texts of the program that come back at the top of its inputs.
		var names []string
		for _, p := range typ.body.props {
			_, text := known[p.sdk].(string)
			if text && !p.writeOnly && p.constant == "" && !slices.Contains(typ.params, p.sdk) {
				names = append(names, p.sdk)
			}
		}
		if len(names) == 0 {
			return
		}
		name := names[int(which)%len(names)]
		changed := maps.Clone(known)
		changed[name] = "changed-behind-the-back"
		after := overTheWire(t, before)
		p := typ.body.prop(name)
		container(after, p.containers)[p.arm] = "changed-behind-the-back"

		refreshed := typ.refreshed(program, typ.outputs(overTheWire(t, before)), typ.outputs(after))
		d := typ.diff(refreshed, program, nil)
		if got := slices.Sorted(maps.Keys(d)); !slices.Equal(got, []string{name}) {
			t.Errorf("%s: %s was changed, and a refresh reports %v", typ.token, name, got)
		}
		if d := typ.diff(refreshed, resource.NewPropertyMapFromMap(changed), nil); len(d) > 0 {
			t.Errorf("%s: a program that follows the change still differs in %v", typ.token,
				slices.Sorted(maps.Keys(d)))
		}
	})
}

// FuzzUnknowns promises that a preview with values that are not known yet predicts nothing wrong: what it says to be
// known is what the real run will say, and secrets stay secret.
func FuzzUnknowns(f *testing.F) {
	for i := range allTypes() {
		f.Add(uint8(i), []byte(strings.Repeat("\x01\x02", 200)))
		f.Add(uint8(i), []byte(strings.Repeat("\x01\x01\x04\x03\x01", 120)))
	}
	f.Fuzz(func(t *testing.T, pick uint8, data []byte) {
		typ := allTypes()[int(pick)%len(allTypes())]
		m := &maker{bytes: data}
		known := m.program(typ)
		veiled := m.veilMembers(resource.NewPropertyMapFromMap(known), true)
		sent, err := plugin.MarshalProperties(veiled,
			plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepOutputValues: true})
		if err != nil {
			t.Fatal(err)
		}
		program := throughEngine(t, sent)
		for _, failure := range typ.check(plain(program).Mappable()) {
			full := false
			for _, other := range typ.check(known) {
				full = full || other.GetProperty() == failure.GetProperty()
			}
			if !full {
				t.Errorf("%s: an unknown value is reported: %s", typ.token, failure.GetReason())
			}
		}
		foretold := typ.predict(program)
		if _, err := deliver(foretold); err != nil {
			t.Fatal(err)
		}
		eachText(resource.NewObjectProperty(foretold), func(s string) {
			if m.secrets[s] {
				t.Errorf("%s: the secret %q is in the open in a preview", typ.token, s)
			}
		})
		if typ.token == blobToken {
			return
		}
		published, _ := azuretypes.Lookup(typ.arm, typ.version)
		answer := m.echo(published.Body, overTheWire(t, typ.requestBody(known)), 0)
		agree(t, typ.token, plainValue(resource.NewObjectProperty(foretold)),
			resource.NewObjectProperty(resource.NewPropertyMapFromMap(typ.outputs(overTheWire(t, answer)))))
	})
}

// agree compares what was foretold with what came, as far as it was foretold.
func agree(t *testing.T, path string, foretold, came resource.PropertyValue) {
	t.Helper()
	switch {
	case foretold.IsComputed():
	case foretold.IsObject() && came.IsObject():
		for key, v := range foretold.ObjectValue() {
			agree(t, path+"."+string(key), v, came.ObjectValue()[key])
		}
	case foretold.IsArray() && came.IsArray() && len(foretold.ArrayValue()) == len(came.ArrayValue()):
		for i, v := range foretold.ArrayValue() {
			agree(t, fmt.Sprintf("%s[%d]", path, i), v, came.ArrayValue()[i])
		}
	case !foretold.DeepEquals(came):
		t.Errorf("%s: foretold %v, came %v", path, foretold, came)
	}
}

// FuzzProperties promises that nothing the engine can send breaks the mapping: properties of any form, with marks of
// secrets, unknowns, assets and archives at any place, of types that do not fit. Every difference has a path that the
// engine can read.
func FuzzProperties(f *testing.F) {
	for i := range allTypes() {
		f.Add(uint8(i), `{"tags":{"a.b":"x","":"y","C":null},"properties":[],"sku":{"name":7}}`,
			`{"tags":{"a.b":"z"},"sku":"x","identity":{"userAssignedIdentities":["a",1]}}`)
		f.Add(uint8(i), `{"tags":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270",
			"value":{"k":"v"}}}`, `{"":1,".":2,"[":{"]":3}}`)
		f.Add(uint8(i), `{"location":"04da6b54-80e4-46f7-96ec-b56ff0331ba9",
			"kind":"04da6b54-80e4-46f7-96ec-b56ff0331ba9"}`, `{"location":["West Europe"],"resourceGroupName":{"x":1}}`)
		f.Add(uint8(i), `{"source":{"4dabf18193072939515e22adb298388d":"c44067f5952c0a294b673a41bacd8c17","text":"x",
			"hash":""}}`, `{}`)
	}
	f.Fuzz(func(t *testing.T, pick uint8, before, after string) {
		typ := allTypes()[int(pick)%len(allTypes())]
		var both [2]resource.PropertyMap
		for i, text := range []string{before, after} {
			s := &structpb.Struct{}
			if protojson.Unmarshal([]byte(text), s) != nil {
				return
			}
			var err error
			if both[i], err = receive(s); err != nil {
				return
			}
		}
		urn := "urn:pulumi:dev::crossorg::azure-native:" + typ.token + "::res"
		req := &pulumirpc.CheckRequest{Urn: urn, RandomSeed: []byte("0123456789abcdef0123456789abcdef")}
		news := both[1].Copy()
		if err := typ.nameResource(req, plain(both[0]), news); err != nil {
			t.Fatal(err)
		}
		typ.check(plain(news).Mappable())
		for _, m := range both {
			if !m.ContainsUnknowns() && !m.HasValue("source") {
				typ.requestBody(plain(m).Mappable())
			}
			if _, err := deliver(typ.predict(m)); err != nil {
				t.Fatal(err)
			}
			typ.project(plain(m).Mappable())
		}
		detailed := typ.diff(plain(both[0]), plain(both[1]), plain(both[0]))
		resp := response(detailed, plain(both[0]))
		if (len(detailed) > 0) != (resp.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME) {
			t.Errorf("%d differences are reported as %s", len(detailed), resp.GetChanges())
		}
		for path := range detailed {
			parsed, err := resource.ParsePropertyPath(path)
			if err != nil {
				t.Errorf("%s: no path: %q: %v", typ.token, path, err)
				continue
			}
			_, old := parsed.Get(resource.NewObjectProperty(plain(both[0])))
			_, now := parsed.Get(resource.NewObjectProperty(plain(both[1])))
			if !old && !now {
				t.Errorf("%s: %q leads nowhere", typ.token, path)
			}
		}
	})
}

// FuzzAnswers promises that no answer of Azure, however odd, breaks the mapping, and that what the published types call
// secret is secret in the state whatever stands there.
func FuzzAnswers(f *testing.F) {
	for i := range allTypes() {
		f.Add(uint8(i), `{"id":"/x","properties":null}`, `{}`)
		f.Add(uint8(i), `{"properties":{"networkAcls":[{}],"accessPolicies":{"x":1},"clients":[null,7]},
			"identity":"none","tags":[]}`, `{"tags":{"a":"b"}}`)
		f.Add(uint8(i), `{"kind":"Blob","type":{"a":null},"sku":[[[]]],"properties":{"adminPassword":"s3cret",
			"value":"s3cret"}}`, `{"sku":{}}`)
		f.Add(uint8(i), `{"properties":{"serviceKind":"Stateless",
			"x":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","value":"v"}}}`,
			`{"properties":{"serviceKind":"None"}}`)
	}
	f.Fuzz(func(t *testing.T, pick uint8, first, second string) {
		typ := allTypes()[int(pick)%len(allTypes())]
		var answers [2]map[string]any
		for i, text := range []string{first, second} {
			if json.Unmarshal([]byte(text), &answers[i]) != nil || answers[i] == nil {
				return
			}
		}
		program := resource.NewPropertyMapFromMap(typ.inputsOf(answers[1]))
		typ.isDefault(answers[0])
		old := typ.outputs(answers[0])
		if _, err := typ.state(old, program); err != nil {
			t.Fatal(err)
		}
		refreshed := typ.refreshed(program, typ.outputs(answers[1]), old)
		conceal(refreshed, program)
		typ.body.concealSchema(refreshed)
		if _, err := deliver(refreshed); err != nil {
			t.Fatal(err)
		}
		for _, v := range typ.inputsOf(answers[0]) {
			withoutEmpty(v)
		}
	})
}

// FuzzResourceID promises that the inputs of a path survive the way into a resource id and back, and that every id that
// is read is written the same.
func FuzzResourceID(f *testing.F) {
	for i := range allTypes() {
		f.Add(uint8(i), "contoso", "data", "/subscriptions/s/resourceGroups/g")
		f.Add(uint8(i), "a/b c%2F", "ä?#", "providers/Microsoft.Authorization/roleAssignments/x")
		f.Add(uint8(i), "..", "%", "//")
	}
	f.Fuzz(func(t *testing.T, pick uint8, first, second, scope string) {
		typ := allTypes()[int(pick)%len(allTypes())]
		inputs := map[string]any{}
		for i, param := range typ.params {
			switch {
			case scopeParameter(param):
				inputs[param] = scope
			case i%2 == 0:
				inputs[param] = first
			default:
				inputs[param] = second
			}
		}
		id, err := typ.resourceID(inputs, "11111111-1111-1111-1111-111111111111")
		if err != nil {
			return
		}
		got, err := typ.parameters(id)
		if err != nil {
			t.Fatalf("%v makes the id %q, which is not read: %v", inputs, id, err)
		}
		again, err := typ.resourceID(got, "11111111-1111-1111-1111-111111111111")
		if err != nil || again != id {
			t.Fatalf("%q is read and written as %q (%v)", id, again, err)
		}
		for param, want := range inputs {
			if !scopeParameter(param) && got[param] != want {
				t.Errorf("%s is %q and comes back as %q", param, want, got[param])
			}
		}
	})
}
