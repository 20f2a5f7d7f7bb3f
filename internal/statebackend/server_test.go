package statebackend

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cli speaks to a server as Pulumi's CLI does.
type cli struct {
	t     *testing.T
	url   string
	token string
}

const devStack = "/api/stacks/organization/crossorg/dev"

func open(t *testing.T, dir string) (*Server, *cli) {
	t.Helper()
	s, _, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s, &cli{t: t, url: s.URL(), token: "token " + s.Token()}
}

// ask sends a request and returns the status and the decoded answer.
func (c *cli) ask(method, path string, body any) (int, map[string]any) {
	c.t.Helper()
	return c.askAs(c.token, method, path, body)
}

func (c *cli) askAs(authorization, method, path string, body any) (int, map[string]any) {
	c.t.Helper()
	var out bytes.Buffer
	if body != nil {
		zip := gzip.NewWriter(&out)
		require.NoError(c.t, json.NewEncoder(zip).Encode(body))
		require.NoError(c.t, zip.Close())
	}
	r, err := http.NewRequest(method, c.url+path, &out)
	require.NoError(c.t, err)
	r.Header.Set("Authorization", authorization)
	r.Header.Set("User-Agent", "pulumi-cli/1 (v3.255.0; linux)")
	if body != nil {
		r.Header.Set("Content-Encoding", "gzip")
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(c.t, err)
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	var answer map[string]any
	if len(raw) > 0 {
		require.NoError(c.t, json.Unmarshal(raw, &answer))
	}
	return response.StatusCode, answer
}

func (c *cli) must(method, path string, body any) map[string]any {
	c.t.Helper()
	status, answer := c.ask(method, path, body)
	require.Less(c.t, status, 300, "%s %s: %v", method, path, answer)
	return answer
}

func (c *cli) newStack() {
	c.must("POST", "/api/stacks/organization/crossorg", map[string]any{"stackName": "dev"})
}

// run is an update that has begun.
type run struct {
	*cli
	path, lease string
	sequence    int64
}

func (c *cli) begin(kind string) *run {
	c.t.Helper()
	u := c.must("POST", devStack+"/"+kind, map[string]any{"metadata": map[string]any{"message": "a change"}})
	r := &run{cli: c, path: fmt.Sprintf("%s/%s/%s", devStack, kind, u["updateID"])}
	started := c.must("POST", r.path, map[string]any{"journalVersion": 1, "tags": map[string]string{"a": "b"}})
	r.lease = "update-token " + started["token"].(string)
	assert.EqualValues(c.t, 1, started["journalVersion"])
	return r
}

// send adds entries; each gets the next sequence id.
func (r *run) send(entries ...map[string]any) {
	r.t.Helper()
	status, answer := r.trySend(entries...)
	require.Less(r.t, status, 300, "%v", answer)
}

func (r *run) trySend(entries ...map[string]any) (int, map[string]any) {
	r.t.Helper()
	for _, e := range entries {
		r.sequence++
		e["version"], e["sequenceID"] = 1, r.sequence
	}
	return r.askAs(r.lease, "PATCH", r.path+"/journalentries", map[string]any{"entries": entries})
}

func (r *run) complete(status string) {
	r.t.Helper()
	code, answer := r.askAs(r.lease, "POST", r.path+"/complete", map[string]any{"status": status})
	require.Less(r.t, code, 300, "%v", answer)
}

func urn(name string) string { return "urn:pulumi:dev::crossorg::test:index:Thing::" + name }

func thing(name string) map[string]any {
	return map[string]any{"urn": urn(name), "type": "test:index:Thing", "custom": true, "id": name, "later": "kept"}
}

func beginning(operation int, name string) map[string]any {
	return map[string]any{"kind": kindBegin, "operationID": operation,
		"operation": map[string]any{"type": "creating", "resource": thing(name)}}
}

func made(operation int, name string) map[string]any {
	return map[string]any{"kind": kindSuccess, "operationID": operation, "state": thing(name)}
}

// standing are the names of a stack's resources, and of those that operations are pending on.
func (c *cli) standing() (resources, pending []string) {
	c.t.Helper()
	deployment := c.must("GET", devStack+"/export", nil)["deployment"].(map[string]any)
	list, _ := deployment["resources"].([]any)
	for _, r := range list {
		resources = append(resources, r.(map[string]any)["id"].(string))
	}
	operations, _ := deployment["pending_operations"].([]any)
	for _, o := range operations {
		pending = append(pending, o.(map[string]any)["resource"].(map[string]any)["id"].(string))
	}
	return resources, pending
}

func TestAnUpdateBecomesTheState(t *testing.T) {
	dir := t.TempDir()
	s, c := open(t, dir)
	c.newStack()
	u := c.begin("update")
	u.send(beginning(1, "a"), made(1, "a"), beginning(2, "b"))
	u.send(map[string]any{"kind": kindFailure, "operationID": 2})
	u.askAs(u.lease, "POST", u.path+"/events/batch", map[string]any{"events": []any{
		map[string]any{"summaryEvent": map[string]any{"resourceChanges": map[string]int{"create": 1}}}}})
	u.complete("succeeded")

	resources, pending := c.standing()
	assert.Equal(t, []string{"a"}, resources)
	assert.Empty(t, pending)
	assert.NoFileExists(t, s.store.journal(stackName{"crossorg", "dev"}))
	stack := c.must("GET", devStack, nil)
	assert.Equal(t, map[string]any{"a": "b"}, stack["tags"])
	assert.EqualValues(t, 1, stack["version"])
	update := c.must("GET", devStack+"/updates", nil)["updates"].([]any)[0].(map[string]any)
	assert.Equal(t, "succeeded", update["result"])
	assert.Equal(t, "a change", update["message"])
	assert.Equal(t, map[string]any{"create": 1.0}, update["resourceChanges"])
	deployment := c.must("GET", devStack+"/export", nil)["deployment"].(map[string]any)
	assert.Equal(t, "kept", deployment["resources"].([]any)[0].(map[string]any)["later"],
		"members that are unknown here stay")
	assert.Equal(t, "v3.255.0", deployment["manifest"].(map[string]any)["version"])
}

func TestWhatAKilledRunRecordedIsInTheState(t *testing.T) {
	dir := t.TempDir()
	s, c := open(t, dir)
	c.newStack()
	u := c.begin("update")
	u.send(beginning(1, "a"), made(1, "a"), beginning(2, "b"))
	// The process dies: nothing of it is closed.
	require.NoError(t, s.http.Close())
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))

	again, found, err := Open(copied)
	require.NoError(t, err)
	defer again.Close()
	assert.Equal(t, []Interrupted{{Project: "crossorg", Stack: "dev", Kind: "update"}}, found)
	c = &cli{t: t, url: again.URL(), token: "token " + again.Token()}
	resources, pending := c.standing()
	assert.Equal(t, []string{"a"}, resources)
	assert.Equal(t, []string{"b"}, pending)
	update := c.must("GET", devStack+"/updates/latest", nil)["info"].(map[string]any)
	assert.Equal(t, "failed", update["result"])

	require.NoError(t, again.Edit("crossorg", "dev", func(deployment map[string]any) (bool, error) {
		delete(deployment, "pending_operations")
		return true, nil
	}))
	_, pending = c.standing()
	assert.Empty(t, pending)
	c.begin("update").complete("succeeded")
	resources, _ = c.standing()
	assert.Equal(t, []string{"a"}, resources)
}

