package local

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
)

// Share is an element of the program's stack output "shares".
type Share struct {
	// Provider is the organization that offers the share.
	Provider string `json:"provider"`
	// Consumers by organization.
	Consumers map[string]ShareConsumer `json:"consumers"`
}

// ShareConsumer is what a consumer has of a share.
type ShareConsumer struct {
	// SubscriptionID is the resource id of the share subscription.
	SubscriptionID string `json:"subscriptionId"`
	// DataSets by name.
	DataSets map[string]SharedDataSet `json:"dataSets"`
}

// SharedDataSet says where a data set comes from and where it goes to.
type SharedDataSet struct {
	// Kind is blob, folder or container.
	Kind   string   `json:"kind"`
	Source Location `json:"source"`
	Target Location `json:"target"`
}

// Location is a place in a storage account.
type Location struct {
	StorageAccountID string `json:"storageAccountId"`
	BlobEndpoint     string `json:"blobEndpoint"`
	Container        string `json:"container"`
	// Path is the blob's name (kind blob), a prefix (kind folder), or empty (kind container).
	Path string `json:"path"`
}

// Snapshot is the state of the newest snapshot of a share at a consumer, with the files at both ends.
type Snapshot struct {
	Share    string `json:"share"`
	Consumer string `json:"consumer"`
	// Status is Data Share's own word: Succeeded, Failed, PartiallySucceeded, Cancelled ...
	Status string `json:"status"`
	// Message is Data Share's explanation of a status that is not Succeeded.
	Message string         `json:"message,omitempty"`
	Files   []SnapshotFile `json:"files"`
}

// SnapshotFile is one file of a snapshot.
type SnapshotFile struct {
	// Path is the file's container and name at the consumer.
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	// SHA256 of the consumer's copy and of the provider's original, hexadecimal; empty where there is no such file.
	SHA256       string `json:"sha256,omitempty"`
	SourceSHA256 string `json:"sourceSha256,omitempty"`
	// changed tells that the original was written after the snapshot began.
	changed bool
}

// OK reports whether the snapshot succeeded, carried something, and left every file equal at both ends.
func (s Snapshot) OK() bool {
	for _, f := range s.Files {
		if f.SHA256 == "" || f.SHA256 != f.SourceSHA256 {
			return false
		}
	}
	return s.Status == statusSucceeded && len(s.Files) > 0
}

// outdated reports whether a successful snapshot differs only because the originals changed after it.
func (s Snapshot) outdated() bool {
	if s.Status != statusSucceeded || s.OK() {
		return false
	}
	for _, f := range s.Files {
		if f.SHA256 != f.SourceSHA256 && f.changed {
			return true
		}
	}
	return false
}

const (
	statusSucceeded = "Succeeded"
	// statusNone is ours: the subscription has no snapshot.
	statusNone = "None"
	// snapshotReaders bounds how many shares are read at the same time.
	snapshotReaders = 8
	// snapshotWait is how long the end of a snapshot is waited for; Data Share itself allows hours.
	snapshotWait = 30 * time.Minute
)

// SnapshotReader reads the snapshots of shares and the files at both ends.
type SnapshotReader struct {
	Access *Access
	// Wait makes it wait for the first snapshot of each subscription, and for one that is running, and ask for a new
	// one where the originals are newer than the last.
	Wait bool
	// Progress is told what is waited for.
	Progress io.Writer

	mu   sync.Mutex
	keys map[string]func() (*azblob.SharedKeyCredential, error)
	sums map[string]func() (blob, error)
}

// blob is what is compared of a blob.
type blob struct {
	bytes    int64
	sum      string
	modified time.Time
}

