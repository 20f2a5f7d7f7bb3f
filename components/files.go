package components

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-azure-native-sdk/storage/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// contentTypes is fixed, as the system's own tables differ from machine to machine and would show as changes.
var contentTypes = map[string]string{
	".avro":    "application/avro",
	".csv":     "text/csv",
	".gz":      "application/gzip",
	".json":    "application/json",
	".jsonl":   "application/jsonl",
	".md":      "text/markdown",
	".parquet": "application/vnd.apache.parquet",
	".pdf":     "application/pdf",
	".tsv":     "text/tab-separated-values",
	".txt":     "text/plain",
	".xml":     "application/xml",
	".yaml":    "application/yaml",
	".zip":     "application/zip",
}

func contentType(name string) string {
	if t := contentTypes[strings.ToLower(path.Ext(name))]; t != "" {
		return t
	}
	return "application/octet-stream"
}

// SourceFiles is a local file or folder that is uploaded.
type SourceFiles struct {
	// Name of the container that the files are uploaded to.
	Container string `pulumi:"container"`
	// Name of the blob that a file becomes, or of the folder that a folder's files are put below. Left out, a folder's
	// files are put at the top of the container.
	Path string `pulumi:"path,optional"`
	// Local file or folder. A relative path begins at the folder of the project.
	Source string `pulumi:"source"`
}

func (f SourceFiles) check(p *problems, argument string, containers []string) {
	switch {
	case f.Container == "":
		p.add("%s.container is missing: name one of the containers", argument)
	case !slices.Contains(containers, f.Container):
		p.add("%s.container is %q, which the organization does not have: add it to the containers", argument,
			f.Container)
	}
	if f.Source == "" {
		p.add("%s.source is missing: name a file or a folder", argument)
	}
}

// place is a blob's container and name.
type place struct{ container, blob string }

// String is the place as people write it. It is unambiguous, as no container's name has a slash.
func (p place) String() string { return p.container + "/" + p.blob }

// uploads are local files by the place that each is uploaded to.
type uploads map[place]string

// add adds a file, or the files of a folder. One file may be added more than once, two files for one place may not.
func (u uploads) add(f SourceFiles) error {
	info, err := os.Stat(f.Source)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return fmt.Errorf("source %s is neither a file nor a folder: name one of these", f.Source)
		}
		if f.Path == "" {
			return fmt.Errorf("source %s is a file, and its path is missing: name the blob", f.Source)
		}
		return u.set(place{f.Container, f.Path}, f.Source)
	}
	files := 0
	err = filepath.WalkDir(f.Source, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		files++
		relative, err := filepath.Rel(f.Source, file)
		if err != nil {
			return err
		}
		return u.set(place{f.Container, path.Join(strings.Trim(f.Path, "/"), filepath.ToSlash(relative))}, file)
	})
	if err == nil && files == 0 {
		err = fmt.Errorf("source %s has no files: add some, or leave the source out", f.Source)
	}
	return err
}

func (u uploads) set(at place, file string) error {
	if other, taken := u[at]; taken && filepath.Clean(other) != filepath.Clean(file) {
		return fmt.Errorf("%s would be uploaded from %s and from %s: leave one of them out", at, other, file)
	}
	if _, taken := u[at]; !taken {
		u[at] = file
	}
	return nil
}

// sorted are the places in the order of their containers and names.
func (u uploads) sorted() []place {
	return slices.SortedFunc(maps.Keys(u), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.container, b.container), cmp.Compare(a.blob, b.blob))
	})
}

// fileName is the logical name of a file: it depends on whose it is and where it lies, and not on who shares it. So a
// file stays where it is while shares and data sets are renamed, and while it moves from one to another.
func fileName(organization string, at place) string {
	if organization == "" {
		return at.String()
	}
	return organization + "/" + at.String()
}