// A crash may come after each step of the replay: the checkpoint's digest is recorded, the checkpoint is replaced, the
// update is remembered, the journal is removed.
func TestAReplayCanBeRepeatedAfterEveryStep(t *testing.T) {
	dir := t.TempDir()
	n := stackName{"crossorg", "dev"}
	st := &store{dir: dir}
	require.NoError(t, st.write(n, &untypedDeployment{Version: 3, Deployment: json.RawMessage(emptyDeployment)}))
	_, base, err := st.read(n)
	require.NoError(t, err)
	before := mustRead(t, st.checkpoint(n))
	j, err := createJournal(st.journal(n), header{Format: journalFormat, Base: base, Update: newUpdate("update", 1)})
	require.NoError(t, err)
	entry, err := json.Marshal(made(1, "a"))
	require.NoError(t, err)
	require.NoError(t, j.append([]json.RawMessage{entry}))
	tail := j.journalTail
	require.NoError(t, j.close())
	unfinished := mustRead(t, st.journal(n))
	_, err = st.replay(n, journalEnd{result: resultSucceeded})
	require.NoError(t, err)
	after := mustRead(t, st.checkpoint(n))
	history := mustRead(t, st.history(n))

	for name, crash := range map[string]func(){
		"digest recorded": func() {
			require.NoError(t, os.WriteFile(st.checkpoint(n), before, 0o600))
			require.NoError(t, os.WriteFile(st.journal(n), unfinished, 0o600))
			require.NoError(t, appendApplied(st.journal(n), tail, digest(after)))
			require.NoError(t, os.Remove(st.history(n)))
		},
		"checkpoint replaced": func() {
			require.NoError(t, os.WriteFile(st.checkpoint(n), after, 0o600))
			require.NoError(t, os.WriteFile(st.journal(n), unfinished, 0o600))
			require.NoError(t, appendApplied(st.journal(n), tail, digest(after)))
			require.NoError(t, os.Remove(st.history(n)))
		},
		"half remembered": func() {
			require.NoError(t, os.WriteFile(st.checkpoint(n), after, 0o600))
			require.NoError(t, os.WriteFile(st.journal(n), unfinished, 0o600))
			require.NoError(t, appendApplied(st.journal(n), tail, digest(after)))
			require.NoError(t, os.WriteFile(st.history(n), history[:len(history)/2], 0o600))
		},
		"remembered": func() {
			require.NoError(t, os.WriteFile(st.checkpoint(n), after, 0o600))
			require.NoError(t, os.WriteFile(st.journal(n), unfinished, 0o600))
			require.NoError(t, appendApplied(st.journal(n), tail, digest(after)))
			require.NoError(t, os.WriteFile(st.history(n), history, 0o600))
		},
	} {
		crash()
		s, _, err := Open(dir)
		require.NoError(t, err, name)
		c := &cli{t: t, url: s.URL(), token: "token " + s.Token()}
		resources, _ := c.standing()
		assert.Equal(t, []string{"a"}, resources, name)
		assert.Len(t, c.must("GET", devStack+"/updates", nil)["updates"], 1, name)
		assert.NoFileExists(t, st.journal(n), name)
		require.NoError(t, s.Close())
	}
}

