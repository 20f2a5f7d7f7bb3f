package stack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/crossorg/crossorg/internal/rules"
)

// SnapshotFile is one file of a data set.
type SnapshotFile struct {
	// Path is the file's container and name at the consumer.
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	// SHA256 of the consumer's copy and of the provider's original, hexadecimal; empty for a missing file.
	SHA256       string `json:"sha256,omitempty"`
	SourceSHA256 string `json:"sourceSha256,omitempty"`

	// Name is the file's within its data set; empty for a blob's only one.
	Name string `json:"-"`
}

// Equal reports whether the file is there at both ends, with the same content.
func (f SnapshotFile) Equal() bool { return f.SHA256 != "" && f.SHA256 == f.SourceSHA256 }

// FileReader reads the files of data sets through the blob data plane, each once. It is safe for concurrent use.
type FileReader struct {
	Access *Access

	mu       sync.Mutex
	keys     map[string]func() (*azblob.SharedKeyCredential, error)
	contents map[string]func() (content, error)
}

// content is the compared part of a blob.
type content struct {
	bytes int64
	sum   string
}

// Compare reads the files at both ends of a data set, sorted by path.
func (r *FileReader) Compare(ctx context.Context, provider, consumer string, d DataSet) ([]SnapshotFile, error) {
	sources, err := r.list(ctx, provider, d.Kind, d.Source)
	if err != nil {
		return nil, fmt.Errorf("at %s: %w", provider, err)
	}
	copies, err := r.list(ctx, consumer, d.Kind, d.Target)
	if err != nil {
		return nil, fmt.Errorf("at %s: %w", consumer, err)
	}
	var files []SnapshotFile
	for path, source := range sources {
		files = append(files, SnapshotFile{
			Path: targetPath(d, path), Name: path,
			Bytes: copies[path].bytes, SHA256: copies[path].sum, SourceSHA256: source.sum,
		})
	}
	slices.SortFunc(files, func(a, b SnapshotFile) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// Arrived is how many files of a data set the consumer has.
func (r *FileReader) Arrived(ctx context.Context, consumer string, d DataSet) (int, error) {
	copies, err := r.list(ctx, consumer, d.Kind, d.Target)
	if err != nil {
		return 0, fmt.Errorf("at %s: %w", consumer, err)
	}
	return len(copies), nil
}

// targetPath is a file's container and blob name at the consumer; path is relative to the data set's location.
func targetPath(d DataSet, path string) string {
	name := d.Target.Path
	if d.Kind != rules.Blob {
		name = prefix(name) + path
	}
	return d.Target.Container + "/" + name
}

// prefix is the blob name prefix of a folder; the whole container has none.
func prefix(folder string) string {
	if folder == "" || strings.HasSuffix(folder, "/") {
		return folder
	}
	return folder + "/"
}

// list reads the blobs of a location: by path relative to it, a single blob under the empty path.
func (r *FileReader) list(ctx context.Context, organization, kind string, at Location) (map[string]content, error) {
	key, err := r.key(ctx, organization, at.StorageAccountID)
	if err != nil {
		return nil, err
	}
	client, err := azblob.NewClientWithSharedKeyCredential(at.BlobEndpoint, key,
		&azblob.ClientOptions{ClientOptions: r.Access.ClientOptions()})
	if err != nil {
		return nil, err
	}
	folder := prefix(at.Path)
	if kind == rules.Blob {
		folder = at.Path
	}
	names := []string{}
	pager := client.NewListBlobsFlatPager(at.Container, &container.ListBlobsFlatOptions{Prefix: &folder})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list container %s: %w", at.Container, err)
		}
		for _, item := range page.Segment.BlobItems {
			if item.Name != nil && (kind != rules.Blob || *item.Name == at.Path) {
				names = append(names, *item.Name)
			}
		}
	}
	files := map[string]content{}
	for _, name := range names {
		found, err := r.content(ctx, client, at, name)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(name, folder)] = found
	}
	return files, nil
}

// accountVersion is the api-version of storage accounts.
const accountVersion = "2022-09-01"

// key is a storage account's key, asked for once.
func (r *FileReader) key(ctx context.Context, organization, accountID string) (*azblob.SharedKeyCredential, error) {
	return once(&r.mu, &r.keys, accountID, func() (*azblob.SharedKeyCredential, error) {
		id, err := arm.ParseResourceID(accountID)
		if err != nil {
			return nil, fmt.Errorf("%q is not the resource id of a storage account", accountID)
		}
		var answer struct {
			Keys []struct {
				Value string `json:"value"`
			} `json:"keys"`
		}
		reader := &Reader{Access: r.Access}
		err = reader.Do(ctx, organization, http.MethodPost, id.String()+"/listKeys", accountVersion, nil, nil, &answer)
		if err != nil {
			return nil, fmt.Errorf("list keys of %s: %w", id.Name, err)
		}
		if len(answer.Keys) == 0 || answer.Keys[0].Value == "" {
			return nil, fmt.Errorf("storage account %s has no keys", id.Name)
		}
		return azblob.NewSharedKeyCredential(id.Name, answer.Keys[0].Value)
	})
}

// content reads a blob once, even when many consumers get it.
func (r *FileReader) content(
	ctx context.Context, client *azblob.Client, at Location, name string,
) (content, error) {
	return once(&r.mu, &r.contents, contentKey(at, name), func() (content, error) {
		response, err := client.DownloadStream(ctx, at.Container, name, nil)
		if err != nil {
			return content{}, fmt.Errorf("read %s/%s: %w", at.Container, name, err)
		}
		body := response.NewRetryReader(ctx, nil)
		defer body.Close()
		hash := sha256.New()
		n, err := io.Copy(hash, body)
		if err != nil {
			return content{}, fmt.Errorf("read %s/%s: %w", at.Container, name, err)
		}
		return content{bytes: n, sum: hex.EncodeToString(hash.Sum(nil))}, nil
	})
}

func contentKey(at Location, name string) string {
	return strings.ToLower(at.StorageAccountID) + "\n" + at.Container + "\n" + name
}

// forget drops the files that were read at the consumer's end of data sets.
func (r *FileReader) forget(sets map[string]DataSet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range sets {
		for key := range r.contents {
			if strings.HasPrefix(key, contentKey(d.Target, "")) {
				delete(r.contents, key)
			}
		}
	}
}

// once calls get for the first caller of a key and gives its result to all of them.
func once[T any](mu *sync.Mutex, known *map[string]func() (T, error), key string, get func() (T, error)) (T, error) {
	mu.Lock()
	if *known == nil {
		*known = map[string]func() (T, error){}
	}
	found := (*known)[key]
	if found == nil {
		found = sync.OnceValues(get)
		(*known)[key] = found
	}
	mu.Unlock()
	return found()
}
