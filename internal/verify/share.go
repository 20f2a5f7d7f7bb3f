package verify

import (
	"context"
	"fmt"
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
			func(a about, found *stack.Resource) []checks.Check {
				return []checks.Check{
					a.equal("share", succeeded, found.Text("provisioningState"), "wait for it, or "+r.restore()),
					a.equal("share-kind", rules.ShareKind, found.Text("shareKind"), r.restore()),
				}
			}),
		r.list("data-set", s.Provider, s.ShareID, "/dataSets", dataShareVersion, nil,
			func(a about, found []*stack.Resource) []checks.Check {
				return r.dataSets(a, s, found)
			}),
		r.list("schedule", s.Provider, s.ShareID, "/synchronizationSettings", dataShareVersion, nil,
			func(a about, found []*stack.Resource) []checks.Check {
				if len(found) != 1 {
					return []checks.Check{a.is("schedule", "one synchronization setting", false, fmt.Sprint(len(found)),
						r.restore())}
				}
				a = a.on(found[0].ID)
				return []checks.Check{a.is("schedule", strings.Join(rules.Intervals(), " or "),
					found[0].Kind == "ScheduleBased" &&
						slices.Contains(rules.Intervals(), found[0].Text("recurrenceInterval")),
					scheduleText(found[0]), r.restore())}
			}),
		r.invitations(s),
	}
	for _, consumer := range sorted(s.Consumers) {
		all = append(all, r.consumer(name, s, consumer, s.Consumers[consumer])...)
	}
	return all
}

// dataSets checks that exactly the data sets of the outputs are shared, each from where they say.
func (r *run) dataSets(a about, s stack.Share, found []*stack.Resource) []checks.Check {
	wanted := map[string]stack.DataSet{}
	for _, c := range s.Consumers {
		for name, d := range c.DataSets {
			wanted[name] = d
		}
	}
	return r.places(a, "data-set", "/dataSets/", "shares", wanted, found,
		func(d stack.DataSet) stack.Location { return d.Source })
}

// places checks that what is found is at the places that are wanted, and nothing else.
func (r *run) places(
	a about, check, below, verb string, wanted map[string]stack.DataSet, found []*stack.Resource,
	at func(stack.DataSet) stack.Location,
) []checks.Check {
	byName := map[string]*stack.Resource{}
	for _, one := range found {
		byName[one.Name] = one
	}
	var rows []checks.Check
	for _, name := range sorted(wanted) {
		d := wanted[name]
		place := at(d)
		expected := strings.TrimSuffix(fmt.Sprintf("%s %s %s/%s/%s", verb, kinds[d.Kind].name,
			last(place.StorageAccountID), place.Container, place.Path), "/")
		one := byName[name]
		on := a.on(a.resource + below + name)
		if one == nil {
			rows = append(rows, on.is(check, expected, false, "there is none", r.restore()))
			continue
		}
		path := ""
		if p := kinds[d.Kind].path; p != "" {
			path = one.Text(p)
		}
		seen := strings.TrimSuffix(fmt.Sprintf("%s %s %s/%s/%s", verb, one.Kind, one.Text("storageAccountName"),
			one.Text("containerName"), path), "/")
		rows = append(rows, on.equal(check, expected, seen, r.restore()))
		delete(byName, name)
	}
	for _, name := range sorted(byName) {
		rows = append(rows, a.on(byName[name].ID).is(check, "only what the stack made", false, "not of this stack",
			"delete it, or make it part of the stack"))
	}
	return rows
}

