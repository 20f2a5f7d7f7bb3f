package statebackend

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kills is how often the server is killed: go test ./internal/statebackend -run Kill -kills 200.
var kills = flag.Int("kills", 10, "how often the server is killed while an engine writes to it")

// serveFolder has this test's program serve a folder instead of running tests.
const serveFolder = "CROSSORG_TEST_SERVE_FOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveFolder); dir != "" {
		s, _, err := Open(dir)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.URL(), s.Token())
		select {} // until it is killed
	}
	flag.Parse()
	os.Exit(m.Run())
}

// served is a process that serves a folder.
type served struct {
	*cli
	process *exec.Cmd
}

func serveApart(t *testing.T, dir string) *served {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), serveFolder+"="+dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "the server says: %s", line)
	url, token, ok := strings.Cut(strings.TrimSpace(line), " ")
	require.True(t, ok, "the server says: %s", line)
	return &served{cli: &cli{t: t, url: url, token: "token " + token}, process: cmd}
}

func (s *served) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

// write sends entries until the server is gone, and returns the resources whose entries were acknowledged.
func (r *run) write(round int) (acknowledged []string) {
	for i := 1; ; i++ {
		name := fmt.Sprintf("r%d-%d", round, i)
		r.sequence++
		body, err := json.Marshal(map[string]any{"entries": []map[string]any{{"version": 1, "sequenceID": r.sequence,
			"kind": kindSuccess, "operationID": i, "state": thing(name)}}})
		require.NoError(r.t, err)
		request, err := http.NewRequest("PATCH", r.url+r.path+"/journalentries", bytes.NewReader(body))
		require.NoError(r.t, err)
		request.Header.Set("Authorization", r.lease)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return acknowledged
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode >= 300 {
			return acknowledged
		}
		acknowledged = append(acknowledged, name)
	}
}

// Whatever an engine was told is stored is there after a kill at any moment.
func TestAKillLosesNoAcknowledgedEntry(t *testing.T) {
	dir := t.TempDir()
	server := serveApart(t, dir)
	server.newStack()
	var wanted []string
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range *kills {
		u := server.begin("update")
		// The new state begins with nothing: what the round before left is kept from the base.
		timer := time.AfterFunc(time.Duration(random.IntN(60))*time.Millisecond, func() {
			_ = server.process.Process.Kill()
		})
		acknowledged := u.write(round)
		timer.Stop()
		server.kill()
		wanted = append(acknowledged, wanted...)
		server = serveApart(t, dir)
		resources, _ := server.standing()
		kept := map[string]bool{}
		for _, name := range resources {
			kept[name] = true
		}
		for _, name := range wanted {
			require.True(t, kept[name], "%s is lost with kill %d", name, round+1)
		}
		assert.LessOrEqual(t, len(resources), len(wanted)+1, "one entry was on its way when the server died")
		wanted = resources
	}
	t.Logf("%d kills, %d entries acknowledged, none lost", *kills, len(wanted))
	server.kill()
}
