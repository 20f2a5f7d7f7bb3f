package storage_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	azblobblob "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/lease"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/roles"
	"github.com/crossorg/crossorg/internal/azure/storage"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// interposed calls between before each question of the data plane to the control plane that is not part of a
// transaction.
type interposed struct {
	*storage.Accounts
	between func()
	// decided is called after a question that is part of a transaction, which comes after the decision.
	decided func()
}

func (i *interposed) Account(name string) (blob.Account, bool) {
	i.between()
	return i.Accounts.Account(name)
}

func (i *interposed) Container(tx *store.Tx, of blob.Account, name string) (blob.Container, bool) {
	if tx == nil {
		i.between()
	} else {
		defer i.decided()
	}
	return i.Accounts.Container(tx, of, name)
}

func (i *interposed) Containers(of blob.Account) ([]blob.Container, error) {
	i.between()
	return i.Accounts.Containers(of)
}

func (i *interposed) CreateContainer(of blob.Account, c blob.Container) (blob.Container, error) {
	i.between()
	return i.Accounts.CreateContainer(of, c)
}

func (i *interposed) ChangeContainer(
	of blob.Account, name string, change func(c *blob.Container) error,
) (blob.Container, error) {
	i.between()
	return i.Accounts.ChangeContainer(of, name, change)
}

func (i *interposed) DeleteContainer(of blob.Account, name string, check func(c blob.Container) error) error {
	i.between()
	return i.Accounts.DeleteContainer(of, name, check)
}

func (i *interposed) Allowed(principal, scope, action string, data bool) bool {
	i.between()
	return i.Accounts.Allowed(principal, scope, action, data)
}

// place is an account with the container data and in it the blob x, at a data plane with something in between.
type place struct {
	*cloud
	name   string
	url    string
	http   *http.Client
	client *azblob.Client
	key    string
	calls  int
	at     int // the call before which swap runs; 0 never
	swap   func()
	// decided is closed when a request has been decided about.
	decided chan struct{}
}

func newPlace(t *testing.T, c *cloud, name string) *place {
	p := &place{cloud: c, name: name, decided: make(chan struct{})}
	between := func() {
		if p.calls++; p.calls == p.at {
			p.swap()
		}
	}
	s := httptest.NewTLSServer(blob.NewHandler(c.Content(),
		&interposed{storage.NewAccounts(c.Server(), c.Content()), between, sync.OnceFunc(func() { close(p.decided) })},
		c.Clock.Now))
	t.Cleanup(s.Close)
	p.url, p.http = s.URL+"/"+name, s.Client()
	c.create(name, nil)
	p.fill(c.Contoso.Caller, accounts, "ours")
	_, keys := c.do("POST", accounts+name+"/listKeys", nil)
	p.key = keys["keys"].([]any)[0].(object)["value"].(string)
	cred, err := azblob.NewSharedKeyCredential(name, p.key)
	require.NoError(t, err)
	options := &azblob.ClientOptions{ClientOptions: c.options()}
	options.Transport = s.Client()
	p.client, err = azblob.NewClientWithSharedKeyCredential(p.url+"/", cred, options)
	require.NoError(t, err)
	return p
}

// fill makes the container data with the blob x.
func (p *place) fill(by *armtest.Caller, below, text string) {
	p.T.Helper()
	status, out := p.as(by, "PUT", below+p.name+"/blobServices/default/containers/data",
		object{"properties": object{"metadata": object{"owner": text}}})
	require.Less(p.T, status, 300, "%v", out)
	_, err := p.Content().Put(context.Background(), blob.Key{Account: p.name, Container: "data", Name: "x"},
		strings.NewReader(text), blob.PutOptions{Tags: map[string]string{"owner": text}})
	require.NoError(p.T, err)
}

var theirAccounts = strings.Replace(accounts, armtest.Subscription, armtest.OtherSubscription, 1)

// theirs gives the account's name to another organization, which has a container and a blob of the same names.
func (p *place) theirs() {
	status, out := p.do("DELETE", accounts+p.name, nil)
	require.Less(p.T, status, 300, "%v", out)
	status, out = p.as(p.Fabrikam.Caller, "PUT", theirAccounts+p.name, account(nil))
	require.Less(p.T, status, 300, "%v", out)
	p.fill(p.Fabrikam.Caller, theirAccounts, "theirs")
}

