package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/crossorg/crossorg/internal/admincert"
	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/process"
	"github.com/crossorg/crossorg/internal/statebackend"
)

// Checked is the outcome of a check of a home, and its JSON document.
type Checked struct {
	Home string `json:"home"`
	// Sound says that nothing is damaged.
	Sound bool `json:"sound"`
	// Records of the embedded Azure's state, Files of the home and of blobs, and the Bytes of blobs were read.
	Records int   `json:"records"`
	Files   int   `json:"files"`
	Bytes   int64 `json:"bytes"`
	// Damages are what is not as it was written.
	Damages []Finding `json:"damages"`
	// Notes are what is harmless: what a process left that was killed, and files that no run made.
	Notes []Finding `json:"notes"`
	Error *Failure  `json:"error,omitempty"`
}

// Check reads everything in a home and changes nothing. It fails while a run or local serve uses the home.
func Check(ctx context.Context, o Options) (*Checked, error) {
	_, home, err := Locate(o)
	if err != nil {
		return nil, err
	}
	if !exists(home.Dir) {
		return nil, fmt.Errorf("%s does not exist: there is nothing to check", home.Dir)
	}
	c := &Checked{Home: home.Dir, Damages: []Finding{}, Notes: []Finding{}}
	found, err := c.files(home) // before the lock, which makes its file when that is missing
	if err != nil {
		return nil, err
	}
	inUse := fmt.Errorf("%s is in use by another run or by local serve: let it end first", home.Dir)
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	unlock, err := process.Lock(short, filepath.Join(home.Dir, homeLock), func() {})
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, inUse
	}
	if err != nil {
		return nil, err
	}
	defer unlock()
	if found {
		if err := c.again(home); err != nil {
			return nil, err
		}
	}
	if err := c.azure(ctx, home, o.Progress); errors.Is(err, azure.ErrInUse) {
		return nil, inUse
	} else if err != nil {
		return nil, err
	}
	c.stacks(home)
	c.certificates(home)
	c.private(home)
	c.Sound = len(c.Damages) == 0
	return c, nil
}

func (c *Checked) damage(file, format string, args ...any) {
	finding := Finding{file, fmt.Sprintf(format, args...)}
	if !slices.Contains(c.Damages, finding) {
		c.Damages = append(c.Damages, finding)
	}
}

// files compares the home with its manifest. It reports whether there were differences.
func (c *Checked) files(home *Home) (bool, error) {
	m, err := home.readManifest()
	switch {
	case errors.Is(err, azure.ErrDamaged):
		c.damage(home.ManifestFile(), "it is not as it was written")
		return false, nil
	case err != nil:
		return false, err
	case m == nil && exists(filepath.Join(home.AzureDir(), "state.db.seal")):
		c.damage(home.ManifestFile(), "it is missing")
		return false, nil
	case m == nil:
		c.Notes = append(c.Notes, Finding{home.ManifestFile(),
			"there is none yet: the next run makes it, and checks compare the home's files from then on"})
		return false, nil
	}
	found, checked, err := home.differences(m, func(name string) bool {
		_, known := m.Files[name]
		return !m.Open || known && lasting(name)
	})
	if err != nil {
		return false, err
	}
	c.Files += checked
	c.Damages = append(c.Damages, found...)
	return len(found) > 0, nil
}

// again compares once more, now that no run is under way, which may have caused the differences.
func (c *Checked) again(home *Home) error {
	lock := filepath.Join(home.Dir, homeLock)
	missingLock := slices.Contains(c.Damages, Finding{lock, "it is missing"})
	c.Damages, c.Files = []Finding{}, 0
	if _, err := c.files(home); err != nil {
		return err
	}
	c.Damages = slices.DeleteFunc(c.Damages, func(f Finding) bool { return missingLock && f.File == lock })
	if missingLock {
		c.damage(lock, "it is missing")
	}
	return nil
}

// azure checks the embedded Azure.
func (c *Checked) azure(ctx context.Context, home *Home, progress io.Writer) error {
	if err := missingAzure(home); err != nil {
		c.damage(home.AzureDir(), "it is missing, and stacks stand on it")
		return nil
	}
	if !exists(home.AzureDir()) || empty(home.AzureDir()) {
		return nil
	}
	fmt.Fprintln(progress, "reading every record and every blob of the embedded Azure")
	checked, err := azure.Check(ctx, home.AzureDir())
	var denied *fs.PathError
	if errors.As(err, &denied) && errors.Is(err, fs.ErrPermission) {
		c.damage(denied.Path, "it cannot be read: %s", denied.Err)
		return nil
	}
	if err != nil {
		return err
	}
	c.Records, c.Files, c.Bytes = checked.Records, c.Files+checked.Files, checked.Bytes
	for _, d := range checked.Damages {
		c.damage(d.File, "%s", d.What)
	}
	c.Notes = append(c.Notes, findings(checked.Leftovers)...)
	return nil
}

func findings(of []azure.Damage) (out []Finding) {
	for _, d := range of {
		out = append(out, Finding{d.File, d.What})
	}
	return out
}