func TestADamagedStateIsNamedAndLeftAsItIs(t *testing.T) {
	n := stackName{"crossorg", "dev"}
	for name, damage := range map[string]func(st *store){
		"journal changed": func(st *store) {
			raw := mustRead(t, st.journal(n))
			raw[len(raw)/2] ^= 1
			require.NoError(t, os.WriteFile(st.journal(n), raw, 0o600))
		},
		"checkpoint of another time": func(st *store) {
			other := &untypedDeployment{Version: 3, Deployment: json.RawMessage(`{"manifest":{},"resources":[]}`)}
			require.NoError(t, st.write(n, other))
		},
		"checkpoint cut": func(st *store) {
			require.NoError(t, os.Truncate(st.checkpoint(n), 20))
		},
	} {
		dir := t.TempDir()
		s, c := open(t, dir)
		c.newStack()
		c.begin("update").send(made(1, "a"))
		require.NoError(t, s.http.Close())
		copied := t.TempDir()
		require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
		st := &store{dir: copied}
		problems, err := Check(copied)
		require.NoError(t, err)
		require.Empty(t, problems, name)
		damage(st)
		journal, checkpoint := mustRead(t, st.journal(n)), mustRead(t, st.checkpoint(n))
		problems, err = Check(copied)
		require.NoError(t, err)
		require.Len(t, problems, 1, name)
		assert.Equal(t, st.journal(n), problems[0].Path)
		_, _, err = Open(copied)
		var found *DamageError
		require.ErrorAs(t, err, &found, name)
		assert.Contains(t, err.Error(), filepath.Join(copied), name)
		assert.Equal(t, journal, mustRead(t, st.journal(n)), name)
		assert.Equal(t, checkpoint, mustRead(t, st.checkpoint(n)), name)
	}
}

func TestARepeatedRequestAddsNothing(t *testing.T) {
	s, c := open(t, t.TempDir())
	c.newStack()
	u := c.begin("update")
	u.send(made(1, "a"))
	size := len(mustRead(t, s.store.journal(stackName{"crossorg", "dev"})))
	u.sequence--
	u.send(made(1, "a"))
	assert.Len(t, mustRead(t, s.store.journal(stackName{"crossorg", "dev"})), size)
	u.complete("succeeded")
	resources, _ := c.standing()
	assert.Equal(t, []string{"a"}, resources)
}