// another gives the container's name to another container of the account.
func (p *place) another() {
	id := accounts + p.name + "/blobServices/default/containers/data"
	status, out := p.do("DELETE", id, nil)
	require.Less(p.T, status, 300, "%v", out)
	p.fill(p.Contoso.Caller, accounts, "theirs")
}

// requests are requests that pass a decision and then act.
func requests() map[string]func(p *place) (string, error) {
	ctx := context.Background()
	one := func(p *place) *container.Client { return p.client.ServiceClient().NewContainerClient("data") }
	x := func(p *place) *blockblob.Client { return one(p).NewBlockBlobClient("x") }
	body := func(text string) io.ReadSeekCloser { return streaming.NopCloser(bytes.NewReader([]byte(text))) }
	return map[string]func(p *place) (string, error){
		"put blob": func(p *place) (string, error) {
			_, err := x(p).UploadBuffer(ctx, []byte("written"), nil)
			return "", err
		},
		"put block": func(p *place) (string, error) {
			_, err := x(p).StageBlock(ctx, "YQ==", body("staged"), nil)
			return "", err
		},
		"put block list": func(p *place) (string, error) {
			_, err := x(p).CommitBlockList(ctx, nil, nil)
			return "", err
		},
		"copy": func(p *place) (string, error) {
			_, err := one(p).NewBlobClient("y").StartCopyFromURL(ctx, p.url+"/data/x", nil)
			return "", err
		},
		"set metadata": func(p *place) (string, error) {
			_, err := x(p).SetMetadata(ctx, map[string]*string{"a": to.Ptr("b")}, nil)
			return "", err
		},
		"set headers": func(p *place) (string, error) {
			_, err := x(p).SetHTTPHeaders(ctx, azblobblob.HTTPHeaders{BlobContentType: to.Ptr("text/plain")}, nil)
			return "", err
		},
		"set tier": func(p *place) (string, error) {
			_, err := x(p).SetTier(ctx, azblobblob.AccessTierArchive, nil)
			return "", err
		},
		"delete": func(p *place) (string, error) {
			_, err := x(p).Delete(ctx, nil)
			return "", err
		},
		"get": func(p *place) (string, error) {
			got, err := x(p).DownloadStream(ctx, nil)
			if err != nil {
				return "", err
			}
			defer got.Body.Close()
			text, err := io.ReadAll(got.Body)
			return string(text), err
		},
		"get properties": func(p *place) (string, error) {
			got, err := x(p).GetProperties(ctx, nil)
			if err == nil && *got.ContentLength == int64(len("theirs")) {
				return "theirs", nil
			}
			return "", err
		},
		"list blobs": func(p *place) (string, error) {
			page, err := one(p).NewListBlobsFlatPager(nil).NextPage(ctx)
			if err == nil {
				for _, b := range page.Segment.BlobItems {
					if *b.Properties.ContentLength == int64(len("theirs")) {
						return "theirs", nil
					}
				}
			}
			return "", err
		},
		"set tags": func(p *place) (string, error) {
			_, err := x(p).SetTags(ctx, map[string]string{"a": "b"}, nil)
			return "", err
		},
		"get tags": func(p *place) (string, error) {
			got, err := x(p).GetTags(ctx, nil)
			if err != nil || len(got.BlobTagSet) == 0 {
				return "", err
			}
			return *got.BlobTagSet[0].Value, nil
		},
		"find by tags": func(p *place) (string, error) {
			got, err := one(p).FilterBlobs(ctx, `"owner" >= ''`, nil)
			if err != nil || len(got.Blobs) == 0 {
				return "", err
			}
			return *got.Blobs[0].Tags.BlobTagSet[0].Value, nil
		},
		"snapshot": func(p *place) (string, error) {
			_, err := x(p).CreateSnapshot(ctx, nil)
			return "", err
		},
		"lease": func(p *place) (string, error) {
			_, err := leaseOn(p.cloud, x(p), leaseA).AcquireLease(ctx, -1, nil)
			return "", err
		},
		"lease container": func(p *place) (string, error) {
			l, err := lease.NewContainerClient(one(p), nil)
			if err == nil {
				_, err = l.AcquireLease(ctx, -1, nil)
			}
			return "", err
		},
		"delete container": func(p *place) (string, error) {
			_, err := one(p).Delete(ctx, nil)
			return "", err
		},
		"set container metadata": func(p *place) (string, error) {
			_, err := one(p).SetMetadata(ctx, &container.SetMetadataOptions{
				Metadata: map[string]*string{"a": to.Ptr("b")}})
			return "", err
		},
		"create container": func(p *place) (string, error) {
			_, err := p.client.CreateContainer(ctx, "more", nil)
			return "", err
		},
		"get container": func(p *place) (string, error) {
			got, err := one(p).GetProperties(ctx, nil)
			if err != nil {
				return "", err
			}
			return *got.Metadata["Owner"], nil
		},
		"list containers": func(p *place) (string, error) {
			page, err := p.client.NewListContainersPager(&azblob.ListContainersOptions{
				Include: azblob.ListContainersInclude{Metadata: true}}).NextPage(ctx)
			if err != nil || len(page.ContainerItems) == 0 {
				return "", err
			}
			return *page.ContainerItems[0].Metadata["owner"], nil
		},
	}
}

