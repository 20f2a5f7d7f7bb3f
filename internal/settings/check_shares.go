package settings

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/crossorg/crossorg/internal/rules"
)

func (c *collector) checkShares(s *Settings, options Options) {
	at := path{keyShares}
	for _, name := range slices.Sorted(maps.Keys(s.Shares)) {
		c.checkShare(at.with(name), name, s, options)
	}
	c.checkUploads(at, s)
}

func (c *collector) checkShare(at path, name string, s *Settings, options Options) {
	share := s.Shares[name]
	c.hyphenated(at, name)
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

	dataSets := at.with("dataSets")
	if len(share.DataSets) == 0 {
		c.add(dataSets, nil, "missing", "add at least one data set")
	}
	names := slices.Sorted(maps.Keys(share.DataSets))
	for i, dataSet := range names {
		c.checkDataSet(dataSets.with(dataSet), name, dataSet, share.DataSets[dataSet], options.Root)
		for _, earlier := range names[:i] {
			if overlap(share.DataSets[earlier], share.DataSets[dataSet]) {
				c.add(dataSets.with(dataSet), nil, "lands on the same blobs as data set "+earlier,
					"give them paths or containers that do not overlap, or drop one")
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

func (c *collector) checkDataSet(at path, share, name string, d DataSet, root string) {
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
	case d.Path != "":
		c.blobName(where, d.Path, share+"/"+d.Container+"/")
	}
	if d.Source != "" {
		c.source(at.with("source"), d, root)
	}
}

// blobName holds a blob's name or folder against Azure's rules
// (learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata): 1 to 1,024
// characters, at most 254 segments, none of them ending in a dot. The blob at the consumer has a prefix, and its
// name must fit too.
func (c *collector) blobName(at path, name, prefix string) {
	segments, above := strings.Split(name, "/"), strings.Count(prefix, "/")
	length, most := utf8.RuneCountInString(name), rules.MaxBlobName-utf8.RuneCountInString(prefix)
	switch {
	case length > most:
		c.add(at, name, fmt.Sprintf("a name of %d characters", length),
			fmt.Sprintf("use at most %d: it lands as %s<path>, and Azure takes %d", most, prefix, rules.MaxBlobName))
	case strings.HasPrefix(name, "/"), strings.HasPrefix(name, `\`):
		c.add(at, name, "a slash at the start", "begin with the first folder or the file: the container is the root")
	case strings.Contains(name, `\`):
		c.add(at, name, "a backslash", "separate folders with /")
	case strings.HasSuffix(name, "/"):
		c.add(at, name, "a slash at the end", "leave it out")
	case strings.ContainsFunc(name, unicode.IsControl):
		c.add(at, name, "a control character", "leave it out")
	case len(segments) > rules.MaxBlobSegments-above:
		c.add(at, name, fmt.Sprintf("a name of %d segments", len(segments)),
			fmt.Sprintf("use at most %d: it lands as %s<path>, and Azure takes %d", rules.MaxBlobSegments-above,
				prefix, rules.MaxBlobSegments))
	case slices.Contains(segments, ""):
		c.add(at, name, "an empty folder name", "write one slash between names")
	case slices.ContainsFunc(segments, func(segment string) bool { return strings.HasSuffix(segment, ".") }):
		c.add(at, name, "a segment that ends in a dot", "leave out the dot, and . and .. as segments")
	}
}

// source checks that the upload's source exists, and is a file or folder as the kind demands.
func (c *collector) source(at path, d DataSet, root string) {
	info, ok := c.stat(at, d.Source, root)
	switch {
	case !ok:
	case d.Kind == rules.Blob && !info.Mode().IsRegular():
		c.add(at, d.Source, "not a file", "name a file, or use kind folder or container for a folder")
	case d.Kind != rules.Blob && !info.IsDir():
		c.add(at, d.Source, "not a folder", "name a folder, or use kind blob for a single file")
	case info.IsDir() && !hasFiles(inProject(root, d.Source)):
		c.add(at, d.Source, "a folder without files", "add some, or remove the source")
	}
}

// hasFiles reports whether there is a regular file somewhere in a folder.
func hasFiles(folder string) bool {
	found := false
	// A folder that cannot be read counts as one without files.
	_ = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			found = true
			return fs.SkipAll
		}
		return nil
	})
	return found
}

// inProject is a file's path from the working directory, where relative ones are relative to root.
func inProject(root, name string) string {
	full := filepath.FromSlash(name)
	if filepath.IsAbs(full) {
		return full
	}
	return filepath.Join(root, full)
}

// stat looks up a file that the configuration names. A missing file is a problem.
func (c *collector) stat(at path, name, root string) (fs.FileInfo, bool) {
	info, err := os.Stat(inProject(root, name))
	if err != nil {
		c.add(at, name, "no such file or folder", "paths are relative to the project's folder")
	}
	return info, err == nil
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
