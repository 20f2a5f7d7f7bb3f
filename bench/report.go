package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
)

// report is the JSON document. Times are in milliseconds.
type report struct {
	Machine machine       `json:"machine"`
	Target  float64       `json:"target"`
	Sizes   []*sizeReport `json:"sizes"`
}

type machine struct {
	OS     string `json:"os"`
	Arch   string `json:"arch"`
	CPUs   int    `json:"cpus"`
	Go     string `json:"go"`
	Pulumi string `json:"pulumi"`
}

// sizeReport is what was measured of one stack.
type sizeReport struct {
	// Size is dev or a number of consumers.
	Size string `json:"size"`
	// Resources counts the whole state, AzureResources the resources that a provider is asked for.
	Resources      int           `json:"resources"`
	AzureResources int           `json:"azureResources"`
	Verbs          []*verbReport `json:"verbs"`
	// Requests to the embedded Azure, by verb, from a run that was not measured.
	Requests []requestReport `json:"requests"`

	requests []requests
}

type verbReport struct {
	Verb        string `json:"verb"`
	Checkpoints bool   `json:"checkpoints"`
	// Floor, Engine and Tool are the lanes; Engine is left out when it was not measured.
	Floor  *laneReport `json:"floor"`
	Engine *laneReport `json:"engine,omitempty"`
	Tool   *laneReport `json:"tool"`
}

type laneReport struct {
	MinMs    float64   `json:"minMs"`
	MedianMs float64   `json:"medianMs"`
	RoundsMs []float64 `json:"roundsMs"`
	// CPU time of the embedded Azure, the bridge and what is around them, and of Pulumi and the program; medians.
	OwnCPUMs    float64 `json:"ownCpuMs"`
	PulumiCPUMs float64 `json:"pulumiCpuMs"`
	// Ratio to the floor: each round's own, their median, and that of the rounds' best times; 0 for the floor itself.
	RatioMin    float64   `json:"ratioOfMinima,omitempty"`
	RatioMedian float64   `json:"ratioMedian,omitempty"`
	Ratios      []float64 `json:"ratios,omitempty"`
	// CPURatio is the ratio of CPU times of all processes. Other work on the machine changes it little, and when all
	// CPUs are busy the ratio of times comes near it. It is left out for the floor, and on systems without CPU times.
	CPURatio float64 `json:"cpuRatio,omitempty"`
}

type requestReport struct {
	Verb        string  `json:"verb"`
	Count       int     `json:"count"`
	PerResource float64 `json:"perResource"`
	MeanMs      float64 `json:"meanMs"`
	WorstMs     float64 `json:"worstMs"`
}

func newReport(pulumi string, target float64) *report {
	return &report{
		Machine: machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(),
			Pulumi: pulumi},
		Target: target,
	}
}

// add takes the samples of one setting, by verb and lane.
func (s *sizeReport) add(checkpoints bool, samples map[string]map[string][]sample) {
	for _, verb := range verbs {
		lanes := samples[verb]
		floor := lanes["floor"]
		s.Verbs = append(s.Verbs, &verbReport{
			Verb: verb, Checkpoints: checkpoints,
			Floor: summarize(floor, nil), Engine: summarize(lanes["engine"], floor),
			Tool: summarize(lanes["tool"], floor),
		})
	}
	s.Requests = nil
	for i, r := range s.requests {
		s.Requests = append(s.Requests, requestReport{
			Verb: verbs[i], Count: r.count, PerResource: float64(r.count) / float64(s.AzureResources), MeanMs: r.meanMs,
			WorstMs: r.worstMs,
		})
	}
}

// summarize makes a lane's report of its samples; floor is nil for the floor itself. It is nil without samples.
func summarize(samples, floor []sample) *laneReport {
	if len(samples) == 0 {
		return nil
	}
	l := &laneReport{}
	var own, children []float64
	for i, s := range samples {
		l.RoundsMs = append(l.RoundsMs, milliseconds(s.wall.Seconds()))
		own = append(own, milliseconds(s.own.Seconds()))
		children = append(children, milliseconds(s.children.Seconds()))
		if floor != nil {
			l.Ratios = append(l.Ratios, s.wall.Seconds()/floor[i].wall.Seconds())
		}
	}
	l.MinMs, l.MedianMs = slices.Min(l.RoundsMs), median(l.RoundsMs)
	l.OwnCPUMs, l.PulumiCPUMs = median(own), median(children)
	if floor != nil {
		f := summarize(floor, nil)
		l.RatioMin, l.RatioMedian = l.MinMs/f.MinMs, median(l.Ratios)
		if cpu := f.OwnCPUMs + f.PulumiCPUMs; cpu > 0 {
			l.CPURatio = (l.OwnCPUMs + l.PulumiCPUMs) / cpu
		}
	}
	return l
}

func milliseconds(seconds float64) float64 { return float64(int(seconds*1e6)) / 1000 }

// missed names what is above the target.
func (r *report) missed(target float64) []string {
	var missed []string
	for _, s := range r.Sizes {
		for _, v := range s.Verbs {
			if v.Tool.RatioMedian > target {
				missed = append(missed, fmt.Sprintf("%s at size %s, checkpoints %s: %.2f", v.Verb, s.Size,
					onOff(v.Checkpoints), v.Tool.RatioMedian))
			}
		}
	}
	return missed
}

func (r *report) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func (r *report) writeTable(w io.Writer) error {
	m := r.Machine
	fmt.Fprintf(w, "%s/%s, %d CPUs, %s, Pulumi %s. Times in seconds, the best of all rounds;\n", m.OS,
		m.Arch, m.CPUs, m.Go, m.Pulumi)
	fmt.Fprint(w, "ratios to the floor as median of the rounds' own and, in parentheses, of the best times; "+
		"of CPU: tool to floor.\n\n")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t,
		"size\tresources\tcheckpoints\tverb\tfloor\tengine\tratio\ttool\tratio\tof CPU\town CPU ms per resource")
	for _, s := range r.Sizes {
		for _, v := range s.Verbs {
			engine, engineRatio := "", ""
			if v.Engine != nil {
				engine, engineRatio = seconds(v.Engine.MinMs), ratio(v.Engine)
			}
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.2f\t%.2f\n", s.Size, s.Resources,
				onOff(v.Checkpoints), v.Verb,
				seconds(v.Floor.MinMs), engine, engineRatio, seconds(v.Tool.MinMs), ratio(v.Tool), v.Tool.CPURatio,
				v.Tool.OwnCPUMs/float64(s.AzureResources))
		}
	}
	fmt.Fprintln(t, "\nsize\tverb\trequests\tper resource\tmean ms\tworst ms")
	for _, s := range r.Sizes {
		for _, q := range s.Requests {
			fmt.Fprintf(t, "%s\t%s\t%d\t%.2f\t%.2f\t%.1f\n", s.Size, q.Verb, q.Count,
				q.PerResource, q.MeanMs, q.WorstMs)
		}
	}
	return t.Flush()
}

func seconds(ms float64) string { return fmt.Sprintf("%.2f", ms/1000) }

func ratio(l *laneReport) string { return fmt.Sprintf("%.2f (%.2f)", l.RatioMedian, l.RatioMin) }
