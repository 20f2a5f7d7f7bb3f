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
	Targets targets       `json:"targets"`
	Sizes   []*sizeReport `json:"sizes"`
}

// targets are the highest ratios of the tool's times that are no failure.
type targets struct {
	Floor    float64 `json:"floor"`
	Skipping float64 `json:"skipping"`
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
	// Verified is what verify said and took after the first up; left out when it did not run.
	Verified *verified `json:"verified,omitempty"`

	requests []requests
}

// verified is a run of verify. Memory is the most that a process had resident up to then: this one, with the embedded
// Azure, bridge and tool in it, and the biggest of Pulumi's and the program's; 0 where the system does not tell.
type verified struct {
	Checks     int     `json:"checks"`
	Ms         float64 `json:"ms"`
	UpOwnMB    int64   `json:"upOwnMB"`
	UpPulumiMB int64   `json:"upPulumiMB"`
	OwnMB      int64   `json:"ownMB"`
}

type verbReport struct {
	Verb string `json:"verb"`
	// The lanes; what was not measured is left out.
	Floor    *laneReport `json:"floor,omitempty"`
	Engine   *laneReport `json:"engine,omitempty"`
	Skipping *laneReport `json:"skipping,omitempty"`
	Tool     *laneReport `json:"tool"`
	// ToSkipping are the ratios of the tool's rounds to those with the state written at the end alone, and
	// ToSkippingMedian is their median.
	ToSkipping       []float64 `json:"toSkipping,omitempty"`
	ToSkippingMedian float64   `json:"toSkippingMedian,omitempty"`
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

func newReport(pulumi string, targets targets) *report {
	return &report{
		Machine: machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version(),
			Pulumi: pulumi},
		Targets: targets,
	}
}

// add takes the samples, by verb and lane.
func (s *sizeReport) add(samples map[string]map[string][]sample) {
	for _, verb := range verbs {
		lanes := samples[verb]
		floor, skipping := lanes["floor"], lanes["skipping"]
		v := &verbReport{
			Verb: verb, Floor: summarize(floor, nil), Engine: summarize(lanes["engine"], floor),
			Skipping: summarize(skipping, floor), Tool: summarize(lanes["tool"], floor),
		}
		for i, s := range skipping {
			v.ToSkipping = append(v.ToSkipping, lanes["tool"][i].wall.Seconds()/s.wall.Seconds())
		}
		if len(v.ToSkipping) > 0 {
			v.ToSkippingMedian = median(v.ToSkipping)
		}
		s.Verbs = append(s.Verbs, v)
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

// missed names what is above its target.
func (r *report) missed() []string {
	var missed []string
	for _, s := range r.Sizes {
		for _, v := range s.Verbs {
			if v.Tool.RatioMedian > r.Targets.Floor {
				missed = append(missed, fmt.Sprintf("%s at size %s: %.2f of the floor, target %.2f", v.Verb, s.Size,
					v.Tool.RatioMedian, r.Targets.Floor))
			}
			if v.ToSkippingMedian > r.Targets.Skipping {
				missed = append(missed, fmt.Sprintf("%s at size %s: %.2f of skipping, target %.2f", v.Verb, s.Size,
					v.ToSkippingMedian, r.Targets.Skipping))
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
	fmt.Fprintln(t, "size\tresources\tverb\tfloor\tengine\tratio\tskipping\tratio\ttool\tratio\tto skipping\tof CPU\t"+
		"own CPU ms per resource")
	for _, s := range r.Sizes {
		for _, v := range s.Verbs {
			toSkipping := ""
			if v.ToSkippingMedian > 0 {
				toSkipping = fmt.Sprintf("%.2f", v.ToSkippingMedian)
			}
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.2f\t%.2f\n", s.Size, s.Resources, v.Verb,
				best(v.Floor), best(v.Engine), ratio(v.Engine), best(v.Skipping), ratio(v.Skipping), best(v.Tool),
				ratio(v.Tool), toSkipping, v.Tool.CPURatio, v.Tool.OwnCPUMs/float64(s.AzureResources))
		}
	}
	for _, s := range r.Sizes {
		if v := s.Verified; v != nil {
			fmt.Fprintf(t, "\nsize %s: verify passed %d checks in %.2f s; resident at most: %d MB until then and %d "+
				"MB with it "+
				"here, %d MB in a process of Pulumi's\n", s.Size, v.Checks, v.Ms/1000, v.UpOwnMB, v.OwnMB, v.UpPulumiMB)
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

// best is the shortest time of a lane in seconds; empty when it was not measured.
func best(l *laneReport) string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf("%.2f", l.MinMs/1000)
}

// ratio is that of a lane to the floor; empty when either was not measured.
func ratio(l *laneReport) string {
	if l == nil || l.RatioMedian == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f (%.2f)", l.RatioMedian, l.RatioMin)
}
