package local

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/process"
)

// standing is a home as runs leave it: an embedded Azure with blobs, the state of a stack, certificates.
func standing(t *testing.T) *Home {
	t.Helper()
	home, err := NewHome(filepath.Join(t.TempDir(), "home"))
	require.NoError(t, err)
	inRun(t, home, func() {
		a, err := openAzure(home, Options{}, nil)
		require.NoError(t, err)
		uploadFiles(t, a)
		require.NoError(t, a.Close())
		_, err = home.adminThumbprint()
		require.NoError(t, err)
		for name, content := range map[string]string{
			home.checkpoint("crossorg", "dev"): `{"version": 3, "checkpoint": {"latest": {"resources": [
				{"urn": "urn:pulumi:dev::crossorg::pulumi:pulumi:Stack::crossorg-dev"},
				{"urn": "urn:pulumi:dev::crossorg::a:b:C::d",
				 "parent": "urn:pulumi:dev::crossorg::pulumi:pulumi:Stack::crossorg-dev"}]}}}`,
			filepath.Join(home.StateDir(), ".pulumi", "meta.yaml"):                     "version: 1\n",
			filepath.Join(home.StateDir(), ".pulumi", "history", "crossorg", "1.json"): `{"kind": "update"}`,
			filepath.Join(home.ProjectDir(), "Pulumi.yaml"):                            "name: crossorg\n",
			home.StackFile("dev"):                                                    "config: {}\n",
			filepath.Join(home.ProgramDir(), "go.mod"):                               "module x\n",
			filepath.Join(home.PulumiDir(), "workspaces", "crossorg-workspace.json"): `{"stack": "dev"}`,
		} {
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
			require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		}
	})
	return home
}

// inRun has do work in a home as a session would.
func inRun(t *testing.T, home *Home, do func()) {
	t.Helper()
	unlock, err := home.lock(t.Context(), io.Discard)
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, os.Chmod(filepath.Join(home.Dir, homeLock), 0o600)) // as the umask of runs has it
	require.NoError(t, home.whole())
	require.NoError(t, home.create())
	require.NoError(t, home.openManifest())
	do()
	require.NoError(t, home.closeManifest())
}

// uploadFiles makes a storage account with three blobs.
func uploadFiles(t *testing.T, a *azure.Azure) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: a.RootCAs()}}}
	defer client.CloseIdleConnections()
	c := a.DefaultCredentials()
	resp, err := client.PostForm(a.Authority()+"/"+c.TenantID+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret},
		"scope": {"https://management.azure.com/.default"}})
	require.NoError(t, err)
	token := decode(t, resp)["access_token"]
	group := "/subscriptions/" + c.SubscriptionID + "/resourceGroups/g"
	account := group + "/providers/Microsoft.Storage/storageAccounts/keeping"
	send := func(method, path, body string) (int, map[string]any) {
		req, err := http.NewRequest(method, a.Management()+path, strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Authorization", fmt.Sprint("Bearer ", token))
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		require.NoError(t, err)
		return resp.StatusCode, decode(t, resp)
	}
	var keys map[string]any
	for _, step := range []struct{ method, path, body string }{
		{"PUT", group + "?api-version=2021-04-01", `{"location": "eastus"}`},
		{"PUT", account + "?api-version=2022-09-01",
			`{"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}`},
		{"PUT", account + "/blobServices/default/containers/files?api-version=2022-09-01", `{"properties": {}}`},
		{"POST", account + "/listKeys?api-version=2022-09-01", ""},
	} {
		status, answer := send(step.method, step.path, step.body)
		require.Less(t, status, 300, "%s: %v", step.path, answer)
		require.Eventually(t, func() bool {
			if status == http.StatusAccepted {
				status, answer = send("GET", step.path, "")
			}
			return status == http.StatusOK || status == http.StatusCreated
		}, time.Minute, 10*time.Millisecond)
		keys = answer
	}
	key := keys["keys"].([]any)[0].(map[string]any)["value"].(string)
	credential, err := azblob.NewSharedKeyCredential("keeping", key)
	require.NoError(t, err)
	blobs, err := azblob.NewClientWithSharedKeyCredential(a.Blob()+"/keeping", credential,
		&azblob.ClientOptions{ClientOptions: azcore.ClientOptions{Transport: client,
			Retry: policy.RetryOptions{MaxRetries: -1}}})
	require.NoError(t, err)
	for name, size := range map[string]int{"small": 20, "medium": 70_000, "large": 2_500_000} {
		content := bytes.Repeat([]byte(name+" "), size/len(name))
		_, err := blobs.UploadBuffer(t.Context(), "files", name, content, nil)
		require.NoError(t, err)
	}
}

