package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func walls(seconds ...float64) []sample {
	var samples []sample
	for _, s := range seconds {
		samples = append(samples, sample{wall: time.Duration(s * float64(time.Second))})
	}
	return samples
}

func someReport() *report {
	r := newReport("3.255.0", targets{Floor: 1.3, Skipping: 1.15})
	s := &sizeReport{Size: "dev", Resources: 5, AzureResources: 4, requests: make([]requests, len(verbs))}
	s.requests[0] = requests{count: 10, meanMs: 1.5, worstMs: 3}
	s.add(map[string]map[string][]sample{
		"up":        {"floor": walls(1, 2, 4), "tool": walls(1.2, 3, 4), "engine": walls(1.1, 2, 4)},
		"unchanged": {"floor": walls(1), "tool": walls(1), "skipping": walls(0.8)},
		"destroy":   {"floor": walls(1), "tool": walls(1.5)},
	})
	r.Sizes = append(r.Sizes, s)
	return r
}

// A round's tool is compared with the same round's floor, since what else the machine does changes between rounds.
func TestRatiosAreOfTheSameRound(t *testing.T) {
	up := someReport().Sizes[0].Verbs[0]
	assert.InDeltaSlice(t, []float64{1.2, 1.5, 1}, up.Tool.Ratios, 1e-9)
	assert.InDelta(t, 1.2, up.Tool.RatioMedian, 1e-9)
	assert.InDelta(t, 1.2, up.Tool.RatioMin, 1e-9)
	assert.InDelta(t, 2000, up.Floor.MedianMs, 1e-9)
	assert.Nil(t, someReport().Sizes[0].Verbs[1].Engine, "what was not measured is not reported")
}

// CPU times count for all processes: it is no gain when work moves from Pulumi's to ours.
func TestTheRatioOfCPUTimesIsOfAllProcesses(t *testing.T) {
	floor := []sample{{wall: time.Second, own: time.Second, children: 3 * time.Second}}
	tool := []sample{{wall: time.Second, own: 3 * time.Second, children: 3 * time.Second}}
	assert.InDelta(t, 1.5, summarize(tool, floor).CPURatio, 1e-9)
	assert.Zero(t, summarize(walls(1), walls(1)).CPURatio, "a system that tells no CPU times")
}

func TestRatiosAboveTheTargetAreNamed(t *testing.T) {
	r := someReport()
	assert.Equal(t, []string{"unchanged at size dev: 1.25 of skipping, target 1.15",
		"destroy at size dev: 1.50 of the floor, target 1.30"}, r.missed())
	r.Targets = targets{Floor: 1.5, Skipping: 1.25}
	assert.Empty(t, r.missed())
}

func TestTheDocumentIsOneJSONDocument(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, someReport().writeJSON(&out))
	decoder := json.NewDecoder(&out)
	var document map[string]any
	require.NoError(t, decoder.Decode(&document))
	assert.False(t, decoder.More())
	requests := document["sizes"].([]any)[0].(map[string]any)["requests"].([]any)
	assert.Equal(t, 2.5, requests[0].(map[string]any)["perResource"])
}

func TestTheTableHasARowForEveryVerb(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, someReport().writeTable(&out))
	for _, row := range []string{"up         1.00   1.10    1.00 (1.10)                         1.20  1.20 (1.20)",
		"unchanged  1.00                        0.80      0.80 (0.80)  1.00  1.00 (1.00)  1.25",
		"destroy    1.00"} {
		assert.Contains(t, out.String(), row)
	}
}

func TestMedian(t *testing.T) {
	assert.Equal(t, 2.0, median([]float64{3, 1, 2}))
	assert.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
}

func TestRequestsAreSummedUp(t *testing.T) {
	r, err := sumRequests(strings.NewReader(`{"durationMs":1,"method":"GET"}` + "\n" + `{"durationMs":4}` + "\n"))
	require.NoError(t, err)
	assert.Equal(t, requests{count: 2, meanMs: 2.5, worstMs: 4}, r)
	_, err = sumRequests(strings.NewReader(`{"durationMs":1}{"dura`))
	assert.Error(t, err)
}

func TestCommandLine(t *testing.T) {
	for args, want := range map[string]struct {
		code   int
		stdout string
		stderr string
	}{
		"--help":          {0, "go run ./bench -sizes 100", ""},
		"-sizes 0":        {exitUsage, "", `-sizes: "0" must be dev or a number of consumers from 1 to 1000`},
		"-sizes dev,many": {exitUsage, "", `"many"`},
		"-rounds -1":      {exitUsage, "", "-rounds: -1 must be at least 1"},
		"-nonsense":       {exitUsage, "", "nonsense"},
		"dev":             {exitUsage, "", `there is no argument "dev"`},
	} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, want.code, run(t.Context(), strings.Fields(args), &stdout, &stderr), args)
		assert.Contains(t, stdout.String(), want.stdout, args)
		assert.Contains(t, stderr.String(), want.stderr, args)
	}
}