// state is what an account holds, with everything that a request could change.
func (p *place) state(by *armtest.Caller, below string) string {
	blobs, err := p.Content().Versions(p.name, "data", "", true, p.Clock.Now())
	require.NoError(p.T, err)
	_, staged, err := p.Content().Blocks(blob.Key{Account: p.name, Container: "data", Name: "x"})
	require.NoError(p.T, err)
	status, containers := p.as(by, "GET", below+p.name+"/blobServices/default/containers", nil)
	require.Equal(p.T, http.StatusOK, status)
	raw, err := json.Marshal([]any{blobs, staged, containers})
	require.NoError(p.T, err)
	return string(raw)
}

// The account or the container is deleted, and made anew by others or by the same, before each question that a request
// asks about it: the request neither reads nor changes what has the name by then.
func TestARequestIsBoundToWhatItsDecisionIsOn(t *testing.T) {
	c := newCloud(t)
	n := 0
	for name, request := range requests() {
		for _, swap := range []struct {
			name  string
			swap  func(p *place)
			by    *armtest.Caller
			below string
		}{
			{"the account", (*place).theirs, c.Fabrikam.Caller, theirAccounts},
			{"the container", (*place).another, c.Contoso.Caller, accounts},
		} {
			undisturbed := 0
			for at := 0; at <= undisturbed+1; at++ {
				n++
				p := newPlace(t, c, fmt.Sprintf("swapped%d", n))
				var before string
				p.at, p.swap = at, func() {
					swap.swap(p)
					before = p.state(swap.by, swap.below)
				}
				p.calls = 0
				text, err := request(p)
				if at == 0 {
					require.NoError(t, err, "%s works undisturbed", name)
					undisturbed = p.calls
					require.Positive(t, undisturbed)
					continue
				}
				if before == "" {
					continue // all questions had been asked
				}
				ofAccount := name == "create container" || name == "list containers"
				if swap.name == "the container" && (ofAccount || at <= 2) {
					continue // what had been decided was not about the container
				}
				assert.NotEqual(t, "theirs", text, "%s, %s before question %d", name, swap.name, at)
				assert.Equal(t, before, p.state(swap.by, swap.below), "%s, %s before question %d", name, swap.name, at)
			}
		}
	}
}

// slowBody is a body of which the last part comes after the first has been received.
type slowBody struct {
	first, last io.Reader
	between     func()
}

func (b *slowBody) Read(to []byte) (int, error) {
	if n, err := b.first.Read(to); n > 0 || err != io.EOF {
		return n, err
	}
	if b.between != nil {
		b.between()
		b.between = nil
	}
	return b.last.Read(to)
}