// SharesOutput decodes the stack output "shares"; a program without it has no shares.
func SharesOutput(outputs map[string]any) (map[string]Share, error) {
	value, ok := outputs["shares"]
	if !ok {
		return nil, nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var shares map[string]Share
	if err := json.Unmarshal(raw, &shares); err != nil {
		return nil, fmt.Errorf("stack output shares: %w", err)
	}
	return shares, nil
}

// Read returns the snapshots of all shares, sorted by share and consumer.
func (r *SnapshotReader) Read(ctx context.Context, shares map[string]Share) ([]Snapshot, error) {
	r.keys = map[string]func() (*azblob.SharedKeyCredential, error){}
	r.sums = map[string]func() (blob, error){}
	type task struct{ share, consumer string }
	var tasks []task
	for _, share := range sortedKeys(shares) {
		for _, consumer := range sortedKeys(shares[share].Consumers) {
			tasks = append(tasks, task{share, consumer})
		}
	}
	snapshots := make([]Snapshot, len(tasks))
	errs := make([]error, len(tasks))
	limit := make(chan struct{}, snapshotReaders)
	var wg sync.WaitGroup
	for i, t := range tasks {
		limit <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-limit; wg.Done() }()
			share := shares[t.share]
			s, err := r.read(ctx, share.Provider, t.consumer, share.Consumers[t.consumer], t.share)
			if err != nil {
				err = fmt.Errorf("snapshot of share %s at %s: %w", t.share, t.consumer, err)
			}
			s.Share, s.Consumer = t.share, t.consumer
			snapshots[i], errs[i] = s, err
		}()
	}
	wg.Wait()
	return snapshots, errors.Join(errs...)
}

func (r *SnapshotReader) read(
	ctx context.Context, provider, consumer string, c ShareConsumer, share string,
) (Snapshot, error) {
	sub, err := r.subscription(consumer, c.SubscriptionID)
	if err != nil {
		return Snapshot{}, err
	}
	label := share + " at " + consumer
	last, err := r.settled(ctx, sub, label, nil)
	if err != nil {
		return Snapshot{}, err
	}
	s, err := r.compare(ctx, provider, consumer, c, last)
	if err != nil || !r.Wait || !s.outdated() {
		return s, err
	}
	fmt.Fprintf(r.Progress, "snapshot of %s: the provider's files are newer, asking for another\n", label)
	if err := sub.synchronize(ctx); err != nil {
		return s, err
	}
	if last, err = r.settled(ctx, sub, label, last); err != nil {
		return s, err
	}
	// What was read of the originals stands; the copies are new.
	r.forget(c)
	return r.compare(ctx, provider, consumer, c, last)
}

// shareSubscription is a client bound to one share subscription.
type shareSubscription struct {
	client *armdatashare.ShareSubscriptionsClient
	id     *arm.ResourceID
}

func (r *SnapshotReader) subscription(consumer, resourceID string) (*shareSubscription, error) {
	id, err := arm.ParseResourceID(resourceID)
	if err != nil || id.Parent == nil {
		return nil, fmt.Errorf("%q is not the resource id of a share subscription", resourceID)
	}
	credential, err := r.Access.Credential(consumer)
	if err != nil {
		return nil, err
	}
	client, err := armdatashare.NewShareSubscriptionsClient(id.SubscriptionID, credential, r.Access.armOptions())
	return &shareSubscription{client, id}, err
}

// newest returns the subscription's newest synchronization, or nil.
func (s *shareSubscription) newest(ctx context.Context) (*armdatashare.ShareSubscriptionSynchronization, error) {
	var newest *armdatashare.ShareSubscriptionSynchronization
	pager := s.client.NewListSynchronizationsPager(s.id.ResourceGroupName, s.id.Parent.Name, s.id.Name, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list synchronizations: %w", err)
		}
		for _, candidate := range page.Value {
			if candidate != nil && (newest == nil || when(candidate.StartTime).After(when(newest.StartTime))) {
				newest = candidate
			}
		}
	}
	return newest, nil
}