func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0
}

// stacks checks what decodes of the stacks: their states, the copies of their stack files, the passphrase.
func (c *Checked) stacks(home *Home) {
	found, err := home.checkStates()
	if err != nil {
		c.damage(home.StateDir(), "%s", err)
	}
	for _, f := range found {
		c.damage(f.File, "%s", f.Problem)
	}
	copies, _ := filepath.Glob(filepath.Join(home.ProjectDir(), "Pulumi*.yaml")) // the pattern is right
	for _, file := range copies {
		var document map[string]any
		raw, err := os.ReadFile(file)
		if err == nil {
			err = yaml.Unmarshal(raw, &document)
		}
		if err != nil {
			c.damage(file, "it does not decode: %s", err)
		}
	}
	if err := home.checkPassphrase(); err != nil {
		c.damage(home.PassphraseFile(), "%s", err)
	}
}

// checkPassphrase is an error where stacks stand whose secrets need a passphrase, and there is none.
func (h *Home) checkPassphrase() error {
	stacks, err := h.states()
	if err != nil || len(stacks) == 0 {
		return err
	}
	raw, err := os.ReadFile(h.PassphraseFile())
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("it is missing, and the secrets of the stacks are encrypted with it")
	case err == nil && strings.TrimSpace(string(raw)) == "":
		return errors.New("it is empty, and the secrets of the stacks are encrypted with it")
	}
	return err
}

// states are the files of the stacks' states.
func (h *Home) states() ([]string, error) {
	return filepath.Glob(filepath.Join(h.StateDir(), ".pulumi", "stacks", "*", "*.json"))
}

// checkStates finds states of stacks that do not decode or refer to resources that they do not have, and journals of
// killed runs that are damaged.
func (h *Home) checkStates() (found []Finding, err error) {
	files, err := h.states()
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, problem := range stateProblems(raw) {
			found = append(found, Finding{file, problem})
		}
	}
	journals, err := statebackend.Check(h.StateDir())
	for _, damage := range journals {
		found = append(found, Finding{damage.Path, damage.Problem})
	}
	return found, err
}

// stateProblems says what is wrong with the state of a stack.
func stateProblems(raw []byte) (problems []string) {
	if len(raw) == 0 {
		return []string{"it is empty"}
	}
	var state struct {
		Version    int `json:"version"`
		Checkpoint struct {
			Latest *struct {
				Resources []struct {
					URN          string   `json:"urn"`
					Parent       string   `json:"parent"`
					Provider     string   `json:"provider"`
					Dependencies []string `json:"dependencies"`
				} `json:"resources"`
			} `json:"latest"`
		} `json:"checkpoint"`
	}
	if err := json.Unmarshal(raw, &state); err != nil {
		return []string{"it does not decode: " + err.Error()}
	}
	if state.Version == 0 {
		return []string{"it is no state of a stack"}
	}
	if state.Checkpoint.Latest == nil {
		return nil // nothing stands
	}
	known := map[string]bool{}
	for _, r := range state.Checkpoint.Latest.Resources {
		known[r.URN] = true
	}
	for _, r := range state.Checkpoint.Latest.Resources {
		provider := r.Provider
		if i := strings.LastIndex(provider, "::"); i >= 0 {
			provider = provider[:i]
		}
		for _, other := range append([]string{r.Parent, provider}, r.Dependencies...) {
			if other != "" && !known[other] {
				problems = append(problems, fmt.Sprintf("%s refers to %s, which is not in it", r.URN, other))
			}
		}
	}
	return problems
}

// certificates checks that each certificate has its key.
func (c *Checked) certificates(home *Home) {
	files, _ := filepath.Glob(filepath.Join(home.CertsDir(), "*.pem")) // the pattern is right
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".pem")
		if _, err := admincert.Load(home.CertsDir(), name, time.Time{}); err != nil {
			c.damage(file, "%s", err)
		}
	}
}

// private reports files that their owner cannot use, and a home that others can read.
func (c *Checked) private(home *Home) {
	if err := home.isPrivate(); err != nil {
		c.damage(home.Dir, "%s", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for _, top := range []string{home.Dir, home.AzureDir(), filepath.Join(home.AzureDir(), "blobs")} {
		entries, err := os.ReadDir(top)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			c.damage(top, "%s", err)
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if err != nil {
				continue // gone: the other checks say whether it is missed
			}
			need := os.FileMode(0o600)
			if info.IsDir() {
				need = 0o700
			}
			path := filepath.Join(top, entry.Name())
			if top == home.Dir && !ofRuns(entry.Name()) {
				c.Notes = append(c.Notes, Finding{path, "no run made it"})
			} else if info.Mode().Perm()&need != need {
				c.damage(path, "its mode is %s, and runs need %s", info.Mode().Perm(), need)
			}
		}
	}
}

// ofRuns reports whether runs make a file of this name in a home.
func ofRuns(name string) bool {
	return slices.Contains([]string{homeProject, homeState, homeAzure, homeCerts, homeProgram, homePulumi, homePlugins,
		homePassphrase, homeLock, homeManifest}, name)
}