func decode(t *testing.T, resp *http.Response) (out map[string]any) {
	t.Helper()
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&out); !errors.Is(err, io.EOF) {
		require.NoError(t, err)
	}
	return out
}

func check(t *testing.T, home *Home) *Checked {
	t.Helper()
	out, err := Check(t.Context(), Options{HomeDir: home.Dir, Stack: "dev", Progress: io.Discard})
	require.NoError(t, err)
	return out
}

// names reports whether a damage names a file.
func (c *Checked) names(path string) bool {
	for _, d := range c.Damages {
		if d.File == path {
			return true
		}
	}
	return false
}

func files(t *testing.T, dir string) (files, folders []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			folders = append(folders, path)
		} else if err == nil {
			files = append(files, path)
		}
		return err
	}))
	return files, folders
}

// damage is one way to damage a home; it returns the files of which one must be named.
type damage struct {
	what string
	do   func() []string
}

// damages are ways to damage a home: every kind on every file and folder, and changes within the state.
func damages(t *testing.T, home *Home, random *rand.Rand) (out []damage) {
	names, folders := files(t, home.Dir)
	add := func(what, path string, do func() []string) {
		out = append(out, damage{what + " " + strings.TrimPrefix(path, home.Dir), do})
	}
	for i, path := range names {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		rewrite := func(what string, content []byte) {
			add(what, path, func() []string {
				require.NoError(t, os.WriteFile(path, content, 0o600))
				return []string{path}
			})
		}
		rewrite("longer", append(bytes.Clone(raw), 0))
		if len(raw) > 0 {
			for range 3 {
				flipped := bytes.Clone(raw)
				flipped[random.IntN(len(raw))] ^= 1 << random.IntN(8)
				rewrite("flipped", flipped)
			}
			rewrite("truncated", raw[:random.IntN(len(raw))])
			rewrite("emptied", nil)
		}
		if len(raw) > 4096 {
			zeroed := bytes.Clone(raw)
			from := random.IntN(len(raw)/4096) * 4096
			if len(bytes.Trim(zeroed[from:from+4096], "\x00")) > 0 {
				copy(zeroed[from:from+4096], make([]byte, 4096))
				rewrite("zeroed page", zeroed)
			}
		}
		add("deleted", path, func() []string { require.NoError(t, os.Remove(path)); return []string{path} })
		add("permission removed", path, func() []string {
			require.NoError(t, os.Chmod(path, 0))
			return []string{path}
		})
		other := names[(i+1)%len(names)]
		add("swapped", path, func() []string {
			require.NoError(t, os.Rename(path, path+".x"))
			require.NoError(t, os.Rename(other, path))
			require.NoError(t, os.Rename(path+".x", other))
			return []string{path, other}
		})
	}
	for _, path := range folders[1:] {
		add("extra file", path, func() []string {
			extra := filepath.Join(path, "extra")
			require.NoError(t, os.WriteFile(extra, []byte("x"), 0o600))
			return []string{extra}
		})
	}
	state := filepath.Join(home.AzureDir(), "state.db")
	inState := func(what string, change func(*bbolt.Bucket, []byte) error) {
		add(what, state, func() []string {
			db, err := bbolt.Open(state, 0o600, nil)
			require.NoError(t, err)
			require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
				var tables, keys [][]byte
				if err := tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
					return b.ForEach(func(k, _ []byte) error {
						tables, keys = append(tables, bytes.Clone(name)), append(keys, bytes.Clone(k))
						return nil
					})
				}); err != nil {
					return err
				}
				i := random.IntN(len(keys))
				return change(tx.Bucket(tables[i]), keys[i])
			}))
			require.NoError(t, db.Close())
			return []string{state}
		})
	}
	for range 6 {
		inState("record deleted", func(b *bbolt.Bucket, key []byte) error { return b.Delete(key) })
		inState("record changed", func(b *bbolt.Bucket, key []byte) error {
			value := bytes.Clone(b.Get(key))
			value[random.IntN(len(value))] ^= 4
			return b.Put(key, value)
		})
		inState("record renamed", func(b *bbolt.Bucket, key []byte) error {
			return b.Put(append(bytes.Clone(key), 'x'), bytes.Clone(b.Get(key)))
		})
	}
	return out
}