// synchronize asks for a snapshot now, as the portal's "Trigger snapshot" does, without waiting for its end.
func (s *shareSubscription) synchronize(ctx context.Context) error {
	_, err := s.client.BeginSynchronize(ctx, s.id.ResourceGroupName, s.id.Parent.Name, s.id.Name,
		armdatashare.Synchronize{SynchronizationMode: to.Ptr(armdatashare.SynchronizationModeIncremental)}, nil)
	if err != nil {
		return fmt.Errorf("start a snapshot: %w", err)
	}
	return nil
}

// settled returns the newest synchronization; when waiting, not before one other than previous has ended.
func (r *SnapshotReader) settled(ctx context.Context, s *shareSubscription, label string,
	previous *armdatashare.ShareSubscriptionSynchronization) (*armdatashare.ShareSubscriptionSynchronization, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, snapshotWait, fmt.Errorf("no end after %s", snapshotWait))
	defer cancel()
	start, told := time.Now(), time.Now()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		newest, err := s.newest(ctx)
		if err != nil {
			return nil, err
		}
		if !r.Wait || ended(newest) &&
			(previous == nil || value(newest.SynchronizationID) != value(previous.SynchronizationID)) {
			return newest, nil
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			fmt.Fprintf(r.Progress, "  waiting for the snapshot of %s (%s)\n", label,
				time.Since(start).Round(time.Second))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the snapshot: %w", context.Cause(ctx))
		}
	}
}

// ended reports whether a synchronization will not change any more.
func ended(s *armdatashare.ShareSubscriptionSynchronization) bool {
	return s != nil && s.EndTime != nil
}

// compare reads the files at both ends.
func (r *SnapshotReader) compare(ctx context.Context, provider, consumer string, c ShareConsumer,
	last *armdatashare.ShareSubscriptionSynchronization) (Snapshot, error) {
	s := Snapshot{Status: statusNone, Files: []SnapshotFile{}}
	var began time.Time
	if last != nil {
		s.Status, began = value(last.Status), when(last.StartTime)
		if s.Status != statusSucceeded {
			s.Message = value(last.Message)
		}
	}
	for _, name := range sortedKeys(c.DataSets) {
		d := c.DataSets[name]
		sources, err := r.files(ctx, provider, d.Kind, d.Source)
		if err != nil {
			return s, fmt.Errorf("data set %s at %s: %w", name, provider, err)
		}
		targets, err := r.files(ctx, consumer, d.Kind, d.Target)
		if err != nil {
			return s, fmt.Errorf("data set %s at %s: %w", name, consumer, err)
		}
		for path, source := range sources {
			target := targets[path]
			s.Files = append(s.Files, SnapshotFile{
				Path:  targetPath(d, path),
				Bytes: target.bytes, SHA256: target.sum, SourceSHA256: source.sum,
				changed: source.modified.After(began),
			})
		}
	}
	sort.Slice(s.Files, func(i, j int) bool { return s.Files[i].Path < s.Files[j].Path })
	return s, nil
}

// targetPath is a file's container and blob name at the consumer; path is relative to the data set's location.
func targetPath(d SharedDataSet, path string) string {
	return d.Target.Container + "/" + join(d.Kind, d.Target.Path, path)
}

// join is the blob name of a file at a location of a kind.
func join(kind, at, path string) string {
	if kind == "blob" {
		return at
	}
	return prefix(at) + path
}

// prefix is the blob name prefix of a folder; the whole container has none.
func prefix(folder string) string {
	if folder == "" || strings.HasSuffix(folder, "/") {
		return folder
	}
	return folder + "/"
}

// files reads what lies at a location: by path relative to it, a single blob under the empty path.
func (r *SnapshotReader) files(ctx context.Context, organization, kind string, at Location) (map[string]blob, error) {
	key, err := r.key(ctx, organization, at.StorageAccountID)
	if err != nil {
		return nil, err
	}
	client, err := azblob.NewClientWithSharedKeyCredential(at.BlobEndpoint, key,
		&azblob.ClientOptions{ClientOptions: r.Access.options()})
	if err != nil {
		return nil, err
	}
	folder := prefix(at.Path)
	if kind == "blob" {
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
			if item.Name != nil && (kind != "blob" || *item.Name == at.Path) {
				names = append(names, *item.Name)
			}
		}
	}
	files := map[string]blob{}
	for _, name := range names {
		content, err := r.sum(ctx, client, at, name)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(name, folder)] = content
	}
	return files, nil
}

