package conformance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"
)

// Pages that hold for resources of every type.
const (
	docsErrors       = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors"
	docsParent       = "https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-parent-resource"
	docsChildren     = "https://learn.microsoft.com/azure/azure-resource-manager/templates/child-resource-name-type"
	docsDeleteGroup  = "https://learn.microsoft.com/azure/azure-resource-manager/management/delete-resource-group"
	docsIdempotence  = "https://learn.microsoft.com/azure/azure-resource-manager/management/overview"
	docsRBACTrouble  = "https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"
	docsSoftDelete   = "https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview"
	docsInsightsREST = "https://learn.microsoft.com/rest/api/monitor/"

	// docsShareTwice is about data sets and synchronization settings, docsSearchTwice about saved searches.
	docsShareTwice  = "https://github.com/Azure/azure-quickstart-templates/issues/11780"
	docsSearchTwice = "https://github.com/MicrosoftDocs/azure-docs/issues/49275"
)

// lifecycle says of one resource type what its life is like; lifecyclePromises makes the promises of it that are the
// same for all types: create, read, list, update, invalid update, delete, delete of a parent, recreate.
type lifecycle struct {
	// area is the type; variant tells apart bodies of one type (the kinds of a data set).
	area, variant string
	version       string
	// source is the type's REST reference.
	source string
	needs  []Need
	// consumer marks what the consumer's organization has.
	consumer bool

	// parent is the id of what the resource lies in; several promises may share it.
	parent func(t *T) string
	// fresh is a parent for one promise alone, which may delete it.
	fresh func(t *T) string
	// parentVersion is the api-version to delete a fresh parent with.
	parentVersion string
	// name makes a name that no other resource has; nil means one of 20 letters and digits.
	name func(t *T) string
	// body makes a good body for a new resource of that id, with everything that it refers to.
	body func(t *T, id string) object
	// hidden are paths that Azure takes and never shows.
	hidden [][]string
	// update changes a body in a way that Azure takes; nil if the type cannot be updated.
	update func(body object) object
	// once is the page that says that a PUT to what is there already is refused; empty where it is taken. unsaid marks
	// types of which nobody says either; the embedded Azure refuses, and the suite promises nothing.
	once   string
	unsaid bool
	// invalid changes a body in a way that Azure refuses; why completes "… is refused".
	invalid func(t *T, body object) object
	why     string
	// code is the documented code of that refusal with the page that documents it; empty if none does.
	code, codeSource string
	// get reads the resource with the type's own client; nil if there is none.
	get func(t *T, o *Org, id string) (any, error)
	// ids lists the collection that the resource is in; nil if the type has no list.
	ids func(t *T, o *Org, id string) []string
	// always marks resources that come with their parent, under the name default, and stay as long as it does; kept,
	// those that Azure Resource Manager cannot delete.
	always, kept bool
	// removed undoes what a deletion leaves behind; nil if nothing.
	removed func(t *T, id string)
	// reserved marks types whose names stay taken after a deletion.
	reserved bool
	// deep marks types whose parent is itself a child: the resource provider, not ARM, says that it is not there.
	deep bool
	// scoped marks types that attach to any resource.
	scoped bool
}

// org is whose subscription the resource is in.
func (l *lifecycle) org(t *T) *Org {
	if l.consumer {
		return t.Env.Consumer
	}
	return t.Env.Provider
}

// id is where a resource of the type lies below a parent.
func (l *lifecycle) id(t *T, parent string) string {
	namespace, path, _ := strings.Cut(l.area, "/")
	last := path[strings.LastIndexByte(path, '/')+1:]
	name := "default"
	switch {
	case l.name != nil:
		name = l.name(t)
	case !l.always:
		name = t.name(20)
	}
	if namespace == "Microsoft.Resources" {
		return parent + "/resourceGroups/" + name
	}
	if l.scoped || !strings.Contains(path, "/") {
		return parent + "/providers/" + namespace + "/" + last + "/" + name
	}
	return parent + "/" + last + "/" + name
}

// make creates a resource and returns its id and the body as sent. It is deleted after the promise.
func (l *lifecycle) make(t *T) (string, object) {
	t.Helper()
	return l.makeIn(t, l.parent(t))
}

func (l *lifecycle) makeIn(t *T, parent string) (string, object) {
	t.Helper()
	id := l.id(t, parent)
	body := plain(t, l.body(t, id))
	t.made(l.org(t), id, l.version, body)
	l.later(t, id)
	return id, body
}

