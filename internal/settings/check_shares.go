package settings

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/rules"
)

func (c *collector) checkShares(s *Settings, options Options) {
	at := path{keyShares}
	files := c.openSources(options.Root, s.SourceFolders)
	for _, name := range slices.Sorted(maps.Keys(s.Shares)) {
		c.checkShare(at.with(name), name, s, options)
		c.checkDataSets(at.with(name).with("dataSets"), name, s.Shares[name].DataSets, files)
	}
	c.checkUploads(at, s)
	c.checkNames(s)
}

func (c *collector) checkShare(at path, name string, s *Settings, options Options) {
	share := s.Shares[name]
	c.hyphenated(at, name)
	c.text(at.with("description"), share.Description, rules.MaxShareText)
	c.text(at.with("terms"), share.Terms, rules.MaxShareText)
	c.organization(at.with("provider"), share.Provider, s)
	c.checkConsumers(at, share, s)
	c.oneOf(at.with("kind"), share.Kind, rules.ShareKind)

	schedule := at.with("schedule")
	c.oneOf(schedule.with("interval"), share.Schedule.Interval, rules.Intervals()...)
	if share.Schedule.Start.IsZero() {
		c.add(schedule.with("start"), nil, "missing", `set the first run in UTC, such as "2025-02-01T02:00:00Z"`)
	}
	expiration := at.with("expiration")
	switch end := share.Expiration; {
	case end.IsZero():
	case !end.After(options.Now):
		c.add(expiration, end.Format(time.RFC3339), "in the past",
			"set a time to come, or remove it so that the share does not expire")
	case !end.After(share.Schedule.Start):
		c.add(expiration, end.Format(time.RFC3339), "before the first snapshot", "set a time after schedule.start")
	}
}

func (c *collector) checkDataSets(at path, share string, dataSets map[string]DataSet, files *sources) {
	if len(dataSets) == 0 {
		c.add(at, nil, "missing", "add at least one data set")
	}
	names := slices.Sorted(maps.Keys(dataSets))
	for i, name := range names {
		d := dataSets[name]
		c.checkDataSet(at.with(name), share, name, d, files)
		for _, earlier := range names[:i] {
			switch {
			case overlap(dataSets[earlier], d):
				c.add(at.with(name), nil, "lands on the same blobs as data set "+earlier,
					"give them paths or containers that do not overlap, or drop one")
			case meet(dataSets[earlier], d) || meet(d, dataSets[earlier]):
				c.add(at.with(name), nil, "has a blob where data set "+earlier+" has a folder, or the other way round",
					"give them paths of which none begins with the other")
			}
		}
	}
}