// newFile registers a blob for a local file. container is the container's name, known once the container exists.
func newFile(
	ctx *pulumi.Context, name string, group, account, container pulumi.StringInput, blob, file string,
	opts ...pulumi.ResourceOption,
) (*storage.Blob, error) {
	return storage.NewBlob(ctx, name, &storage.BlobArgs{
		ResourceGroupName: group,
		AccountName:       account,
		ContainerName:     container,
		BlobName:          pulumi.String(blob),
		Type:              storage.BlobTypeBlock,
		ContentType:       pulumi.String(contentType(blob)),
		Source:            pulumi.NewFileAsset(file),
	}, opts...)
}

// newFiles registers the files of an organization and returns their names by place.
func newFiles(
	ctx *pulumi.Context, org component, name string, b *Boundary, files []SourceFiles,
) (pulumi.StringMap, error) {
	all := uploads{}
	var p problems
	for i, f := range files {
		if err := all.add(f); err != nil {
			p.add("files[%d]: %w", i, err)
		}
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	names := pulumi.StringMap{}
	for _, at := range all.sorted() {
		blob, err := newFile(ctx, fileName(name, at), b.ResourceGroupName, b.StorageAccountName,
			b.containers[at.container], at.blob, all[at], pulumi.Parent(org))
		if err != nil {
			return nil, err
		}
		names[at.String()] = blob.Name
	}
	return names, nil
}

// newSources registers the files that the data sets of a share name as their sources, and returns them by data set.
func newSources(
	ctx *pulumi.Context, s *ShareWithDataset, name string, args *ShareWithDatasetArgs,
) (map[string][]pulumi.Resource, error) {
	p := args.Provider
	organization, err := awaited(ctx, p.Name)
	if err != nil {
		return nil, err
	}
	files, former, sets := uploads{}, map[place]string{}, map[string]uploads{}
	for _, key := range slices.Sorted(maps.Keys(args.DataSets)) {
		ds := args.DataSets[key]
		if sets[key], err = ds.sources(); err != nil {
			return nil, fmt.Errorf("data set %q: %w", key, err)
		}
		for _, at := range sets[key].sorted() {
			if err := files.set(at, sets[key][at]); err != nil {
				return nil, fmt.Errorf("data set %q: %w", key, err)
			}
			if former[at] = name + "-" + key; ds.Kind != BlobKind {
				former[at] += "-" + at.blob
			}
		}
	}
	blobs := map[place]pulumi.Resource{}
	for _, at := range files.sorted() {
		blobs[at], err = newFile(ctx, fileName(organization, at), p.ResourceGroupName, p.StorageAccountName,
			p.container("container", pulumi.String(at.container)), at.blob, files[at], s.offered(
				// The name that began with the share and the data set.
				pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(former[at])}}))...)
		if err != nil {
			return nil, err
		}
	}
	bySet := map[string][]pulumi.Resource{}
	for key, files := range sets {
		for _, at := range files.sorted() {
			bySet[key] = append(bySet[key], blobs[at])
		}
	}
	return bySet, nil
}

// sources are the files that a data set uploads.
func (ds ShareDataSet) sources() (uploads, error) {
	files := uploads{}
	if ds.Source == "" {
		return files, nil
	}
	info, err := os.Stat(ds.Source)
	switch {
	case err != nil:
		return nil, err
	case ds.Kind == BlobKind && !info.Mode().IsRegular():
		return nil, fmt.Errorf("source %s is not a file: name a file, or use kind folder", ds.Source)
	case ds.Kind != BlobKind && !info.IsDir():
		return nil, fmt.Errorf("source %s is not a folder: name a folder, or use kind blob", ds.Source)
	}
	return files, files.add(SourceFiles{Container: ds.Container, Path: ds.path(), Source: ds.Source})
}

// holds reports whether a data set has the file at a place, as the key of a map of files.
func (ds ShareDataSet) holds(at string) bool {
	switch ds.Kind {
	case BlobKind:
		return at == ds.Container+"/"+ds.path()
	case FolderKind:
		return strings.HasPrefix(at, ds.Container+"/"+ds.path()+"/")
	}
	return strings.HasPrefix(at, ds.Container+"/")
}

// path is Path as Azure takes it: a folder's has no slash at its end.
func (ds ShareDataSet) path() string {
	if ds.Kind == BlobKind {
		return ds.Path
	}
	return strings.Trim(ds.Path, "/")
}
