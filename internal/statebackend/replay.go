package statebackend

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// kind is what an entry of the journal says, as apitype.JournalEntryKind numbers it.
type kind int

const (
	kindBegin kind = iota
	kindSuccess
	kindFailure
	kindRefreshSuccess
	kindOutputs
	kindWrite
	kindSecretsManager
	kindRebuiltBaseState
	kindExtensionParameterize
	kindSnippets
)

// entry is what the replay needs of a journal's entry. Indices are positions in the base, operations are ids.
type entry struct {
	Version               int             `json:"version"`
	Kind                  kind            `json:"kind"`
	SequenceID            int64           `json:"sequenceID"`
	OperationID           int64           `json:"operationID"`
	RemoveOld             *int64          `json:"removeOld"`
	RemoveNew             *int64          `json:"removeNew"`
	PendingReplacementOld *int64          `json:"pendingReplacementOld"`
	PendingReplacementNew *int64          `json:"pendingReplacementNew"`
	DeleteOld             *int64          `json:"deleteOld"`
	DeleteNew             *int64          `json:"deleteNew"`
	State                 json.RawMessage `json:"state"`
	Operation             json.RawMessage `json:"operation"`
	IsRefresh             bool            `json:"isRefresh"`
	SecretsProvider       json.RawMessage `json:"secretsProvider"`
	Snippets              json.RawMessage `json:"snippets"`
	NewSnapshot           json.RawMessage `json:"newSnapshot"`
	ExtensionRef          *string         `json:"extensionRef"`
	Extension             json.RawMessage `json:"extension"`
	RequiresByteString    bool            `json:"requiresByteString"`
}

// deployment is a state with its resources apart. Its other members stay as they were written.
type deployment struct {
	members   map[string]json.RawMessage
	resources []*stateResource
	pending   []json.RawMessage
	// features are what the state needs its reader to know; only a replay tells.
	features []string
}

// Members of a deployment, as apitype.DeploymentV3 names them.
const (
	memberManifest   = "manifest"
	memberSecrets    = "secrets_providers"
	memberResources  = "resources"
	memberPending    = "pending_operations"
	memberMetadata   = "metadata"
	memberSnippets   = "snippets"
	memberExtensions = "extensions"
)

func parseDeployment(raw json.RawMessage) (*deployment, error) {
	d := &deployment{members: map[string]json.RawMessage{}}
	if empty(raw) {
		return d, nil
	}
	if err := json.Unmarshal(raw, &d.members); err != nil {
		return nil, err
	}
	var resources []json.RawMessage
	if err := unmarshal(d.members[memberResources], &resources); err != nil {
		return nil, fmt.Errorf("resources: %w", err)
	}
	for _, r := range resources {
		d.resources = append(d.resources, &stateResource{raw: r})
	}
	if err := unmarshal(d.members[memberPending], &d.pending); err != nil {
		return nil, fmt.Errorf("pending operations: %w", err)
	}
	return d, nil
}

// empty reports a JSON value that is missing or null.
func empty(raw json.RawMessage) bool {
	return len(raw) == 0 || bytes.Equal(bytes.TrimSpace(raw), []byte("null"))
}

func unmarshal(raw json.RawMessage, v any) error {
	if empty(raw) {
		return nil
	}
	return json.Unmarshal(raw, v)
}

// replayer applies a journal's entries to the state that its update began with.
type replayer struct {
	base *deployment
	// made are the resources that the update recorded, and madeBy finds them by the operation that did.
	made   []*stateResource
	madeBy map[int64]int
	// removed, deleted, pendingReplacement and replaced are positions in the base: resources that are gone, that wait
	// for their deletion, that were deleted for their replacement, and that have another state now.
	removed, deleted, pendingReplacement map[int64]bool
	replaced                             map[int64]*stateResource
	// dropped are the operations whose resource is gone again.
	dropped map[int64]bool
	// begun are the operations that have begun and not ended, and order is how they began.
	begun      map[int64]json.RawMessage
	order      []int64
	refreshed  bool
	byteString bool
	extensions map[string]json.RawMessage
}

func newReplayer(base *deployment) *replayer {
	r := &replayer{}
	r.restart(base)
	return r
}

