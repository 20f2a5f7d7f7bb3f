package azure_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure"
)

// mayMount marks a run of a test in namespaces of its own, where it may mount disks.
const mayMount = "CROSSORG_TEST_MAY_MOUNT"

// asRoot runs the test again as root of user and mount namespaces of its own, and reports whether the caller is to go
// on: it is that run, or root already. A newcomer needs no rights for it.
func asRoot(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 || os.Getenv(mayMount) != "" {
		return true
	}
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), mayMount+"=1")
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	var said bytes.Buffer
	again.Stdout, again.Stderr = &said, &said
	if err := again.Start(); err != nil {
		t.Skipf("this system lets only root mount a disk that can be filled: %s", err)
	}
	require.NoError(t, again.Wait(), said.String())
	return false
}

// smallDisk is a folder on a disk of a few megabytes.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("this system lets nobody mount a disk that can be filled: %s", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill takes all space of a disk, and returns what frees it.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(filepath.Dir(dir), filepath.Base(dir), "filler")
	f, err := os.Create(path)
	require.NoError(t, err)
	for _, size := range []int{64 << 10, 4 << 10, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		require.ErrorIs(t, err, syscall.ENOSPC)
	}
	require.NoError(t, f.Close())
	return func() { require.NoError(t, os.Remove(path)) }
}

// deployer sends requests as the folder's own principal.
type deployer struct {
	t      *testing.T
	azure  *azure.Azure
	client *http.Client
	token  string
}

func newDeployer(t *testing.T, a *azure.Azure) *deployer {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs()}}}
	t.Cleanup(client.CloseIdleConnections)
	d := &deployer{t: t, azure: a, client: client}
	c := a.DefaultCredentials()
	resp, err := client.PostForm(a.Authority()+"/"+c.TenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret},
		"scope": {"https://management.azure.com/.default"}})
	require.NoError(t, err)
	_, body := d.read(resp)
	d.token = fmt.Sprint(body["access_token"])
	return d
}

func (d *deployer) read(resp *http.Response) (int, map[string]any) {
	d.t.Helper()
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); !errors.Is(err, io.EOF) {
		require.NoError(d.t, err)
	}
	return resp.StatusCode, body
}

func (d *deployer) send(method, path, body string) (int, map[string]any) {
	d.t.Helper()
	req, err := http.NewRequest(method, d.azure.Management()+path, strings.NewReader(body))
	require.NoError(d.t, err)
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := d.client.Do(req)
	require.NoError(d.t, err)
	return d.read(resp)
}

// put makes a resource, and waits for it.
func (d *deployer) put(path, body string) {
	d.t.Helper()
	status, answer := d.send("PUT", path, body)
	require.Less(d.t, status, 300, "%v", answer)
	require.Eventually(d.t, func() bool {
		if status == http.StatusAccepted {
			status, _ = d.send("GET", path, "")
		}
		return status == http.StatusOK || status == http.StatusCreated
	}, time.Minute, 10*time.Millisecond)
}

// A full disk refuses what needs space, in words that say so, and lets everything be deleted.
func TestAFullDiskRefusesWritesAndTakesDeletions(t *testing.T) {
	if !asRoot(t) {
		return
	}
	dir := smallDisk(t, "24m")
	var notes bytes.Buffer
	a, err := azure.Open(azure.Options{Dir: filepath.Join(dir, "azure"), Notes: &notes})
	require.NoError(t, err)
	d := newDeployer(t, a)
	group := "/subscriptions/" + a.DefaultCredentials().SubscriptionID + "/resourceGroups/g"
	account := group + "/providers/Microsoft.Storage/storageAccounts/fulldisk"
	d.put(group+"?api-version=2021-04-01", `{"location": "eastus"}`)
	d.put(account+"?api-version=2022-09-01",
		`{"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}`)
	d.put(account+"/blobServices/default/containers/files?api-version=2022-09-01", `{"properties": {}}`)
	_, keys := d.send("POST", account+"/listKeys?api-version=2022-09-01", "")
	credential, err := azblob.NewSharedKeyCredential("fulldisk",
		keys["keys"].([]any)[0].(map[string]any)["value"].(string))
	require.NoError(t, err)
	blobs, err := azblob.NewClientWithSharedKeyCredential(a.Blob()+"/fulldisk", credential,
		&azblob.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: d.client,
			Retry: policy.RetryOptions{MaxRetries: -1}}})
	require.NoError(t, err)
	upload := func(name string) error {
		content := bytes.Repeat([]byte(name), 500_000/len(name))
		_, err := blobs.UploadBuffer(t.Context(), "files", name, content, nil)
		return err
	}
	var names []string
	for len(names) < 20 {
		name := fmt.Sprintf("blob-%03d", len(names))
		require.NoError(t, upload(name))
		names = append(names, name)
	}
	free := fill(t, dir)

	var refused *azcore.ResponseError
	require.ErrorAs(t, upload("one too many"), &refused)
	require.Equal(t, http.StatusInsufficientStorage, refused.StatusCode)
	require.Contains(t, refused.Error(), "disk")
	for i := 0; ; i++ {
		status, body := d.send("PUT", fmt.Sprintf("%s%d?api-version=2021-04-01", group, i), `{"location": "eastus"}`)
		if status == http.StatusInsufficientStorage {
			require.Contains(t, fmt.Sprint(body["error"]), "disk")
			break
		}
		require.Less(t, status, 300, "%v", body)
		require.Less(t, i, 5000, "it fills")
	}
	fill(t, filepath.Join(dir, "azure"))

	for _, name := range names {
		_, err := blobs.DeleteBlob(t.Context(), "files", name, nil)
		require.NoError(t, err)
	}
	status, body := d.send("DELETE", group+"?api-version=2021-04-01", "")
	require.Less(t, status, 300, "%v", body)
	require.Eventually(t, func() bool {
		status, _ := d.send("GET", group+"?api-version=2021-04-01", "")
		return status == http.StatusNotFound
	}, time.Minute, 20*time.Millisecond)
	require.NoError(t, os.Remove(filepath.Join(dir, "azure", "filler")))
	free()
	d.put(group+"?api-version=2021-04-01", `{"location": "eastus"}`)
	require.NoError(t, a.Close())
	checked, err := azure.Check(t.Context(), filepath.Join(dir, "azure"))
	require.NoError(t, err)
	require.Empty(t, checked.Damages)
}
