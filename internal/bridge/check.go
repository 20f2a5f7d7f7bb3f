package bridge

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// createBeforeDelete marks inputs with a random name: a replacement can exist beside the resource that it replaces.
const createBeforeDelete = "__createBeforeDelete"

// Check completes the inputs with a name and a location where the program leaves them out, and reports what Azure would
// refuse.
func (p *provider) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	t, err := typeOfURN(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := receive(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := receive(req.GetNews())
	if err != nil {
		return nil, err
	}
	if news == nil {
		news = resource.PropertyMap{}
	}
	olds = plain(olds)

	if err := t.nameResource(req, olds, news); err != nil {
		return nil, err
	}
	if location := t.body.prop("location"); location != nil && !location.readOnly && !news.HasValue("location") {
		v, err := p.defaultLocation(ctx, olds, plain(news))
		if err != nil {
			return nil, err
		}
		if v != nil {
			news["location"] = *v
		}
	}
	inputs, err := deliver(news)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: inputs, Failures: t.check(plain(news).Mappable())}, nil
}

func typeOfURN(urn string) (*resourceType, error) { return lookup(string(resource.URN(urn).Type())) }

// nameResource gives the resource a name if the program does not. A name once given stays.
func (t *resourceType) nameResource(req *pulumirpc.CheckRequest, olds, news resource.PropertyMap) error {
	param, kind := t.autoName()
	key := resource.PropertyKey(param)
	if news.HasValue(key) {
		return nil
	}
	name, random, err := func() (string, bool, error) {
		if old, ok := olds[key]; ok && old.IsString() {
			flag := olds[createBeforeDelete]
			return old.StringValue(), flag.IsBool() && flag.BoolValue(), nil
		}
		logical := resource.URN(req.GetUrn()).Name()
		if wish := req.GetAutonaming(); wish != nil {
			switch wish.GetMode() {
			case pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
				return "", false, nil // the check of required properties reports it
			case pulumirpc.CheckRequest_AutonamingOptions_ENFORCE:
				return wish.GetProposedName(), true, nil
			case pulumirpc.CheckRequest_AutonamingOptions_PROPOSE:
				if kind != uuidName {
					return wish.GetProposedName(), true, nil
				}
			}
		}
		switch kind {
		case copiedName:
			return logical, false, nil
		case uuidName:
			hex, err := resource.NewUniqueName(req.GetRandomSeed(), "", 32, 0, nil)
			if err != nil {
				return "", false, err
			}
			id, err := uuid.Parse(hex)
			return id.String(), true, err
		default:
			name, err := resource.NewUniqueName(req.GetRandomSeed(), logical, 8, 0, nil)
			return name, true, err
		}
	}()
	if err != nil || name == "" {
		return err
	}
	news[key] = resource.NewStringProperty(name)
	if random {
		news[createBeforeDelete] = resource.NewBoolProperty(true)
	}
	return nil
}

// resourceGroupVersion is the api-version for looking up a resource group's location.
const resourceGroupVersion = "2022-09-01"

// defaultLocation is, in this order, the old location, the provider's or the resource group's; nil without any.
func (p *provider) defaultLocation(
	ctx context.Context, olds, news resource.PropertyMap,
) (*resource.PropertyValue, error) {
	found := func(text string) (*resource.PropertyValue, error) {
		v := resource.NewStringProperty(text)
		return &v, nil
	}
	if v, ok := olds["location"]; ok {
		return &v, nil
	}
	s := sessionOf(ctx)
	if location := s.setting("location"); location != "" {
		return found(location)
	}
	name, ok := news["resourceGroupName"]
	if !ok {
		return nil, nil
	}
	if !name.IsString() {
		v := unknown()
		return &v, nil
	}
	c, creds, err := s.configured()
	if err != nil {
		return nil, err
	}
	key := strings.ToLower(name.StringValue())
	s.mu.Lock()
	location := s.locations[key]
	s.mu.Unlock()
	if location != "" {
		return found(location)
	}
	ctx, cancel := s.operation(ctx, 0)
	defer cancel()
	body, err := c.get(ctx, "/subscriptions/"+creds.SubscriptionID+"/resourceGroups/"+name.StringValue(),
		resourceGroupVersion)
	if err != nil {
		return nil, nil // the missing location is reported, and the group when something is put into it
	}
	if location, _ = body["location"].(string); location == "" {
		return nil, nil
	}
	s.mu.Lock()
	s.locations[key] = location
	s.mu.Unlock()
	return found(location)
}

// check reports missing properties and values of the wrong kind in plain inputs. Unknown values pass.
func (t *resourceType) check(inputs map[string]any) []*pulumirpc.CheckFailure {
	c := &checker{}
	for _, param := range t.params {
		switch given := inputs[param].(type) {
		case nil:
			c.missing(param)
		case string, resource.Computed:
		default:
			c.report(param, "'%s' should be of type 'string' but got %s", param, describe(given))
		}
	}
	c.object("", t.body, inputs)
	return c.failures
}