// restart forgets all entries and goes on from a base.
func (r *replayer) restart(base *deployment) {
	*r = replayer{
		base: base, madeBy: map[int64]int{}, removed: map[int64]bool{}, deleted: map[int64]bool{},
		pendingReplacement: map[int64]bool{}, replaced: map[int64]*stateResource{}, dropped: map[int64]bool{},
		begun: map[int64]json.RawMessage{}, extensions: map[string]json.RawMessage{},
		refreshed: r.refreshed, byteString: r.byteString,
	}
}

// add applies one entry.
func (r *replayer) add(e entry) error {
	r.byteString = r.byteString || e.RequiresByteString
	switch e.Kind {
	case kindBegin:
		r.begun[e.OperationID] = e.Operation
		r.order = append(r.order, e.OperationID)
	case kindSuccess:
		return r.success(e)
	case kindRefreshSuccess:
		return r.refreshSuccess(e)
	case kindFailure:
		delete(r.begun, e.OperationID)
	case kindOutputs:
		return r.outputs(e)
	case kindWrite:
		base, err := parseDeployment(e.NewSnapshot)
		if err != nil {
			return err
		}
		r.base = base
	case kindSecretsManager:
		r.base.members[memberSecrets] = e.SecretsProvider
	case kindSnippets:
		r.base.members[memberSnippets] = e.Snippets
	case kindRebuiltBaseState:
		base, err := r.deployment()
		if err != nil {
			return err
		}
		r.restart(base)
	case kindExtensionParameterize:
		if e.ExtensionRef == nil {
			return fmt.Errorf("entry %d names no extension", e.SequenceID)
		}
		r.extensions[*e.ExtensionRef] = e.Extension
	default:
		return fmt.Errorf("entry %d is of a kind that is unknown here: %d", e.SequenceID, e.Kind)
	}
	return nil
}

// success records the end of an operation and what it did to the state.
func (r *replayer) success(e entry) error {
	delete(r.begun, e.OperationID)
	if !empty(e.State) {
		r.madeBy[e.OperationID] = len(r.made)
		r.made = append(r.made, &stateResource{raw: e.State})
	}
	if err := r.mark(e.RemoveOld, r.removed); err != nil {
		return err
	}
	if err := r.mark(e.DeleteOld, r.deleted); err != nil {
		return err
	}
	if err := r.mark(e.PendingReplacementOld, r.pendingReplacement); err != nil {
		return err
	}
	if e.RemoveNew != nil {
		r.dropped[*e.RemoveNew] = true
	}
	if err := r.flag(e.DeleteNew, "delete"); err != nil {
		return err
	}
	if err := r.flag(e.PendingReplacementNew, "pendingReplacement"); err != nil {
		return err
	}
	r.refreshed = r.refreshed || e.IsRefresh
	return nil
}

// refreshSuccess records what a refresh found: another state, or that the resource is gone.
func (r *replayer) refreshSuccess(e entry) error {
	delete(r.begun, e.OperationID)
	r.refreshed = true
	if !empty(e.State) {
		return r.outputs(e)
	}
	if err := r.mark(e.RemoveOld, r.removed); err != nil {
		return err
	}
	if e.RemoveNew != nil {
		r.dropped[*e.RemoveNew] = true
	}
	return nil
}

// outputs gives a resource another state, at the place that it has.
func (r *replayer) outputs(e entry) error {
	if empty(e.State) {
		return nil
	}
	state := &stateResource{raw: e.State}
	if e.RemoveOld != nil {
		if err := r.known(*e.RemoveOld); err != nil {
			return err
		}
		r.replaced[*e.RemoveOld] = state
	}
	if e.RemoveNew != nil {
		at, err := r.operation(*e.RemoveNew)
		if err != nil {
			return err
		}
		r.made[at] = state
	}
	return nil
}

func (r *replayer) mark(index *int64, set map[int64]bool) error {
	if index == nil {
		return nil
	}
	set[*index] = true
	return r.known(*index)
}

// known refuses a position that the base does not have.
func (r *replayer) known(index int64) error {
	if index < 0 || index >= int64(len(r.base.resources)) {
		return fmt.Errorf("resource %d is not among the %d that the update began with", index, len(r.base.resources))
	}
	return nil
}

func (r *replayer) operation(id int64) (int, error) {
	at, ok := r.madeBy[id]
	if !ok {
		return 0, fmt.Errorf("operation %d recorded no resource", id)
	}
	return at, nil
}

