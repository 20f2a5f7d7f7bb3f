package local

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// stackType is the type of the resource that stands for the stack itself and holds its outputs.
const stackType = "pulumi:pulumi:Stack"

// collector makes a result of the engine's events, and a person's lines on the way.
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
	// Told tells that Progress has had the message already.
	Told bool `json:"-"`
}

// collect reads events until the channel is closed or stop is called, which waits for events under way.
func (c *collector) collect() (stream chan<- events.EngineEvent, stop func()) {
	c.running = map[string]operation{}
	ch, done, quit := make(chan events.EngineEvent), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case e, open := <-ch:
				if !open {
					return
				}
				c.event(e)
			case <-quit:
				return
			}
		}
	}()
	stopTicker := every(10*time.Second, c.stillRunning)
	return ch, func() {
		stopTicker()
		// The engine closes the stream when it ends; it never opens it when it fails early.
		select {
		case <-done:
		case <-time.After(time.Second):
			close(quit)
			<-done
		}
	}
}

func (c *collector) event(e events.EngineEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case e.SummaryEvent != nil:
		c.changes = e.SummaryEvent.ResourceChanges
	case e.ResourcePreEvent != nil:
		if m := e.ResourcePreEvent.Metadata; reported(m) && !e.ResourcePreEvent.Planning {
			c.running[m.URN] = operation{words[m.Op].doing + " " + resourceName(m.URN), time.Now()}
		}
	case e.ResOutputsEvent != nil:
		m := e.ResOutputsEvent.Metadata
		if m.Type == stackType && m.New != nil {
			c.outputs = m.New.Outputs
		}
		c.finished(m, e.ResOutputsEvent.Planning)
	case e.ResOpFailedEvent != nil:
		m := e.ResOpFailedEvent.Metadata
		delete(c.running, m.URN)
		fmt.Fprintf(c.progress, "  ! %-9s %s\n", "failed", resourceName(m.URN))
	case e.DiagnosticEvent != nil:
		c.diagnostic(e.DiagnosticEvent)
	}
}

func (c *collector) finished(m apitype.StepEventMetadata, planning bool) {
	began, wasRunning := c.running[m.URN]
	delete(c.running, m.URN)
	if !reported(m) {
		return
	}
	w := words[m.Op]
	if planning {
		fmt.Fprintf(c.progress, "  %s %-9s %s%s\n", w.sign, w.will, resourceName(m.URN), because(m))
		return
	}
	took := ""
	if wasRunning && time.Since(began.start) > time.Second {
		took = fmt.Sprintf(" (%s)", time.Since(began.start).Round(100*time.Millisecond))
	}
	fmt.Fprintf(c.progress, "  %s %-9s %s%s%s\n", w.sign, w.done, resourceName(m.URN), because(m), took)
}

// because names the properties that an update or a replacement is about.
func because(m apitype.StepEventMetadata) string {
	changed := m.Diffs
	if len(m.Keys) > 0 {
		changed = m.Keys
	}
	if len(changed) == 0 || m.Op == apitype.OpCreate || m.Op == apitype.OpDelete {
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
		fmt.Fprintf(c.progress, "  warning: %s\n", indent(message, "    "))
	case "info", "info#err":
		fmt.Fprintf(c.progress, "  %s\n", indent(message, "  "))
		if c.printed = append(c.printed, message); len(c.printed) > printedLines {
			c.printed = c.printed[1:]
		}
	}
}

// printedLines is how much of what a program printed goes into a failure.
const printedLines = 40

// wrapping is what Pulumi's Go SDK puts around the error that a program returns.
var wrapping = regexp.MustCompile(`^an unhandled error occurred: program failed:\s+1 error occurred:\s+\* `)

// wentWrong is the go command's last word on a program that failed, which says nothing that was not said before.
var wentWrong = regexp.MustCompile(`^(exit status \d+|signal: \w+)$`)

// plain is the program's own error message.
func plain(message string) string { return wrapping.ReplaceAllString(message, "") }

// complaints are the errors without those that say only that something else failed. When no other is left, what the
// program printed tells more.
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
		kept = append(kept, Diagnostic{Message: strings.Join(c.printed, "\n"), Told: true})
	}
	if len(kept) == 0 {
		return c.errors
	}
	return kept
}

// hollow tells whether a message says only that the run failed.
func hollow(message string) bool {
	switch strings.TrimPrefix(message, "error: ") {
	case "update failed", "preview failed", "destroy failed", "refresh failed":
		return true
	}
	return false
}

// terse tells whether a message says what failed, but leaves the reason to what the program printed.
func terse(message string) bool {
	return strings.HasPrefix(message, "an unhandled error occurred: program exited with non-zero exit code") ||
		strings.HasPrefix(message, "error in compiling Go")
}

// stillRunning tells what takes long, so that silence never means doubt.
func (c *collector) stillRunning() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, urn := range sortedKeys(c.running) {
		if o := c.running[urn]; time.Since(o.start) > 10*time.Second {
			fmt.Fprintf(c.progress, "  … %s (%s)\n", o.text, time.Since(o.start).Round(time.Second))
		}
	}
}

// word is how an operation is told.
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

// reported tells whether a step is worth a line: something of Azure's that changes.
func reported(m apitype.StepEventMetadata) bool {
	state := m.New
	if state == nil {
		state = m.Old
	}
	_, known := words[m.Op]
	return known && state != nil && state.Custom && !strings.HasPrefix(m.Type, "pulumi:")
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