type checker struct{ failures []*pulumirpc.CheckFailure }

func (c *checker) report(path, format string, args ...any) {
	c.failures = append(c.failures, &pulumirpc.CheckFailure{Property: path, Reason: fmt.Sprintf(format, args...)})
}

func (c *checker) missing(path string) {
	reason := fmt.Sprintf("missing required property '%s'", path)
	if path == "location" {
		reason += ". Either set it explicitly or configure it with 'pulumi config set azure-native:location <value>'."
	}
	c.report(path, "%s", reason)
}

func (c *checker) object(path string, o *object, given map[string]any) {
	if o.variants != nil {
		name, ok := given[o.discriminator].(string)
		variant := o.of(given)
		if !ok || variant == o {
			if _, unknown := given[o.discriminator].(resource.Computed); unknown {
				return // the check needs the variant, which is not known yet
			}
			if ok {
				c.report(join(path, o.discriminator), "'%s' has no variant '%s'", join(path, o.discriminator), name)
			} else {
				c.missing(join(path, o.discriminator))
			}
			return
		}
		o = variant
	}
	for _, p := range o.props {
		at := join(path, p.sdk)
		member, ok := given[p.sdk]
		switch {
		case p.readOnly:
		case !ok && p.required:
			c.missing(at)
		case ok && p.constant != "" && !isUnknown(member) && member != p.constant:
			c.report(at, "'%s' should be '%s' but got %v", at, p.constant, member)
		case ok:
			c.value(at, p.value, member)
		}
	}
}

func isUnknown(given any) bool {
	_, unknown := given.(resource.Computed)
	return unknown
}

// value reports a value of another kind than the published one, and faults inside it.
func (c *checker) value(path string, v *value, given any) {
	if given == nil || isUnknown(given) || v.kind == azuretypes.Any || c.fits(path, v, given) {
		return
	}
	want := v.kind.String()
	if v.stringSet {
		want = azuretypes.Array.String()
	}
	c.report(path, "'%s' should be of type '%s' but got %s", path, want, describe(given))
}

// fits reports whether a value is of the published kind; if it is, it is checked further.
func (c *checker) fits(path string, v *value, given any) bool {
	ok := false
	switch given := given.(type) {
	case string:
		if ok = v.kind == azuretypes.String; ok {
			c.text(path, v.shape, given)
		}
	case bool:
		ok = v.kind == azuretypes.Bool
	case float64:
		if ok = v.kind == azuretypes.Number || v.kind == azuretypes.Int; ok {
			c.number(path, v, given)
		}
	case []any:
		if v.kind == azuretypes.Array {
			for i, item := range given {
				c.value(fmt.Sprintf("%s[%d]", path, i), v.items, item)
			}
		}
		ok = v.kind == azuretypes.Array || v.stringSet
	case map[string]any:
		ok = c.fitsMap(path, v, given)
	}
	return ok
}

// fitsMap is fits for objects and maps.
func (c *checker) fitsMap(path string, v *value, given map[string]any) bool {
	switch {
	case v.kind == azuretypes.Object:
		c.object(path, v.object, given)
		return true
	case v.kind == azuretypes.Map && !v.stringSet:
		for name, member := range given {
			c.value(join(path, name), v.items, member)
		}
		return true
	}
	return false
}

func (c *checker) text(path string, s *azuretypes.Shape, given string) {
	length := utf8.RuneCountInString(given)
	if s.MinLen != nil && length < *s.MinLen {
		c.report(path, "'%s' is too short (%d): at least %d characters required", path, length, *s.MinLen)
	}
	if s.MaxLen != nil && length > *s.MaxLen {
		c.report(path, "'%s' is too long (%d): at most %d characters allowed", path, length, *s.MaxLen)
	}
	if s.Pattern != "" {
		if pattern, err := regexp.Compile(s.Pattern); err == nil && !pattern.MatchString(given) {
			c.report(path, "'%s' does not match expression '%s'", path, s.Pattern)
		}
	}
	if len(s.Enum) == 0 {
		return
	}
	for _, allowed := range s.Enum {
		if strings.EqualFold(allowed, given) {
			return
		}
	}
	c.report(path, "'%s' should be one of %s but got '%s'", path, strings.Join(s.Enum, ", "), given)
}

func (c *checker) number(path string, v *value, given float64) {
	if v.kind == azuretypes.Int && given != math.Trunc(given) {
		c.report(path, "'%s' must be an integer but got %g", path, given)
	}
	if v.shape.Min != nil && given < float64(*v.shape.Min) {
		c.report(path, "'%s' is too low (%g < %d)", path, given, *v.shape.Min)
	}
	if v.shape.Max != nil && given > float64(*v.shape.Max) {
		c.report(path, "'%s' is too high (%g > %d)", path, given, *v.shape.Max)
	}
}

func describe(given any) string {
	switch given.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case []any:
		return "an array"
	case map[string]any:
		return "an object"
	default:
		return fmt.Sprintf("%T", given)
	}
}
