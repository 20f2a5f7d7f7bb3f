package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stack"
)

// kinds are Data Share's words for the kinds of data sets in outputs, with the property that holds the path.
var kinds = map[string]struct{ name, path string }{
	rules.Blob: {"Blob", "filePath"}, rules.Folder: {"BlobFolder", "prefix"}, rules.Container: {"Container", ""},
}

func (r *run) share(name string, s stack.Share) []checks.Question {
	all := []checks.Question{
		r.resource("share", s.Provider, s.ShareID, dataShareVersion,
			func(a checks.Subject, found *stack.Resource) []checks.Check {
				return []checks.Check{
					a.Equal("share", succeeded, found.Text("provisioningState"), "wait for it, or "+r.restore()),
					a.Equal("share-kind", rules.ShareKind, found.Text("shareKind"), r.restore()),
				}
			}),
		r.list("data-set", s.Provider, s.ShareID, "/dataSets", dataShareVersion, nil,
			func(a checks.Subject, found []*stack.Resource) []checks.Check {
				return r.dataSets(a, s, found)
			}),
		r.list("schedule", s.Provider, s.ShareID, "/synchronizationSettings", dataShareVersion, nil,
			func(a checks.Subject, found []*stack.Resource) []checks.Check {
				if len(found) != 1 {
					return []checks.Check{a.Is("schedule", "one synchronization setting", false, fmt.Sprint(len(found)),
						r.restore())}
				}
				a = a.On(found[0].ID)
				return []checks.Check{a.Is("schedule", strings.Join(rules.Intervals(), " or "),
					found[0].Kind == "ScheduleBased" &&
						slices.Contains(rules.Intervals(), found[0].Text("recurrenceInterval")),
					scheduleText(found[0]), r.restore())}
			}),
		r.invitations(s),
	}
	for _, consumer := range slices.Sorted(maps.Keys(s.Consumers)) {
		all = append(all, r.consumer(name, s, consumer, s.Consumers[consumer])...)
	}
	return all
}

// dataSets checks that exactly the data sets of the outputs are shared, each from where they say.
func (r *run) dataSets(a checks.Subject, s stack.Share, found []*stack.Resource) []checks.Check {
	wanted := map[string]stack.DataSet{}
	for _, c := range s.Consumers {
		for name, d := range c.DataSets {
			wanted[name] = d
		}
	}
	return r.places(a, "data-set", "/dataSets/", "shares", wanted, found,
		func(d stack.DataSet) stack.Location { return d.Source })
}

// places checks that exactly the wanted places are found.
func (r *run) places(
	a checks.Subject, check, below, verb string, wanted map[string]stack.DataSet, found []*stack.Resource,
	at func(stack.DataSet) stack.Location,
) []checks.Check {
	byName := map[string]*stack.Resource{}
	for _, one := range found {
		byName[one.Name] = one
	}
	var rows []checks.Check
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		d := wanted[name]
		place := at(d)
		expected := strings.TrimSuffix(fmt.Sprintf("%s %s %s/%s/%s", verb, kinds[d.Kind].name,
			last(place.StorageAccountID), place.Container, place.Path), "/")
		one := byName[name]
		on := a.On(a.Resource + below + name)
		if one == nil {
			rows = append(rows, on.Is(check, expected, false, "there is none", r.restore()))
			continue
		}
		path := ""
		if p := kinds[d.Kind].path; p != "" {
			path = one.Text(p)
		}
		seen := strings.TrimSuffix(fmt.Sprintf("%s %s %s/%s/%s", verb, one.Kind, one.Text("storageAccountName"),
			one.Text("containerName"), path), "/")
		rows = append(rows, on.Equal(check, expected, seen, r.restore()))
		delete(byName, name)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		rows = append(rows, a.On(byName[name].ID).Is(check, "only what the stack made", false, "not of this stack",
			"delete it, or make it part of the stack"))
	}
	return rows
}