// key is a storage account's key, asked for once.
func (r *SnapshotReader) key(ctx context.Context, organization, accountID string) (*azblob.SharedKeyCredential, error) {
	r.mu.Lock()
	if r.keys == nil {
		r.keys = map[string]func() (*azblob.SharedKeyCredential, error){}
	}
	get := r.keys[accountID]
	if get == nil {
		get = sync.OnceValues(func() (*azblob.SharedKeyCredential, error) {
			id, err := arm.ParseResourceID(accountID)
			if err != nil {
				return nil, fmt.Errorf("%q is not the resource id of a storage account", accountID)
			}
			credential, err := r.Access.Credential(organization)
			if err != nil {
				return nil, err
			}
			client, err := armstorage.NewAccountsClient(id.SubscriptionID, credential, r.Access.armOptions())
			if err != nil {
				return nil, err
			}
			keys, err := client.ListKeys(ctx, id.ResourceGroupName, id.Name, nil)
			if err != nil {
				return nil, fmt.Errorf("list keys of %s: %w", id.Name, err)
			}
			if len(keys.Keys) == 0 || keys.Keys[0].Value == nil {
				return nil, fmt.Errorf("storage account %s has no keys", id.Name)
			}
			return azblob.NewSharedKeyCredential(id.Name, *keys.Keys[0].Value)
		})
		r.keys[accountID] = get
	}
	r.mu.Unlock()
	return get()
}

// sum reads a blob once, even when many consumers get it.
func (r *SnapshotReader) sum(ctx context.Context, client *azblob.Client, at Location, name string) (blob, error) {
	id := sumKey(at, name)
	r.mu.Lock()
	if r.sums == nil {
		r.sums = map[string]func() (blob, error){}
	}
	get := r.sums[id]
	if get == nil {
		get = sync.OnceValues(func() (blob, error) {
			response, err := client.DownloadStream(ctx, at.Container, name, nil)
			if err != nil {
				return blob{}, fmt.Errorf("read %s/%s: %w", at.Container, name, err)
			}
			body := response.NewRetryReader(ctx, nil)
			defer body.Close()
			hash := sha256.New()
			n, err := io.Copy(hash, body)
			if err != nil {
				return blob{}, fmt.Errorf("read %s/%s: %w", at.Container, name, err)
			}
			return blob{bytes: n, sum: hex.EncodeToString(hash.Sum(nil)), modified: when(response.LastModified)}, nil
		})
		r.sums[id] = get
	}
	r.mu.Unlock()
	return get()
}

func sumKey(at Location, name string) string {
	return strings.ToLower(at.StorageAccountID) + "\n" + at.Container + "\n" + name
}

// forget drops what was read at the consumer's end.
func (r *SnapshotReader) forget(c ShareConsumer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range c.DataSets {
		for id := range r.sums {
			if strings.HasPrefix(id, sumKey(d.Target, "")) {
				delete(r.sums, id)
			}
		}
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func when(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// problem says why a snapshot is not OK.
func (s Snapshot) problem() string {
	switch {
	case s.Status == statusNone:
		return "no snapshot has run"
	case s.Status != statusSucceeded:
		return strings.TrimSpace("snapshot " + s.Status + ": " + s.Message)
	case len(s.Files) == 0:
		return "the provider has no files in any data set of the share"
	}
	var problems []string
	for _, f := range s.Files {
		switch {
		case f.SHA256 == "":
			problems = append(problems, f.Path+" did not arrive")
		case f.SHA256 != f.SourceSHA256:
			problems = append(problems, f.Path+" differs from the provider's file")
		}
	}
	return strings.Join(problems, "; ")
}
