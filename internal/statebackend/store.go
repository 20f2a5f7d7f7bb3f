package statebackend

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// store is the folder with the stacks' files.
type store struct {
	dir string
}

// stackName names a stack.
type stackName struct {
	project, stack string
}

// fileSuffix is the end of a checkpoint's name.
const fileSuffix = ".json"

// Checkpoint is the file with a stack's state, as Pulumi's file backend calls it in the folder dir.
func Checkpoint(dir, project, stack string) string {
	return filepath.Join(dir, ".pulumi", "stacks", project, stack+fileSuffix)
}

func (s *store) checkpoint(n stackName) string { return Checkpoint(s.dir, n.project, n.stack) }

func (s *store) journal(n stackName) string {
	return filepath.Join(s.dir, "journals", n.project, n.stack+".journal")
}

func (s *store) history(n stackName) string {
	return filepath.Join(s.dir, "history", n.project, n.stack+".jsonl")
}

func (s *store) tags(n stackName) string {
	return filepath.Join(s.dir, "tags", n.project, n.stack+fileSuffix)
}

// files are all files of a stack.
func (s *store) files(n stackName) []string {
	return []string{s.checkpoint(n), s.journal(n), s.history(n), s.tags(n)}
}

// untypedDeployment is a state of some version, as apitype.UntypedDeployment has it.
type untypedDeployment struct {
	Version    int             `json:"version,omitempty"`
	Features   []string        `json:"features,omitempty"`
	Deployment json.RawMessage `json:"deployment,omitempty"`
}

// checkpointFile is what the file backend writes: apitype.VersionedCheckpoint around a checkpoint.
type checkpointFile struct {
	Version    int      `json:"version"`
	Features   []string `json:"features,omitempty"`
	Checkpoint struct {
		Stack  string          `json:"stack"`
		Config json.RawMessage `json:"config,omitempty"`
		Latest json.RawMessage `json:"latest,omitempty"`
	} `json:"checkpoint"`
}

// emptyDeployment is the state of a stack that no engine has written: the CLI needs the manifest's time to be one.
const emptyDeployment = `{"manifest":{"time":"0001-01-01T00:00:00Z","magic":"","version":""}}`

// exists reports whether there is a checkpoint of the stack.
func (s *store) exists(n stackName) (bool, error) {
	_, err := os.Stat(s.checkpoint(n))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// read is the stack's state and the digest of its file. The error is fs.ErrNotExist for a stack that does not exist and
// a *DamageError for a file that cannot be read as one.
func (s *store) read(n stackName) (*untypedDeployment, string, error) {
	path := s.checkpoint(n)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, "", err
	}
	var file checkpointFile
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, "", &DamageError{Path: path, Problem: err.Error()}
	}
	d := &untypedDeployment{Version: file.Version, Features: file.Features, Deployment: file.Checkpoint.Latest}
	if empty(d.Deployment) {
		d.Version, d.Deployment = schemaVersion, json.RawMessage(emptyDeployment)
	}
	return d, digest(raw), nil
}

// resources counts the resources of a stack's state.
func (s *store) resources(n stackName) (int, error) {
	d, _, err := s.read(n)
	if err != nil {
		return 0, err
	}
	state, err := parseDeployment(d.Deployment)
	if err != nil {
		return 0, &DamageError{Path: s.checkpoint(n), Problem: err.Error()}
	}
	return len(state.resources), nil
}

// encode renders a state as the file backend's file.
func encode(n stackName, d *untypedDeployment) ([]byte, error) {
	version := d.Version
	if version == 0 {
		version = schemaVersion
	}
	checkpoint := map[string]json.RawMessage{}
	if !empty(d.Deployment) {
		checkpoint["latest"] = d.Deployment
	}
	file := map[string]json.RawMessage{}
	for _, member := range []struct {
		in    map[string]json.RawMessage
		name  string
		value any
	}{
		{checkpoint, "stack", strings.Join([]string{Organization, n.project, n.stack}, "/")},
		{file, "version", version},
		{file, "features", d.Features},
	} {
		raw, err := json.Marshal(member.value)
		if err != nil {
			return nil, err
		}
		if !empty(raw) {
			member.in[member.name] = raw
		}
	}
	file["checkpoint"] = object(checkpoint)
	return append(object(file), '\n'), nil
}

// write replaces the stack's state as a whole; it is on disk afterwards.
func (s *store) write(n stackName, d *untypedDeployment) error {
	raw, err := encode(n, d)
	if err != nil {
		return err
	}
	return replaceFile(s.checkpoint(n), raw)
}

// remove deletes a stack. Its checkpoint goes first, as that is what makes it exist.
func (s *store) remove(n stackName) error {
	for _, path := range s.files(n) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Dir(s.checkpoint(n)))
}