// invitations checks that each consumer of the outputs has accepted, and that nobody else is invited.
func (r *run) invitations(s stack.Share) checks.Question {
	return r.list("invitation", s.Provider, s.ShareID, "/invitations", dataShareVersion, nil,
		func(a about, found []*stack.Resource) []checks.Check {
			byID := map[string]*stack.Resource{}
			for _, one := range found {
				byID[strings.ToLower(one.Text("invitationId"))] = one
			}
			var rows []checks.Check
			for _, consumer := range sorted(s.Consumers) {
				id := strings.ToLower(s.Consumers[consumer].InvitationID)
				one := byID[id]
				if one == nil {
					rows = append(rows, a.on(s.ShareID+"/invitations/"+consumer).is("invitation", "Accepted", false,
						"there is none", r.restore()))
					continue
				}
				rows = append(rows, a.on(one.ID).equal("invitation", "Accepted", one.Text("invitationStatus"),
					"accept it as the invited principal: "+r.restore()))
				delete(byID, id)
			}
			for _, id := range sorted(byID) {
				rows = append(rows, a.on(byID[id].ID).is("invitation", "only the stack's consumers are invited", false,
					"another invitation, "+byID[id].Text("invitationStatus"),
					"withdraw it by deleting it; if it was accepted, revoke the subscription too"))
			}
			return rows
		})
}

func (r *run) consumer(share string, s stack.Share, name string, c stack.Consumer) []checks.Question {
	all := []checks.Question{
		r.resource("subscription", name, c.SubscriptionID, dataShareVersion,
			func(a about, found *stack.Resource) []checks.Check {
				status := found.Text("shareSubscriptionStatus")
				advice := "accept the share again: " + r.restore()
				if strings.HasPrefix(status, "Revok") {
					advice = fmt.Sprintf("the provider can reinstate it: crossorg reinstate %s %s", share, name)
				}
				return []checks.Check{
					a.equal("subscription", "Active", status, advice),
					a.equal("subscription-state", succeeded, found.Text("provisioningState"),
						"wait for it, or "+r.restore()),
				}
			}),
		r.list("mapping", name, c.SubscriptionID, "/dataSetMappings", dataShareVersion, nil,
			func(a about, found []*stack.Resource) []checks.Check {
				rows := r.places(a, "mapping", "/dataSetMappings/", "lands as", c.DataSets, found,
					func(d stack.DataSet) stack.Location { return d.Target })
				for _, one := range found {
					if _, ours := c.DataSets[one.Name]; ours {
						rows = append(rows, a.on(one.ID).equal("mapping-status", "Ok", one.Text("dataSetMappingStatus"),
							"its source or target is gone: "+r.restore()))
					}
				}
				return rows
			}),
		r.trigger(s, name, c),
		r.snapshot(share, s, name, c),
	}
	for _, set := range sorted(c.DataSets) {
		all = append(all, r.content(share, s.Provider, name, set, c.DataSets[set]))
	}
	return all
}

