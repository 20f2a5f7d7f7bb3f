package local

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/crossorg/crossorg/internal/process"
)

// stackType is the type of the resource that stands for the stack itself and holds its outputs.
const stackType = "pulumi:pulumi:Stack"

// event has the fields of an apitype.EngineEvent that are used here. The resource's properties, most of an event, are
// left out.
type event struct {
	Summary    *apitype.SummaryEvent    `json:"summaryEvent"`
	Diagnostic *apitype.DiagnosticEvent `json:"diagnosticEvent"`
	Pre        *stepEvent               `json:"resourcePreEvent"`
	Outputs    *stepEvent               `json:"resOutputsEvent"`
	Failed     *stepEvent               `json:"resOpFailedEvent"`
}

type stepEvent struct {
	Metadata step `json:"metadata"`
	Planning bool `json:"planning"`
}

type step struct {
	Op    apitype.OpType `json:"op"`
	URN   string         `json:"urn"`
	Type  string         `json:"type"`
	Old   *stepState     `json:"old"`
	New   *stepState     `json:"new"`
	Keys  []string       `json:"keys"`
	Diffs []string       `json:"diffs"`
}

type stepState struct {
	Custom  bool            `json:"custom"`
	Outputs json.RawMessage `json:"outputs"`
}

// collector makes a result of the engine's events, and lines of progress on the way. The CLI's output with --json is
// written to it: one event a line.
type collector struct {
	progress io.Writer
	redactor *redactor

	// changes counts resources by operation; nil until the engine has summed up.
	changes map[apitype.OpType]int
	// outputs of the stack, secrets masked by the engine.
	outputs map[string]any
	// errors are the engine's and the program's complaints.
	errors []Diagnostic
	// printed are the last lines that the program or its compiler wrote.
	printed []string

	// files counts the files that were reported.
	files int
	// made are the changes, in the order of their ends.
	made []Change
	// standing are the resources that stand at the end, by URN; the value tells a provider's from a component.
	standing map[string]bool

	// rest is the beginning of an incomplete line.
	rest []byte

	mu      sync.Mutex
	running map[string]operation
}

// operation is a resource's operation that has begun.
type operation struct {
	text  string
	start time.Time
}

// Diagnostic is one complaint of a run.
type Diagnostic struct {
	// Resource is its type and name, empty for the program as a whole.
	Resource string `json:"resource,omitempty"`
	Message  string `json:"message"`
	// Shown says that Progress has shown the message already.
	Shown bool `json:"-"`
}

// watch reports operations that take long, until the returned function is called.
func (c *collector) watch() (stop func()) {
	c.running = map[string]operation{}
	return process.Every(10*time.Second, c.stillRunning)
}

// Write implements io.Writer. Lines without an event are left out: the engine's messages come as events.
func (c *collector) Write(p []byte) (int, error) {
	n := len(p)
	for {
		line, after, whole := bytes.Cut(p, []byte("\n"))
		if !whole {
			c.rest = append(c.rest, p...)
			return n, nil
		}
		if len(c.rest) > 0 {
			line = append(c.rest, line...)
			c.rest = c.rest[:0]
		}
		if e, ok := skim(line); ok {
			c.event(e)
		} else if json.Unmarshal(line, &e) == nil {
			c.event(e)
		}
		p = after
	}
}

// head is the beginning of an event about a step that changes a resource as a whole or not at all. It ends with the
// first field of the resource's state that is used.
var head = regexp.MustCompile(`^\{"sequence":\d+,"timestamp":\d+,"(resourcePreEvent|resOutputsEvent)":\{"metadata":` +
	`\{"op":"(create|delete|same)","urn":"([^"\\]+)","type":"([^"\\]+)","old":(?:null,"new":)?\{` +
	`"type":"[^"\\]*","urn":"[^"\\]*"(,"custom":true)?`)