// stacks lists all stacks that have a file in a folder of projects.
func (s *store) list(pattern string) ([]stackName, error) {
	paths, err := filepath.Glob(filepath.Join(s.dir, pattern))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var names []stackName
	for _, path := range paths {
		base := filepath.Base(path)
		names = append(names, stackName{project: filepath.Base(filepath.Dir(path)),
			stack: strings.TrimSuffix(base, filepath.Ext(base))})
	}
	return names, nil
}

// recover replays the journals that killed runs left, and returns the updates that they belong to.
func (s *store) recover() ([]interrupted, error) {
	names, err := s.list("journals/*/*.journal")
	if err != nil {
		return nil, err
	}
	var found []interrupted
	var errs []error
	for _, n := range names {
		u, err := s.replay(n, journalEnd{})
		switch {
		case err != nil:
			errs = append(errs, err)
		case u != nil:
			found = append(found, interrupted{Project: n.project, Stack: n.stack, Kind: u.Kind})
		}
	}
	return found, errors.Join(errs...)
}

// interrupted is an update whose engine died.
type interrupted struct {
	Project, Stack string
	// Kind is update, refresh, destroy and so on.
	Kind string
}

// journalEnd is how an update ended.
type journalEnd struct {
	// result is "succeeded" or "failed"; empty when its engine died.
	result string
	// changes counts what the engine did, by kind of step.
	changes map[string]int
}

// replay makes a checkpoint of a stack's journal, adds the update to the history and removes the journal. It returns
// the update, or nil when there is nothing to apply. It can be repeated after a crash at any point.
func (s *store) replay(n stackName, end journalEnd) (*update, error) {
	path := s.journal(n)
	base, baseDigest, err := s.read(n)
	if err != nil {
		return nil, fmt.Errorf("replay %s: %w", path, err)
	}
	var h header
	var r *replayer
	entries := 0
	ours := map[string]bool{} // digests of the checkpoints that the journal became
	tail, err := readJournal(path, func(first header) error {
		h = first
		parsed, err := parseDeployment(base.Deployment)
		r = newReplayer(parsed)
		return err
	}, func(next record) error {
		if next.Applied != "" {
			ours[next.Applied] = true
			return nil
		}
		var e entry
		if err := json.Unmarshal(next.Entry, &e); err != nil {
			return &DamageError{Path: path, Problem: err.Error()}
		}
		if err := r.add(e); err != nil {
			return &DamageError{Path: path, Problem: err.Error()}
		}
		entries++
		return nil
	})
	switch {
	case errors.Is(err, errNoHeader):
		return nil, s.drop(path)
	case err != nil:
		return nil, err
	case ours[baseDigest]:
		return s.finish(n, h.Update, end, path) // a crash came between the checkpoint and the journal's removal
	case h.Base != baseDigest:
		return nil, &DamageError{Path: path, Problem: "it belongs to another state than " + s.checkpoint(n)}
	case entries == 0:
		return s.finish(n, h.Update, end, path)
	}
	d, err := r.untyped(h.Engine)
	if err != nil {
		return nil, &DamageError{Path: path, Problem: err.Error()}
	}
	raw, err := encode(n, d)
	if err != nil {
		return nil, err
	}
	if err := appendApplied(path, tail, digest(raw)); err != nil {
		return nil, err
	}
	if err := replaceFile(s.checkpoint(n), raw); err != nil {
		return nil, err
	}
	return s.finish(n, h.Update, end, path)
}

// finish adds the update to the history and removes its journal.
func (s *store) finish(n stackName, u update, end journalEnd, path string) (*update, error) {
	u.finish(end)
	if err := s.remember(n, u); err != nil {
		return nil, err
	}
	return &u, s.drop(path)
}

// drop removes a journal.
func (s *store) drop(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// appendApplied records at the end of a journal which checkpoint it becomes.
func appendApplied(path string, tail journalTail, applied string) error {
	j, err := openJournal(path, tail)
	if err != nil {
		return err
	}
	return errors.Join(appendLine(j, record{Applied: applied}), j.close())
}

func appendLine(j *journal, r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return j.write(line)
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// replaceFile replaces a file as a whole, so that a crash leaves the old content or the new.
func replaceFile(path string, content []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(content); err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// rename moves the files of a stack, the checkpoint last, as that is what makes it exist.
func (s *store) rename(from, to stackName) error {
	old, target := s.files(from), s.files(to)
	for i := len(old) - 1; i >= 0; i-- {
		if err := os.MkdirAll(filepath.Dir(target[i]), 0o700); err != nil {
			return err
		}
		if err := os.Rename(old[i], target[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Dir(s.checkpoint(to)))
}