// flag sets a member of the resource that an operation recorded.
func (r *replayer) flag(operation *int64, name string) error {
	if operation == nil {
		return nil
	}
	at, err := r.operation(*operation)
	if err != nil {
		return err
	}
	return r.made[at].set(name, true)
}

// deployment is the state after all entries: what the update recorded, in its order, and then what it did not touch.
func (r *replayer) deployment() (*deployment, error) {
	gone := map[int]bool{}
	for operation := range r.dropped {
		at, err := r.operation(operation)
		if err != nil {
			return nil, err
		}
		gone[at] = true
	}
	d := &deployment{members: maps.Clone(r.base.members)}
	for i, made := range r.made {
		if !gone[i] {
			d.resources = append(d.resources, made)
		}
	}
	for i, old := range r.base.resources {
		kept, err := r.kept(int64(i), old)
		if err != nil {
			return nil, err
		}
		if kept != nil {
			d.resources = append(d.resources, kept)
		}
	}
	for _, operation := range r.order {
		if raw, ok := r.begun[operation]; ok && !empty(raw) {
			d.pending = append(d.pending, raw)
		}
	}
	creations, err := pendingCreations(r.base.pending)
	if err != nil {
		return nil, err
	}
	d.pending = append(d.pending, creations...)
	if err := r.addExtensions(d); err != nil {
		return nil, err
	}
	if err := d.readHeads(); err != nil {
		return nil, err
	}
	// As in the engine's own replay, what is about to be dropped counts too.
	if d.features, err = d.needed(r.byteString); err != nil {
		return nil, err
	}
	if r.refreshed {
		if err := d.dropDangling(); err != nil {
			return nil, err
		}
	}
	return d, d.normalize()
}

// kept is a resource of the base as it is after the update, or nil when it is gone.
func (r *replayer) kept(i int64, old *stateResource) (*stateResource, error) {
	if r.removed[i] {
		return nil, nil
	}
	if state, ok := r.replaced[i]; ok {
		return state, nil
	}
	if r.pendingReplacement[i] {
		if err := old.set("pendingReplacement", true); err != nil {
			return nil, err
		}
	}
	if r.deleted[i] {
		if err := old.set("delete", true); err != nil {
			return nil, err
		}
	}
	return old, nil
}

// pendingCreations are the creations of an earlier update whose outcome is still unknown. Only a person, or the local
// verbs, can resolve those; other pending operations end with the next update.
func pendingCreations(pending []json.RawMessage) ([]json.RawMessage, error) {
	var creations []json.RawMessage
	for _, raw := range pending {
		var operation struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(raw, &operation); err != nil {
			return nil, err
		}
		if operation.Type == "creating" {
			creations = append(creations, raw)
		}
	}
	return creations, nil
}

func (r *replayer) addExtensions(d *deployment) error {
	extensions := maps.Clone(r.extensions)
	var old map[string]json.RawMessage
	if err := unmarshal(r.base.members[memberExtensions], &old); err != nil {
		return err
	}
	maps.Copy(extensions, old)
	if len(extensions) == 0 {
		delete(d.members, memberExtensions)
		return nil
	}
	raw, err := json.Marshal(extensions)
	d.members[memberExtensions] = raw
	return err
}

// The versions of the deployment's schema: the second is for states that need features (apitype/core.go of Pulumi's
// SDK).
const (
	schemaVersion            = 3
	schemaVersionForFeatures = 4
)

// untyped renders a state as apitype.UntypedDeployment does.
func (r *replayer) untyped(engine string) (*untypedDeployment, error) {
	d, err := r.deployment()
	if err != nil {
		return nil, err
	}
	if d.members[memberManifest], err = manifest(engine); err != nil {
		return nil, err
	}
	raw, err := d.marshal()
	if err != nil {
		return nil, err
	}
	version := schemaVersion
	if len(d.features) > 0 {
		version = schemaVersionForFeatures
	}
	return &untypedDeployment{Version: version, Features: d.features, Deployment: raw}, nil
}

// manifest says which engine wrote a state, and when. Its magic is the engine's check of itself.
func manifest(engine string) (json.RawMessage, error) {
	magic := ""
	if engine != "" {
		magic = fmt.Sprintf("%x", sha256.Sum256([]byte(engine)))
	}
	now := time.Now().Format(time.RFC3339Nano)
	return json.Marshal(map[string]string{"time": now, "magic": magic, "version": engine})
}

