package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// volatile are what no two stacks have in common: ids, times, ports, keys and digests of those.
var volatile = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`), "<id>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)`), "<time>"},
	// An alert counts from when its trigger was made.
	{regexp.MustCompile(`since = datetime\([^)]*\)`), "since = <time>"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "<host>"},
	{regexp.MustCompile(`-[0-9a-f]{8}\b`), "-<random>"},
}

// unequal are properties that differ in every stack and have no form to know them by.
//
// A share subscription says with which description and terms it was accepted; a later edit of the share does not reach
// it.
var unequal = map[string]bool{"shareDescription": true, "shareTerms": true, "etag": true, "__inputs": true,
	"systemData": true, "createdOn": true, "createdAt": true,
	"updatedOn": true, "updatedBy": true, "createdBy": true, "lastModifiedTime": true, "creationTime": true,
	"createdDate": true, "modifiedDate": true, "timeModified": true, "version": true, "appPackageUrl": true,
	"customerId": true, "revision": true, "clusterCertificateThumbprints": true,
	"sharedKeys": true, "ipv4Address": true, "respondedAt": true, "sentAt": true}

// canonical is the stack's state by URN, without what no two stacks have in common.
func (w *world) canonical() map[string]string {
	names := map[string]string{}
	for _, r := range w.snapshot.Resources {
		id := string(r.ID)
		if name := id[strings.LastIndex(id, "/")+1:]; r.Custom && autoNamed.MatchString(name) {
			names[name] = "<" + r.URN.Name() + ">"
		}
	}
	longest := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return len(b) - len(a) })
	var replacements []string
	for _, name := range longest {
		replacements = append(replacements, name, names[name])
	}
	replacer := strings.NewReplacer(replacements...)
	all := map[string]string{}
	for _, r := range w.snapshot.Resources {
		urn := r.URN
		if strings.HasPrefix(string(urn.Type()), "pulumi:providers:") {
			continue
		}
		if urn.Type() == "azure-native:storage:Blob" {
			// A refresh records the tier that a blob has from its account.
			delete(r.Inputs, "accessTier")
		}
		raw, err := json.Marshal(map[string]any{"id": string(r.ID), "inputs": plain(r.Inputs),
			"outputs": plain(r.Outputs), "parent": string(r.Parent), "protect": r.Protect})
		if err != nil {
			raw = []byte(err.Error())
		}
		text := replacer.Replace(string(raw))
		for _, v := range volatile {
			text = v.pattern.ReplaceAllString(text, v.instead)
		}
		all[string(urn)] = text
	}
	return all
}

// autoNamed are names that end in the random characters of auto-naming.
var autoNamed = regexp.MustCompile(`[0-9a-f]{8}$`)

// plain is a map of properties as JSON has it, without those that differ in every stack.
func plain(properties resource.PropertyMap) any { return without(properties.Mappable()) }

func without(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, v := range value {
			if !unequal[key] {
				kept[key] = without(v)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, v := range value {
			kept[i] = without(v)
		}
		return kept
	case *resource.Asset:
		return value.Hash
	}
	return value
}

// differences between a stack that was edited and a fresh one of the same configuration.
func differences(edited, fresh map[string]string) error {
	var errs []error
	for _, urn := range slices.Sorted(maps.Keys(edited)) {
		if _, there := fresh[urn]; !there {
			errs = append(errs, fmt.Errorf("only in the edited stack: %s", urn))
		}
	}
	for _, urn := range slices.Sorted(maps.Keys(fresh)) {
		switch got, there := edited[urn]; {
		case !there:
			errs = append(errs, fmt.Errorf("only in a fresh stack: %s", urn))
		case got != fresh[urn]:
			errs = append(errs, fmt.Errorf("%s differs:\n  edited %s\n  fresh  %s", urn, around(got, fresh[urn]),
				around(fresh[urn], got)))
		}
	}
	return errors.Join(errs...)
}

// around is the part of a text where it begins to differ from another.
func around(text, other string) string {
	i := 0
	for i < len(text) && i < len(other) && text[i] == other[i] {
		i++
	}
	return "…" + text[max(0, i-60):min(len(text), i+100)] + "…"
}