// skim reads such an event by its head: most events are of that kind, and decoding one with its properties takes ten
// times as long. ok is false for every other event.
func skim(line []byte) (e event, ok bool) {
	found := head.FindSubmatch(line)
	if found == nil || string(found[4]) == stackType || bytes.HasSuffix(line, []byte(`"planning":true}}`)) {
		return event{}, false
	}
	step := &stepEvent{Metadata: step{
		Op: apitype.OpType(found[2]), URN: string(found[3]), Type: string(found[4]),
		New: &stepState{Custom: found[5] != nil},
	}}
	if string(found[1]) == "resourcePreEvent" {
		return event{Pre: step}, true
	}
	return event{Outputs: step}, true
}

func (c *collector) event(e event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.Summary != nil:
		c.changes = e.Summary.ResourceChanges
	case e.Pre != nil:
		if s := e.Pre.Metadata; reported(s) && !e.Pre.Planning {
			c.running[s.URN] = operation{words[s.Op].doing + " " + resourceName(s.URN), time.Now()}
		}
	case e.Outputs != nil:
		s := e.Outputs.Metadata
		if s.Type == stackType && s.New != nil && len(s.New.Outputs) > 0 {
			_ = json.Unmarshal(s.New.Outputs, &c.outputs) // it has been decoded once, as part of the line
		}
		c.finished(s, e.Outputs.Planning)
	case e.Failed != nil:
		s := e.Failed.Metadata
		delete(c.running, s.URN)
		fmt.Fprintf(c.progress, "  ! %-9s %s\n", "failed", resourceName(s.URN))
	case e.Diagnostic != nil:
		c.diagnostic(e.Diagnostic)
	}
}

func (c *collector) finished(s step, planning bool) {
	began, wasRunning := c.running[s.URN]
	delete(c.running, s.URN)
	c.remember(s)
	if !reported(s) {
		return
	}
	w := words[s.Op]
	if s.Type == fileType && c.folded(w) {
		return
	}
	if planning {
		fmt.Fprintf(c.progress, "  %s %-9s %s%s\n", w.sign, w.will, resourceName(s.URN), because(s))
		return
	}
	took := ""
	if wasRunning && time.Since(began.start) > time.Second {
		took = fmt.Sprintf(" (%s)", time.Since(began.start).Round(100*time.Millisecond))
	}
	fmt.Fprintf(c.progress, "  %s %-9s %s%s%s\n", w.sign, w.done, resourceName(s.URN), because(s), took)
}

// The files of a folder can be thousands: after a few each has no line of its own any more.
const (
	fileType   = "azure-native:storage:Blob"
	fewFiles   = 10
	fileStride = 100
)

// folded counts a file, and reports whether it goes without a line of its own: every hundredth has one with the number.
func (c *collector) folded(w word) bool {
	c.files++
	if c.files <= fewFiles {
		return false
	}
	if c.files%fileStride == 0 {
		fmt.Fprintf(c.progress, "  %s %d files so far\n", w.sign, c.files)
	}
	return true
}

// because names the properties that an update or a replacement is about.
func because(s step) string {
	changed := s.Diffs
	if len(s.Keys) > 0 {
		changed = s.Keys
	}
	if len(changed) == 0 || s.Op == apitype.OpCreate || s.Op == apitype.OpDelete {
		return ""
	}
	return " [" + strings.Join(changed, ", ") + "]"
}

func (c *collector) diagnostic(d *apitype.DiagnosticEvent) {
	if d.Ephemeral {
		return
	}
	message := c.redactor.text(strings.TrimSpace(colors.Never.Colorize(d.Message)))
	if message == "" || wentWrong.MatchString(message) {
		return
	}
	switch d.Severity {
	case "error":
		name := ""
		if d.URN != "" && resource.URN(d.URN).Type() != stackType {
			name = resourceName(d.URN)
		}
		c.errors = append(c.errors, Diagnostic{Resource: name, Message: plain(message)})
	case "warning":
		fmt.Fprintf(c.progress, "warning: %s\n", indent(message, "  "))
	case "info", "info#err":
		fmt.Fprintf(c.progress, "%s\n", message)
		if c.printed = append(c.printed, message); len(c.printed) > printedLines {
			c.printed = c.printed[1:]
		}
	}
}