func TestAStackHasOneUpdateAtATime(t *testing.T) {
	s, c := open(t, t.TempDir())
	c.newStack()
	first := c.begin("update")
	second := c.must("POST", devStack+"/destroy", map[string]any{})
	path := fmt.Sprintf("%s/destroy/%s", devStack, second["updateID"])
	status, answer := c.ask("POST", path, map[string]any{"journalVersion": 1})
	assert.Equal(t, http.StatusConflict, status, "%v", answer)
	for _, request := range [][2]string{{"DELETE", devStack}, {"POST", devStack + "/import"},
		{"POST", devStack + "/rename"}} {
		status, _ = c.ask(request[0], request[1], map[string]any{"newName": "other"})
		assert.Equal(t, http.StatusConflict, status, request)
	}
	require.ErrorContains(t, s.Edit("crossorg", "dev", nil), "under way")

	// One that has been silent for longer than its lease gives way, and what it recorded is kept.
	first.send(made(1, "a"))
	for _, u := range s.updates {
		u.expires = time.Now().Add(-time.Second)
	}
	c.must("POST", path, map[string]any{"journalVersion": 1})
	status, _ = first.trySend(made(2, "b"))
	assert.Equal(t, http.StatusConflict, status)
	resources, _ := c.standing()
	assert.Equal(t, []string{"a"}, resources)
}

func TestACancelledUpdateKeepsWhatItRecorded(t *testing.T) {
	_, c := open(t, t.TempDir())
	c.newStack()
	u := c.begin("update")
	u.send(made(1, "a"), beginning(2, "b"))
	active := c.must("GET", devStack, nil)["activeUpdate"].(string)
	assert.True(t, strings.HasSuffix(u.path, active))
	c.must("POST", u.path+"/cancel", nil)
	status, _ := u.trySend(made(2, "b"))
	assert.Equal(t, http.StatusConflict, status)
	resources, pending := c.standing()
	assert.Equal(t, []string{"a"}, resources)
	assert.Equal(t, []string{"b"}, pending)
	c.begin("update").complete("succeeded")
}

func TestWhoShowsNoTokenGetsNothing(t *testing.T) {
	s, c := open(t, t.TempDir())
	c.newStack()
	u := c.begin("update")
	for _, authorization := range []string{"", "token", "token wrong", "Bearer " + s.Token() + "x"} {
		status, _ := c.askAs(authorization, "GET", devStack+"/export", nil)
		assert.Equal(t, http.StatusUnauthorized, status, authorization)
	}
	for _, authorization := range []string{"update-token wrong", "update-token ", c.token} {
		status, _ := c.askAs(authorization, "PATCH", u.path+"/journalentries", map[string]any{})
		assert.Equal(t, http.StatusForbidden, status, authorization)
	}
	for _, path := range []string{devStack, devStack + "/export", devStack + "/updates", "/api/user", "/api/x"} {
		for _, authorization := range []string{u.lease, "update-token wrong", "update-token " + s.Token()[1:]} {
			status, _ := c.askAs(authorization, "GET", path, nil)
			assert.Equal(t, http.StatusUnauthorized, status, "the token of an update opens nothing else: %s", path)
		}
	}
	info, err := os.Stat(filepath.Join(s.store.dir, "backend.json"))
	require.NoError(t, err)
	assert.EqualValues(t, 0o600, info.Mode().Perm())
}

func TestStacks(t *testing.T) {
	dir := t.TempDir()
	_, c := open(t, dir)
	status, _ := c.ask("GET", devStack, nil)
	assert.Equal(t, http.StatusNotFound, status)
	status, _ = c.ask("HEAD", "/api/stacks/organization/crossorg", nil)
	assert.Equal(t, http.StatusNotFound, status)
	c.newStack()
	status, _ = c.ask("POST", "/api/stacks/organization/crossorg", map[string]any{"stackName": "dev"})
	assert.Equal(t, http.StatusConflict, status)
	for _, bad := range []string{"", "..", "a/b", "../../x"} {
		status, _ = c.ask("POST", "/api/stacks/organization/crossorg", map[string]any{"stackName": bad})
		assert.Equal(t, http.StatusBadRequest, status, bad)
	}
	status, _ = c.ask("GET", "/api/stacks/organization/..%2f..%2fx/dev", nil)
	assert.Equal(t, http.StatusBadRequest, status)
	status, _ = c.ask("GET", "/api/stacks/contoso/crossorg/dev", nil)
	assert.Equal(t, http.StatusNotFound, status)

	imported := map[string]any{"version": 3, "deployment": map[string]any{"resources": []any{thing("a")}}}
	id := c.must("POST", devStack+"/import", imported)["updateId"].(string)
	assert.Equal(t, "succeeded", c.must("GET", devStack+"/update/"+id, nil)["status"])
	resources, _ := c.standing()
	assert.Equal(t, []string{"a"}, resources)
	status, answer := c.ask("DELETE", devStack, nil)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Equal(t, "Bad Request: Stack still contains resources.", answer["message"])

	c.must("POST", devStack+"/rename", map[string]any{"newName": "test"})
	stacks := c.must("GET", "/api/user/stacks?project=crossorg", nil)["stacks"].([]any)
	require.Len(t, stacks, 1)
	assert.Equal(t, "test", stacks[0].(map[string]any)["stackName"])
	assert.EqualValues(t, 1, stacks[0].(map[string]any)["resourceCount"])
	assert.Empty(t, c.must("GET", "/api/user/stacks?project=other", nil)["stacks"])
	c.must("DELETE", strings.Replace(devStack, "dev", "test", 1)+"?force=true", nil)
	assert.Empty(t, c.must("GET", "/api/user/stacks", nil)["stacks"])
}