// marshal renders the state with its resources and pending operations.
func (d *deployment) marshal() (json.RawMessage, error) {
	members := maps.Clone(d.members)
	for name, list := range map[string][]json.RawMessage{memberResources: raws(d.resources), memberPending: d.pending} {
		delete(members, name)
		if len(list) > 0 {
			members[name] = slices.Concat([]byte("["), bytes.Join(rawBytes(list), []byte(",")), []byte("]"))
		}
	}
	if empty(members[memberMetadata]) {
		members[memberMetadata] = json.RawMessage("{}")
	}
	// The metadata records that an engine found the state broken. It checks what it is given when it reads it.
	var metadata map[string]json.RawMessage
	if err := unmarshal(members[memberMetadata], &metadata); err != nil {
		return nil, err
	}
	delete(metadata, "integrity_error")
	raw, err := json.Marshal(metadata)
	if err != nil {
		return nil, err
	}
	members[memberMetadata] = raw
	return object(members), nil
}

// object is a JSON object of members that are JSON. A state is big, and json.Marshal would read all of it again.
func object(members map[string]json.RawMessage) json.RawMessage {
	var out bytes.Buffer
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "%q:%s", name, members[name])
	}
	return slices.Concat([]byte("{"), out.Bytes(), []byte("}"))
}

func rawBytes(list []json.RawMessage) [][]byte {
	out := make([][]byte, len(list))
	for i, raw := range list {
		out[i] = raw
	}
	return out
}

func raws(resources []*stateResource) []json.RawMessage {
	list := make([]json.RawMessage, len(resources))
	for i, r := range resources {
		list[i] = r.raw
	}
	return list
}

// needed are the features of a state, as pkg/resource/stack of Pulumi names them.
func (d *deployment) needed(byteString bool) ([]string, error) {
	set := map[string]bool{}
	add := func(needed bool, name string) {
		if needed {
			set[name] = true
		}
	}
	add(byteString, "byteString")
	heads := make([]head, 0, len(d.resources)+len(d.pending))
	for _, r := range d.resources {
		heads = append(heads, r.head)
	}
	for _, raw := range d.pending {
		var operation struct {
			Resource head `json:"resource"`
		}
		if err := json.Unmarshal(raw, &operation); err != nil {
			return nil, err
		}
		heads = append(heads, operation.Resource)
	}
	for _, h := range heads {
		add(h.RefreshBeforeUpdate, "refreshBeforeUpdate")
		add(h.ViewOf != "", "views")
		add(!empty(h.ResourceHooks), "hooks")
		add(h.Taint, "taint")
		add(len(h.ReplaceWith) > 0, "replaceWith")
		add(h.ExtensionRef != "", "extensionParameterization")
		add(h.SnippetID != "", "snippets-prototype")
	}
	var snippets []json.RawMessage
	if err := unmarshal(d.members[memberSnippets], &snippets); err != nil {
		return nil, err
	}
	add(len(snippets) > 0, "snippets-prototype")
	return slices.Sorted(maps.Keys(set)), nil
}

// engineVersion is the CLI's version in its User-Agent: "pulumi-cli/1 (v3.255.0; linux)".
func engineVersion(userAgent string) string {
	_, rest, _ := strings.Cut(userAgent, "(")
	version, _, ok := strings.Cut(rest, ";")
	if !ok {
		return ""
	}
	return strings.TrimSpace(version)
}

// Replay applies the entries of a journal to a state. State and result are JSON of apitype.UntypedDeployment, entries
// are JSON of apitype.JournalEntry; engine is the version of the CLI that writes. It is what becomes of a journal at
// the end of an update.
func Replay(state json.RawMessage, entries []json.RawMessage, engine string) (json.RawMessage, error) {
	var before untypedDeployment
	if err := json.Unmarshal(state, &before); err != nil {
		return nil, err
	}
	base, err := parseDeployment(before.Deployment)
	if err != nil {
		return nil, err
	}
	r := newReplayer(base)
	for _, raw := range entries {
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, err
		}
		if err := r.add(e); err != nil {
			return nil, err
		}
	}
	after, err := r.untyped(engine)
	if err != nil {
		return nil, err
	}
	return json.Marshal(after)
}