// later deletes a resource after the promise, as far as that is possible; the group's deletion takes the rest.
func (l *lifecycle) later(t *T, id string) {
	if l.always || l.kept {
		return
	}
	t.Cleanup(func() {
		if err := t.remove(l.org(t), id, l.version); err != nil {
			t.Logf("%s was not deleted: %v", id, err)
		}
		if l.removed != nil {
			l.removed(t, id)
		}
	})
}

// holds asserts that the resource reads back as it was written.
func (l *lifecycle) holds(t *T, id string, body object) {
	t.Helper()
	for _, path := range l.hidden {
		body = with(body, nil, path...)
	}
	got := t.there(l.org(t), id, l.version)
	require.True(t, strings.EqualFold(id, text(got, "id")), "the id is %q, not %q", text(got, "id"), id)
	require.True(t, strings.EqualFold(l.area, text(got, "type")), "the type is %q, not %q", text(got, "type"), l.area)
	require.True(t, strings.EqualFold(id[strings.LastIndexByte(id, '/')+1:], text(got, "name")), "the name is %q",
		text(got, "name"))
	require.Empty(t, missing(body, got, "resource"))
	if state := text(got, "properties", "provisioningState"); state != "" {
		require.Equal(t, "Succeeded", state)
	}
	if l.get == nil {
		return
	}
	model, err := l.get(t, l.org(t), id)
	require.NoError(t, err, "the type's own client cannot read it")
	raw, err := json.Marshal(model)
	require.NoError(t, err)
	var typed object
	require.NoError(t, json.Unmarshal(raw, &typed))
	require.Empty(t, missing(body, typed, "resource read with the type's own client"))
}

// promises makes the promises about one type.
func (l *lifecycle) promises() []Promise {
	what := l.area
	if l.variant != "" {
		what += " of kind " + l.variant
	}
	var out []Promise
	add := func(name, statement, source string, test func(t *T)) *Promise {
		if l.variant != "" {
			name += " (" + l.variant + ")"
		}
		out = append(out, Promise{
			Name: name, Area: l.area, Statement: statement, Source: source, Needs: l.needs, Test: test,
		})
		return &out[len(out)-1]
	}

	if l.always {
		statement := fmt.Sprintf(
			"A resource of type %s is there as soon as its parent is, and cannot be deleted.", what)
		add("comes with its parent", statement, l.source, func(t *T) {
			id := l.id(t, l.parent(t))
			t.there(l.org(t), id, l.version)
			t.refusedSomehow(t.remove(l.org(t), id, l.version))
			t.there(l.org(t), id, l.version)
		}).Undocumented = true
	}
	created := fmt.Sprintf(
		"A PUT creates a %s; a GET then shows everything that was asked for, and id, name and type.", what)
	add("create and read", created, l.source, func(t *T) {
		id, body := l.make(t)
		l.holds(t, id, body)
	})
	l.repetition(add, what)
	if l.ids != nil {
		add("list", fmt.Sprintf("The list of its collection has a %s once.", what), l.source, func(t *T) {
			id, _ := l.make(t)
			found := 0
			for _, other := range l.ids(t, l.org(t), id) {
				if strings.EqualFold(id, other) {
					found++
				}
			}
			require.Equal(t, 1, found, "%s in the list", id)
		})
	}
	if l.update != nil {
		add("update", fmt.Sprintf("A PUT with another body changes a %s in place.", what), l.source, func(t *T) {
			id, body := l.make(t)
			changed := plain(t, l.update(body))
			require.NotEqual(t, body, changed)
			t.made(l.org(t), id, l.version, changed)
			l.holds(t, id, changed)
		})
	}
	if l.invalid != nil {
		p := add("invalid update", fmt.Sprintf("An update of a %s %s is refused and changes nothing.", what, l.why),
			l.source, func(t *T) {
				id, body := l.make(t)
				_, err := t.put(l.org(t), id, l.version, plain(t, l.invalid(t, body)))
				if l.code != "" {
					t.refusedWith(err, l.code)
				} else {
					t.refusedSomehow(err)
				}
				l.holds(t, id, body)
			})
		p.Code, p.CodeSource, p.Undocumented = l.code, l.codeSource, l.code == ""
	}
	l.endings(add, what)
	return out
}