// printedLines is how much of what a program printed goes into a failure.
const printedLines = 40

// wrapping is what Pulumi's Go SDK puts around the error that a program returns.
var wrapping = regexp.MustCompile(`^an unhandled error occurred: program failed:\s+1 error occurred:\s+\* `)

// wentWrong is the go command's last line about a failed program. It repeats what is known already.
var wentWrong = regexp.MustCompile(`^(exit status \d+|signal: \w+)$`)

// plain is the program's own error message.
func plain(message string) string { return wrapping.ReplaceAllString(message, "") }

// complaints are the errors that name a cause. Without one, the program's own output stands in for them.
func (c *collector) complaints() []Diagnostic {
	var kept []Diagnostic
	seen := map[Diagnostic]bool{}
	telling := false
	for _, d := range c.errors {
		if hollow(d.Message) || seen[d] {
			continue
		}
		seen[d] = true
		telling = telling || !terse(d.Message)
		kept = append(kept, d)
	}
	if !telling && len(c.printed) > 0 {
		kept = append(kept, Diagnostic{Message: strings.Join(c.printed, "\n"), Shown: true})
	}
	if len(kept) == 0 {
		return c.errors
	}
	return kept
}

// hollow reports whether a message says only that the run failed.
func hollow(message string) bool {
	switch strings.TrimPrefix(message, "error: ") {
	case "update failed", "preview failed", "destroy failed", "refresh failed":
		return true
	}
	return false
}

// terse reports whether a message says what failed and leaves the reason to the program's output.
func terse(message string) bool {
	return strings.HasPrefix(message, "an unhandled error occurred: program exited with non-zero exit code") ||
		strings.HasPrefix(message, "error in compiling Go")
}

// stillRunning reports operations that take long, so that progress never falls silent.
func (c *collector) stillRunning() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, urn := range slices.Sorted(maps.Keys(c.running)) {
		if o := c.running[urn]; time.Since(o.start) > 10*time.Second {
			fmt.Fprintf(c.progress, "  … %s (%s)\n", o.text, time.Since(o.start).Round(time.Second))
		}
	}
}

// word is the sign and the verb forms that reports use for an operation.
type word struct{ sign, will, doing, done string }

var words = map[apitype.OpType]word{
	apitype.OpCreate:            {"+", "create", "creating", "created"},
	apitype.OpUpdate:            {"~", "update", "updating", "updated"},
	apitype.OpDelete:            {"-", "delete", "deleting", "deleted"},
	apitype.OpReplace:           {"±", "replace", "replacing", "replaced"},
	apitype.OpCreateReplacement: {"+", "create", "creating", "created"},
	apitype.OpDeleteReplaced:    {"-", "delete", "deleting", "deleted"},
	apitype.OpImport:            {"=", "import", "importing", "imported"},
	apitype.OpImportReplacement: {"=", "import", "importing", "imported"},
}

// reported reports whether a step gets a line of progress: a change of an Azure resource.
func reported(s step) bool {
	state := s.New
	if state == nil {
		state = s.Old
	}
	_, known := words[s.Op]
	return known && state != nil && state.Custom && !strings.HasPrefix(s.Type, "pulumi:")
}

// resourceName is a resource's type and name for a person: "storage:StorageAccount contoso-sa".
func resourceName(urn string) string {
	u := resource.URN(urn)
	if !u.IsValid() {
		return urn
	}
	return strings.TrimPrefix(string(u.Type()), "azure-native:") + " " + u.Name()
}

// indent puts a prefix before every line but the first.
func indent(s, prefix string) string { return strings.ReplaceAll(s, "\n", "\n"+prefix) }
