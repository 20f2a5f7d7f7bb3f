package components

import (
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

// source is a local file and the blob that it becomes.
type source struct{ file, blob string }

// sources are the files that a data set uploads, in lexical order.
func (ds ShareDataSet) sources() ([]source, error) {
	if ds.Source == "" {
		return nil, nil
	}
	info, err := os.Stat(ds.Source)
	if err != nil {
		return nil, err
	}
	if ds.Kind == BlobKind {
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("source %s is not a file: name a file, or use kind folder", ds.Source)
		}
		return []source{{file: ds.Source, blob: ds.path()}}, nil
	}
	var found []source
	err = filepath.WalkDir(ds.Source, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, err := filepath.Rel(ds.Source, file)
		if err != nil {
			return err
		}
		found = append(found, source{file: file, blob: path.Join(ds.path(), filepath.ToSlash(relative))})
		return nil
	})
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("source %s has no files: add some, or leave the source out", ds.Source)
	}
	return found, err
}

// newUploads registers a blob for every local source and returns them by data set.
func newUploads(
	ctx *pulumi.Context, s *ShareWithDataset, name string, args *ShareWithDatasetArgs,
) (map[string][]pulumi.Resource, error) {
	p := args.Provider
	uploads := map[string][]pulumi.Resource{}
	uploader := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(args.DataSets)) {
		ds := args.DataSets[key]
		files, err := ds.sources()
		if err != nil {
			return nil, fmt.Errorf("data set %q: %w", key, err)
		}
		for _, f := range files {
			container, _ := literal[string](ds.Container)
			place := container + "/" + f.blob
			if other, taken := uploader[place]; taken && container != "" {
				return nil, fmt.Errorf("data set %q: %s is uploaded by data set %q already: "+
					"leave one of the sources out", key, place, other)
			}
			uploader[place] = key
			logical := name + "-" + key
			if ds.Kind != BlobKind {
				logical += "-" + f.blob
			}
			blob, err := storage.NewBlob(ctx, logical, &storage.BlobArgs{
				ResourceGroupName: p.ResourceGroupName,
				AccountName:       p.StorageAccountName,
				ContainerName:     p.container(fmt.Sprintf("dataSets[%q].container", key), ds.Container),
				BlobName:          pulumi.String(f.blob),
				Type:              storage.BlobTypeBlock,
				ContentType:       pulumi.String(contentType(f.blob)),
				Source:            pulumi.NewFileAsset(f.file),
			}, s.offered()...)
			if err != nil {
				return nil, err
			}
			uploads[key] = append(uploads[key], blob)
		}
	}
	return uploads, nil
}

// path is Path as Azure takes it: a folder's has no slash at its end.
func (ds ShareDataSet) path() string {
	if ds.Kind == BlobKind {
		return ds.Path
	}
	return strings.Trim(ds.Path, "/")
}