func TestAPreviewChangesNothing(t *testing.T) {
	_, c := open(t, t.TempDir())
	c.newStack()
	u := c.begin("preview")
	status, _ := u.trySend(made(1, "a"))
	assert.Equal(t, http.StatusBadRequest, status)
	c.begin("update").complete("succeeded") // a preview is in nobody's way
	u.complete("succeeded")
	assert.Len(t, c.must("GET", devStack+"/updates", nil)["updates"], 1)
	c.must("GET", devStack+"/export/1", nil)
	status, _ = c.ask("GET", devStack+"/export/2", nil)
	assert.Equal(t, http.StatusNotFound, status)
}

func TestAnEngineWithoutAJournalSavesItsWholeState(t *testing.T) {
	dir := t.TempDir()
	s, c := open(t, dir)
	c.newStack()
	u := c.begin("update")
	for _, name := range []string{"a", "b"} {
		status, answer := u.askAs(u.lease, "PATCH", u.path+"/checkpoint", map[string]any{"version": 3,
			"deployment": map[string]any{"resources": []any{thing(name)}}})
		require.Less(t, status, 300, "%v", answer)
	}
	require.NoError(t, s.http.Close())
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
	again, c := open(t, copied)
	resources, _ := c.standing()
	assert.Equal(t, []string{"b"}, resources)
	require.NoError(t, again.Close())
}

// What Pulumi's file backend kept is taken over as it is.
func TestAFolderOfTheFileBackendIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	path := Checkpoint(dir, "crossorg", "dev")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(`{
    "version": 3,
    "checkpoint": {
        "stack": "organization/crossorg/dev",
        "latest": {
            "manifest": {"time": "2026-11-21T10:00:00Z", "magic": "m", "version": "v3.255.0"},
            "secrets_providers": {"type": "passphrase", "state": {"salt": "v1:x"}},
            "resources": [{"urn": "`+urn("a")+`", "id": "a", "type": "test:index:Thing"}]
        }
    }
}`), 0o600))
	history := filepath.Join(dir, ".pulumi", "history", "crossorg", "dev")
	require.NoError(t, os.MkdirAll(history, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(history, "dev-1.history.json"),
		[]byte(`{"kind":"update","result":"succeeded","startTime":1,"endTime":2,"message":"before"}`), 0o600))
	_, c := open(t, dir)
	u := c.begin("update")
	u.send(made(1, "b"), map[string]any{"kind": kindSuccess, "operationID": 2, "removeOld": 0, "state": thing("a")})
	u.complete("succeeded")
	resources, _ := c.standing()
	assert.Equal(t, []string{"b", "a"}, resources)
	deployment := c.must("GET", devStack+"/export", nil)["deployment"].(map[string]any)
	assert.Equal(t, "passphrase", deployment["secrets_providers"].(map[string]any)["type"])
	updates := c.must("GET", devStack+"/updates?pageSize=10&page=1", nil)["updates"].([]any)
	require.Len(t, updates, 2)
	assert.EqualValues(t, 2, updates[0].(map[string]any)["version"])
	assert.Equal(t, "before", updates[1].(map[string]any)["message"])
}

func TestAPortThatIsTakenIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	first, _ := open(t, dir)
	copied := t.TempDir()
	require.NoError(t, os.CopyFS(copied, os.DirFS(dir)))
	second, c := open(t, copied)
	assert.NotEqual(t, first.URL(), second.URL())
	assert.Equal(t, first.Token(), second.Token())
	c.newStack()
	require.NoError(t, second.Close())
	third, _ := open(t, copied)
	assert.Equal(t, second.URL(), third.URL(), "the port stays the same from then on")
}