// repetition is the promise about a PUT that is sent twice.
func (l *lifecycle) repetition(add func(name, statement, source string, test func(t *T)) *Promise, what string) {
	switch {
	case l.unsaid:
		return
	case l.once != "":
		statement := fmt.Sprintf("A PUT to a %s that is there already is a conflict, even with the same body.", what)
		add("repeat", statement, l.once, func(t *T) {
			id, body := l.make(t)
			_, err := t.put(l.org(t), id, l.version, body)
			t.refusedSomehow(err)
			l.holds(t, id, body)
		}).Undocumented = true
		return
	}
	add("repeat", fmt.Sprintf("The same PUT of a %s again changes nothing.", what), docsIdempotence, func(t *T) {
		id, body := l.make(t)
		before := t.there(l.org(t), id, l.version)
		t.made(l.org(t), id, l.version, body)
		l.holds(t, id, body)
		require.Equal(t, text(before, "identity", "principalId"),
			text(t.there(l.org(t), id, l.version), "identity", "principalId"))
	})
}

// endings are the promises about the end of a resource.
func (l *lifecycle) endings(add func(name, statement, source string, test func(t *T)) *Promise, what string) {
	if !l.always && !l.kept {
		statement := fmt.Sprintf(
			"A DELETE removes a %s: a GET then answers 404, and a further DELETE is no error.", what)
		add("delete", statement, l.source, func(t *T) {
			id, _ := l.make(t)
			require.NoError(t, t.remove(l.org(t), id, l.version))
			t.gone(l.org(t), id, l.version)
			err := t.remove(l.org(t), id, l.version)
			if l.area == "Microsoft.Resources/resourceGroups" { // the one DELETE that answers 404
				t.refused(err, http.StatusNotFound, "ResourceGroupNotFound")
				return
			}
			require.NoError(t, err)
		})
		if !l.reserved {
			add("recreate", fmt.Sprintf("A deleted %s can be created again under its name.", what), l.source,
				func(t *T) {
					id, _ := l.make(t)
					require.NoError(t, t.remove(l.org(t), id, l.version))
					again := plain(t, l.body(t, id))
					t.made(l.org(t), id, l.version, again)
					l.holds(t, id, again)
				})
		}
	}
	if l.fresh != nil {
		source := docsChildren
		if !strings.Contains(strings.SplitN(l.area, "/", 2)[1], "/") && !l.scoped {
			source = docsDeleteGroup
		}
		add("delete of its parent", fmt.Sprintf("A %s goes when what it lies in is deleted.", what), source,
			func(t *T) {
				above := l.fresh(t)
				id, _ := l.makeIn(t, above)
				require.NoError(t, t.remove(l.org(t), above, l.parentVersion))
				t.gone(l.org(t), id, l.version)
			})
	}
	l.orphan(add, what)
}

// orphan is the promise about a parent that is not there.
func (l *lifecycle) orphan(add func(name, statement, source string, test func(t *T)) *Promise, what string) {
	code, source := "ParentResourceNotFound", docsParent
	topLevel := !strings.Contains(strings.SplitN(l.area, "/", 2)[1], "/")
	switch {
	case l.area == "Microsoft.Resources/resourceGroups":
		code, source = "SubscriptionNotFound", docsErrors
	case l.scoped || l.deep:
		code, source = "", l.source
	case topLevel:
		code, source = "ResourceGroupNotFound", docsErrors
	}
	p := add("without its parent", fmt.Sprintf("A %s cannot be created in what is not there.", what), source,
		func(t *T) {
			id, body := l.make(t)
			_, err := t.put(l.org(t), elsewhere(t, l, id), l.version, body)
			require.Equal(t, http.StatusNotFound, t.response(err).StatusCode, err)
			if code != "" {
				t.refusedWith(err, code)
			}
		})
	p.Code, p.Undocumented = code, code == ""
}

// elsewhere is the id of a resource of the same name in a parent that is not there.
func elsewhere(t *T, l *lifecycle, id string) string {
	const nowhere = "00000000-0000-4000-8000-000000000000"
	if l.area == "Microsoft.Resources/resourceGroups" {
		return strings.Replace(id, l.org(t).Subscription, nowhere, 1)
	}
	segments := strings.Split(id, "/")
	i := len(segments) - 3 // parent name / last type / name
	if l.scoped || segments[i-1] == "providers" {
		i = len(segments) - 5 // parent name / providers / namespace / type / name
	}
	if segments[i] == "default" { // the blob service comes with the account above it
		i -= 2
	}
	segments[i] = t.name(15)
	return strings.Join(segments, "/")
}

// lifecyclePromises are those that hold for every type of the topology.
func lifecyclePromises() []Promise {
	var out []Promise
	for _, l := range lifecycles() {
		out = append(out, l.promises()...)
	}
	return out
}

func lifecycles() []*lifecycle {
	var out []*lifecycle
	for _, some := range [][]*lifecycle{coreTypes(), storageTypes(), vaultTypes(), datashareTypes(), monitorTypes(),
		clusterTypes(), managedIdentityTypes()} {
		out = append(out, some...)
	}
	return out
}