func TestCheckNamesEveryPlantedDamage(t *testing.T) {
	home := standing(t)
	require.Empty(t, check(t, home).Damages)
	sound := filepath.Join(t.TempDir(), "sound")
	require.NoError(t, os.CopyFS(sound, os.DirFS(home.Dir)))
	random := rand.New(rand.NewPCG(8, 3))
	planted := damages(t, home, random)
	random.Shuffle(len(planted), func(i, j int) { planted[i], planted[j] = planted[j], planted[i] })
	require.Greater(t, len(planted), 100)
	for _, d := range planted {
		one := d.do()
		found := check(t, home)
		require.False(t, found.Sound, d.what)
		named := false
		for _, path := range one {
			named = named || found.names(path)
		}
		require.True(t, named, "%s: %v", d.what, found.Damages)
		restore(t, sound, home.Dir)
	}
	require.Empty(t, check(t, home).Damages)
	t.Logf("%d damages planted and named", len(planted))
}

// restore makes a folder the same as another again, with the times of unchanged files left alone.
func restore(t *testing.T, from, to string) {
	t.Helper()
	names, _ := files(t, to)
	for _, path := range names {
		rel, err := filepath.Rel(to, path)
		require.NoError(t, err)
		if _, err := os.Stat(filepath.Join(from, rel)); err != nil {
			require.NoError(t, os.Remove(path))
		}
	}
	names, _ = files(t, from)
	for _, path := range names {
		rel, err := filepath.Rel(from, path)
		require.NoError(t, err)
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		target := filepath.Join(to, rel)
		_ = os.Chmod(target, 0o600) // it may be missing
		if got, err := os.ReadFile(target); err != nil || !bytes.Equal(got, want) {
			require.NoError(t, os.WriteFile(target, want, 0o600))
		}
	}
}

// After a run that died the files that runs change cannot be compared; what decodes and what refers to what still is.
func TestCheckAfterARunThatDied(t *testing.T) {
	home := standing(t)
	require.NoError(t, home.openManifest())
	state := home.checkpoint("crossorg", "dev")
	raw, err := os.ReadFile(state)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(state, append(raw, ' '), 0o600))
	require.Empty(t, check(t, home).Damages)
	require.NoError(t, os.WriteFile(state, raw[:len(raw)-1], 0o600))
	require.True(t, check(t, home).names(state))
	other := bytes.Replace(raw, []byte("crossorg-dev"), []byte("crossorg-deu"), 1)
	require.NoError(t, os.WriteFile(state, other, 0o600))
	require.True(t, check(t, home).names(state))
	require.NoError(t, os.WriteFile(state, raw, 0o600))
	key := filepath.Join(home.CertsDir(), "admin.key")
	require.NoError(t, os.WriteFile(key, raw, 0o600))
	require.True(t, check(t, home).names(key))
}

// Rot that leaves a file's time alone is not taken over into the next manifest.
func TestRotIsSeenAfterTheNextRunToo(t *testing.T) {
	home := standing(t)
	history := filepath.Join(home.StateDir(), ".pulumi", "history", "crossorg", "1.json")
	info, err := os.Stat(history)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(history, []byte(`{"kind": "updatf"}`), 0o600))
	require.NoError(t, os.Chtimes(history, info.ModTime(), info.ModTime()))
	inRun(t, home, func() {})
	require.True(t, check(t, home).names(history))
}

// A run notices what it cannot do without.
func TestARunRefusesADamagedStackState(t *testing.T) {
	home := standing(t)
	for _, path := range []string{home.checkpoint("crossorg", "dev"), home.PassphraseFile(),
		filepath.Join(home.CertsDir(), "admin.key")} {
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, spoil := range []func() error{
			func() error { return os.Remove(path) },
			func() error { return os.WriteFile(path, nil, 0o600) },
			func() error { return os.WriteFile(path, append([]byte("x"), raw[1:]...), 0o600) },
		} {
			require.NoError(t, spoil())
			err := home.whole()
			require.ErrorIs(t, err, azure.ErrDamaged)
			require.ErrorContains(t, err, path)
			require.NoError(t, os.WriteFile(path, raw, 0o600))
		}
	}
	require.NoError(t, home.whole())
}

func TestCheckRefusesAHomeInUse(t *testing.T) {
	home := standing(t)
	o := Options{HomeDir: home.Dir, Stack: "dev", Progress: io.Discard}
	unlock, err := process.Lock(context.Background(), filepath.Join(home.Dir, homeLock), func() {})
	require.NoError(t, err)
	_, err = Check(t.Context(), o)
	require.ErrorContains(t, err, "in use")
	unlock()
	a, err := openAzure(home, Options{}, nil)
	require.NoError(t, err)
	_, err = Check(t.Context(), o)
	require.ErrorContains(t, err, "in use")
	require.NoError(t, a.Close())
}