// trigger checks that the consumer follows the provider's schedule.
func (r *run) trigger(s stack.Share, consumer string, c stack.Consumer) checks.Question {
	a := about{r, consumer, c.SubscriptionID}
	return checks.Question{Label: "trigger of " + short(c.SubscriptionID),
		Ask: func(ctx context.Context) []checks.Check {
			triggers, err := r.reader.List(ctx, consumer, c.SubscriptionID+"/triggers", dataShareVersion, nil)
			if err != nil {
				return a.unreadable("trigger", "Active", err)
			}
			if len(triggers) != 1 {
				return []checks.Check{a.on(c.SubscriptionID+"/triggers").is("trigger", "one, Active", false,
					fmt.Sprintf("%d triggers", len(triggers)), r.restore())}
			}
			a = a.on(triggers[0].ID)
			rows := []checks.Check{a.equal("trigger", "Active", triggers[0].Text("triggerStatus"),
				"disable and enable it again, as Azure wants after a change of the schedule: "+r.restore())}
			settings, err := r.reader.List(ctx, s.Provider, s.ShareID+"/synchronizationSettings", dataShareVersion, nil)
			if err != nil {
				return append(rows, a.unreadable("trigger-schedule", "the provider's schedule", err)...)
			}
			expected := "the provider's schedule, which is not set"
			if len(settings) == 1 {
				expected = scheduleText(settings[0])
			}
			return append(rows, a.equal("trigger-schedule", expected, scheduleText(triggers[0]), r.restore()))
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

// snapshot checks that the newest snapshot that has ended succeeded, and is no older than the schedule allows.
func (r *run) snapshot(share string, s stack.Share, consumer string, c stack.Consumer) checks.Question {
	a := about{r, consumer, c.SubscriptionID}
	sync := fmt.Sprintf("crossorg sync %s --consumer %s", share, consumer)
	return checks.Question{Label: "snapshots of " + share + " at " + consumer,
		Ask: func(ctx context.Context) []checks.Check {
			allowed := rules.SnapshotTolerance(rules.Day)
			if settings, err := r.reader.List(ctx, s.Provider, s.ShareID+"/synchronizationSettings", dataShareVersion,
				nil); err == nil && len(settings) == 1 {
				if t := rules.SnapshotTolerance(settings[0].Text("recurrenceInterval")); t > 0 {
					allowed = t
				}
			}
			for until := time.Now().Add(r.Settle); ; {
				history, err := stack.History(ctx, r.Access, consumer, c.SubscriptionID)
				if err != nil {
					return a.unreadable("snapshot", succeeded, err)
				}
				rows := r.judgeSnapshot(a, history, allowed, sync)
				if rows[len(rows)-1].OK || time.Now().After(until) || ctx.Err() != nil {
					return rows
				}
				time.Sleep(200 * time.Millisecond)
			}
		}}
}

func (r *run) judgeSnapshot(a about, history []stack.Run, allowed time.Duration, advice string) []checks.Check {
	var newest stack.Run
	for _, s := range history {
		if s.End.After(newest.End) {
			newest = s
		}
	}
	if !newest.Ended() {
		return []checks.Check{a.is("snapshot", succeeded, false, "no snapshot has ended", advice)}
	}
	seen := orNothing(newest.Status)
	if newest.Message != "" && newest.Status != succeeded {
		seen += ": " + newest.Message
	}
	age := max(r.reader.Now().Sub(newest.End), 0).Round(time.Second)
	return []checks.Check{
		a.is("snapshot", succeeded, newest.Status == succeeded, seen, "mend what it says, then "+advice),
		a.is("snapshot-age", "at most "+allowed.String(), age <= allowed, age.String(),
			"see that the trigger is Active, then "+advice),
	}
}

// content checks that a data set's files are at both ends and equal.
func (r *run) content(share, provider, consumer, set string, d stack.DataSet) checks.Question {
	a := about{r, consumer, d.Target.StorageAccountID + "/blobServices/default/containers/" + d.Target.Container}
	const expected = "equal at both ends (SHA-256)"
	advice := fmt.Sprintf("crossorg sync %s --consumer %s --full", share, consumer)
	return checks.Question{Label: "the files of " + set + " at " + consumer,
		Ask: func(ctx context.Context) []checks.Check {
			files, err := r.files.Compare(ctx, provider, consumer, d)
			if err != nil {
				return a.unreadable("blob", expected, err)
			}
			if len(files) == 0 {
				place := d.Source.StorageAccountID + "/blobServices/default/containers/" + d.Source.Container
				return []checks.Check{about{r, provider, place}.is("blob", expected, false,
					"no files in data set "+set+" ("+d.Source.Path+")", "upload the source: "+r.restore())}
			}
			var rows []checks.Check
			for _, f := range files {
				seen := fmt.Sprintf("%d bytes, %s", f.Bytes, f.SHA256)
				switch {
				case f.SHA256 == "":
					seen = "it did not arrive"
				case !f.Equal():
					seen = f.SHA256 + " is not the provider's " + f.SourceSHA256
				}
				rows = append(rows, a.on(last(d.Target.StorageAccountID)+"/"+f.Path).is("blob", expected,
					f.Equal(), seen, advice))
			}
			return rows
		}}
}