// An upload takes long; meanwhile its container is deleted and made anew.
func TestAnUploadThatOutlivesItsContainerIsRefused(t *testing.T) {
	c := newCloud(t)
	for i, swap := range []func(p *place){(*place).theirs, (*place).another} {
		p := newPlace(t, c, fmt.Sprintf("slow%d", i))
		by, below := c.Fabrikam.Caller, theirAccounts
		if i == 1 {
			by, below = c.Contoso.Caller, accounts
		}
		query := blob.SignAccountSAS(p.name, decoded(t, p.key), blob.SASParams{Permissions: "rwdlc", Services: "b",
			ResourceTypes: "sco", Expiry: p.Clock.Now().Add(time.Hour)})
		before := ""
		request, err := http.NewRequest(http.MethodPut, p.url+"/data/x?"+query, &slowBody{
			first: strings.NewReader(strings.Repeat("a", 1<<20)), last: strings.NewReader("b"), between: func() {
				<-p.decided
				swap(p)
				before = p.state(by, below)
			}})
		require.NoError(t, err)
		request.ContentLength = 1<<20 + 1
		request.Header.Set("x-ms-blob-type", "BlockBlob")
		request.Header.Set("x-ms-version", blob.SASVersion)
		response, err := p.http.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusNotFound, response.StatusCode)
		assert.Equal(t, "ContainerNotFound", response.Header.Get("x-ms-error-code"))
		assert.Equal(t, before, p.state(by, below))
	}
}

// Nothing that was signed for a deleted account opens the one that has its name now: nobody chooses account keys.
func TestSignaturesOfADeletedAccountOpenNoOther(t *testing.T) {
	c := newCloud(t)
	p := newPlace(t, c, "signed")
	query := blob.SignAccountSAS(p.name, decoded(t, p.key), blob.SASParams{Permissions: "rwdlc", Services: "b",
		ResourceTypes: "sco", Expiry: p.Clock.Now().Add(time.Hour)})
	get := func() int {
		request, err := http.NewRequest(http.MethodGet, p.url+"/data/x?"+query, nil)
		require.NoError(t, err)
		response, err := p.http.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		return response.StatusCode
	}
	require.Equal(t, http.StatusOK, get())
	status, _ := c.do("DELETE", accounts+p.name, nil)
	require.Less(t, status, 300)
	chosen := account(object{"keys": []any{p.key}, "key1": p.key})
	chosen["private"], chosen["keys"] = object{"key1": p.key}, object{"key1": p.key}
	c.as(c.Fabrikam.Caller, "PUT", theirAccounts+p.name, chosen)
	status, out := c.as(c.Fabrikam.Caller, "PUT", theirAccounts+p.name, account(nil))
	require.Less(t, status, 300, "%v", out)
	p.fill(c.Fabrikam.Caller, theirAccounts, "theirs")
	assert.Equal(t, http.StatusForbidden, get())
	_, err := p.client.ServiceClient().NewContainerClient("data").NewBlobClient("x").GetProperties(context.Background(),
		nil)
	assert.Error(t, err)
}

func decoded(t *testing.T, key string) []byte {
	raw, err := base64.StdEncoding.DecodeString(key)
	require.NoError(t, err)
	return raw
}

// A role on a container ends with the container, on whichever plane it is deleted: the next one of its name does not
// have it.
func TestRolesOnAContainerEndWithIt(t *testing.T) {
	c := withData(t, "assigned", nil)
	p := c.Principal(armtest.Tenant, "reader")
	const id = accounts + "assigned/blobServices/default/containers/data"
	client, err := azblob.NewClient(c.blobs.URL+"/assigned/", c.As(p),
		&azblob.ClientOptions{ClientOptions: c.options()})
	require.NoError(t, err)
	remove := []func(){
		func() {
			_, err := c.data("assigned", 0).DeleteContainer(context.Background(), "data", nil)
			require.NoError(t, err)
		},
		func() {
			status, _ := c.do("DELETE", id, nil)
			require.Less(t, status, 300)
		},
	}
	for i, remove := range remove {
		status, out := c.do("PUT", fmt.Sprintf("%s/providers/Microsoft.Authorization/roleAssignments/"+
			"11111111-0000-4000-8000-00000000000%d?api-version=2022-04-01", id, i),
			object{"properties": object{"principalId": p.ObjectID,
				"roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/" + roles.BlobDataReader}})
		require.Equal(t, http.StatusCreated, status, "%v", out)
		require.NoError(t, read(client))
		remove()
		_, err := c.data("assigned", 0).CreateContainer(context.Background(), "data", nil)
		require.NoError(t, err)
		_, err = c.data("assigned", 0).UploadBuffer(context.Background(), "data", "x", []byte("x"), nil)
		require.NoError(t, err)
		refusedWith(t, read(client), bloberror.AuthorizationPermissionMismatch, "the container is another one")
	}
}