// invitations checks that each consumer of the outputs has accepted, and that nobody else is invited.
func (r *run) invitations(s stack.Share) checks.Question {
	return r.list("invitation", s.Provider, s.ShareID, "/invitations", dataShareVersion, nil,
		func(a checks.Subject, found []*stack.Resource) []checks.Check {
			byID := map[string]*stack.Resource{}
			for _, one := range found {
				byID[strings.ToLower(one.Text("invitationId"))] = one
			}
			var rows []checks.Check
			for _, consumer := range slices.Sorted(maps.Keys(s.Consumers)) {
				id := strings.ToLower(s.Consumers[consumer].InvitationID)
				one := byID[id]
				if one == nil {
					rows = append(rows, a.On(s.ShareID+"/invitations/"+consumer).Is("invitation", "Accepted", false,
						"there is none", r.restore()))
					continue
				}
				rows = append(rows, a.On(one.ID).Equal("invitation", "Accepted", one.Text("invitationStatus"),
					"accept it as the invited principal: "+r.restore()))
				delete(byID, id)
			}
			for _, id := range slices.Sorted(maps.Keys(byID)) {
				rows = append(rows, a.On(byID[id].ID).Is("invitation", "only the stack's consumers are invited", false,
					"another invitation, "+byID[id].Text("invitationStatus"),
					"withdraw it by deleting it; if it was accepted, revoke the subscription too"))
			}
			return rows
		})
}

func (r *run) consumer(share string, s stack.Share, name string, c stack.Consumer) []checks.Question {
	all := []checks.Question{
		r.resource("subscription", name, c.SubscriptionID, dataShareVersion,
			func(a checks.Subject, found *stack.Resource) []checks.Check {
				status := found.Text("shareSubscriptionStatus")
				advice := "accept the share again: " + r.restore()
				if strings.HasPrefix(status, "Revok") {
					advice = fmt.Sprintf("the provider can reinstate it: crossorg reinstate %s %s", share, name)
				}
				return []checks.Check{
					a.Equal("subscription", "Active", status, advice),
					a.Equal("subscription-state", succeeded, found.Text("provisioningState"),
						"wait for it, or "+r.restore()),
				}
			}),
		r.list("mapping", name, c.SubscriptionID, "/dataSetMappings", dataShareVersion, nil,
			func(a checks.Subject, found []*stack.Resource) []checks.Check {
				rows := r.places(a, "mapping", "/dataSetMappings/", "lands as", c.DataSets, found,
					func(d stack.DataSet) stack.Location { return d.Target })
				for _, one := range found {
					if _, ours := c.DataSets[one.Name]; ours {
						rows = append(rows, a.On(one.ID).Equal("mapping-status", "Ok", one.Text("dataSetMappingStatus"),
							"its source or target is gone: "+r.restore()))
					}
				}
				return rows
			}),
		r.trigger(s, name, c),
		r.snapshot(share, s, name, c),
	}
	for _, set := range slices.Sorted(maps.Keys(c.DataSets)) {
		all = append(all, r.content(share, s.Provider, name, set, c.DataSets[set]))
	}
	return all
}

// trigger checks that the consumer follows the provider's schedule.
func (r *run) trigger(s stack.Share, consumer string, c stack.Consumer) checks.Question {
	a := checks.About(consumer, c.SubscriptionID)
	return checks.Question{Label: "trigger of " + short(c.SubscriptionID),
		Ask: func(ctx context.Context) []checks.Check {
			triggers, err := r.reader.List(ctx, consumer, c.SubscriptionID+"/triggers", dataShareVersion, nil)
			if err != nil {
				return r.unreadable(a, "trigger", "Active", err)
			}
			if len(triggers) != 1 {
				return []checks.Check{a.On(c.SubscriptionID+"/triggers").Is("trigger", "one, Active", false,
					fmt.Sprintf("%d triggers", len(triggers)), r.restore())}
			}
			a = a.On(triggers[0].ID)
			rows := []checks.Check{a.Equal("trigger", "Active", triggers[0].Text("triggerStatus"),
				"disable and enable it again, as Azure wants after a change of the schedule: "+r.restore())}
			settings, err := r.reader.List(ctx, s.Provider, s.ShareID+"/synchronizationSettings", dataShareVersion, nil)
			if err != nil {
				return append(rows, r.unreadable(a, "trigger-schedule", "the provider's schedule", err)...)
			}
			expected := "the provider's schedule, which is not set"
			if len(settings) == 1 {
				expected = scheduleText(settings[0])
			}
			return append(rows, a.Equal("trigger-schedule", expected, scheduleText(triggers[0]), r.restore()))
		}}
}

// scheduleText is interval and time of a synchronization setting or trigger.
func scheduleText(s *stack.Resource) string {
	at := s.Text("synchronizationTime")
	if t, err := time.Parse(time.RFC3339Nano, at); err == nil {
		at = t.UTC().Format(time.RFC3339)
	}
	return orNothing(s.Text("recurrenceInterval")) + " from " + orNothing(at)
}