func (c *collector) checkConsumers(at path, share Share, s *Settings) {
	consumers := at.with("consumers")
	if len(share.Consumers) == 0 {
		c.add(consumers, nil, "missing", "name at least one organization that receives the data")
	}
	for i, name := range share.Consumers {
		here := consumers.with(i)
		switch {
		case !c.organization(here, name, s):
		case name == share.Provider:
			c.add(here, name, "the provider itself", "name another organization")
		case slices.Index(share.Consumers, name) < i:
			c.add(here, name, "named twice", "remove it")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(share.Invitees)) {
		here := at.with("invitees").with(name)
		if !slices.Contains(share.Consumers, name) && !c.broken(consumers) {
			c.add(here, nil, "no consumer of this share", "add "+name+" to "+consumers.String()+
				" or remove the invitee")
			continue
		}
		c.checkInvitee(here, share.Invitees[name])
	}
}

// checkInvitee: an invitation has an e-mail address or a directory object, never both
// (learn.microsoft.com/rest/api/datashare/invitations/create).
func (c *collector) checkInvitee(at path, invitee Invitee) {
	directory := invitee.TenantID != "" || invitee.ObjectID != ""
	switch {
	case invitee.Email != "" && directory:
		c.add(at, nil, "both an e-mail address and a directory object", "keep email, or keep tenantId with objectId")
		return
	case invitee.Email == "" && !directory:
		c.add(at, nil, "nobody to invite",
			"set email, or tenantId with objectId; without an entry the deploying principal is invited")
		return
	case invitee.Email != "":
		c.email(at.with("email"), invitee.Email)
		return
	}
	if c.required(at.with("tenantId"), invitee.TenantID, "set the directory of the object") {
		c.guid(at.with("tenantId"), invitee.TenantID, "az account tenant list shows the ids of tenants")
	}
	if c.required(at.with("objectId"), invitee.ObjectID, "set the object id of the user or service principal") {
		c.guid(at.with("objectId"), invitee.ObjectID, "use the object id of the user or service principal")
	}
}

func (c *collector) checkDataSet(at path, share, name string, d DataSet, files *sources) {
	c.hyphenated(at, name)
	if c.required(at.with("container"), d.Container, "name the provider's container") {
		c.hyphenated(at.with("container"), d.Container)
	}
	if !c.oneOf(at.with("kind"), d.Kind, rules.DataSetKinds()...) {
		return
	}
	where := at.with("path")
	switch {
	case d.Kind != rules.Container && d.Path == "":
		c.add(where, nil, "missing", "set the blob's name (kind blob) or the folder (kind folder)")
	case d.Kind == rules.Container && d.Path != "":
		c.add(where, d.Path, "not for kind container, which shares the whole container",
			"remove it, or use kind folder or blob")
	case dateAsText.MatchString(d.Path):
		c.add(where, d.Path, "a date without quotes, which reads otherwise than it is written", "put it in quotes")
	case hasSpaceAtEnd(d.Path):
		c.add(where, d.Path, "a segment with a space at an end", "leave it out")
	case d.Path != "":
		if reason, remedy := blobName(d.Path, rules.ArrivalPath(share, d.Container, "")); reason != "" {
			c.add(where, d.Path, reason, remedy)
		}
	}
	if d.Source != "" {
		c.source(at.with("source"), share, d, files)
	}
}

// hasSpaceAtEnd reports whether a segment of a path begins or ends with a space. Azure takes it, and nobody sees it.
func hasSpaceAtEnd(name string) bool {
	for segment := range strings.SplitSeq(name, "/") {
		if strings.TrimSpace(segment) != segment {
			return true
		}
	}
	return false
}

// overlap reports whether two data sets hold the same blob. At the consumer, container and path stay part of its name.
func overlap(a, b DataSet) bool {
	switch {
	case a.Container != b.Container || a.Container == "":
		return false
	case a.Kind == rules.Container || b.Kind == rules.Container:
		return true
	case a.Kind == rules.Blob && b.Kind == rules.Blob:
		return a.Path == b.Path
	}
	return a.Kind == rules.Folder && inFolder(a.Path, b) || b.Kind == rules.Folder && inFolder(b.Path, a)
}

// inFolder reports whether a data set lies in a folder or is that folder.
func inFolder(folder string, d DataSet) bool {
	return strings.HasPrefix(d.Path, folder+"/") || d.Kind == rules.Folder && d.Path == folder
}

// meet reports whether the blob of a data set has the name of a folder of another one. A flat account takes both; what
// arrives could not be copied to a file system.
func meet(blob, other DataSet) bool {
	return blob.Kind == rules.Blob && blob.Container == other.Container && blob.Path != "" &&
		strings.HasPrefix(other.Path+"/", blob.Path+"/") && (other.Kind == rules.Folder || other.Path != blob.Path)
}

// sameFiles reports whether two data sets that overlap take the blobs that they have in common from the same files.
func sameFiles(a, b DataSet) bool {
	if len(a.Path) > len(b.Path) {
		a, b = b, a
	}
	inner := strings.TrimPrefix(strings.TrimPrefix(b.Path, a.Path), "/")
	return filepath.Join(filepath.FromSlash(a.Source), filepath.FromSlash(inner)) ==
		filepath.Clean(filepath.FromSlash(b.Source))
}

// checkUploads: two shares of a provider may offer the same blob, and both may upload it from the same file. Data sets
// of one share do not overlap at all.
func (c *collector) checkUploads(at path, s *Settings) {
	type upload struct {
		share, name string
		dataSet     DataSet
	}
	earlier := map[string][]upload{}
	for _, share := range slices.Sorted(maps.Keys(s.Shares)) {
		provider := s.Shares[share].Provider
		for _, name := range slices.Sorted(maps.Keys(s.Shares[share].DataSets)) {
			dataSet := s.Shares[share].DataSets[name]
			if dataSet.Source == "" {
				continue
			}
			for _, other := range earlier[provider] {
				if other.share != share && overlap(other.dataSet, dataSet) && !sameFiles(other.dataSet, dataSet) {
					c.add(at.with(share).with("dataSets").with(name).with("source"), dataSet.Source,
						"uploads the same blobs as data set "+other.name+" of share "+other.share,
						"drop one of the two sources, or upload the same files in both")
				}
			}
			earlier[provider] = append(earlier[provider], upload{share, name, dataSet})
		}
	}
}
