package local

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/process"
	"github.com/crossorg/crossorg/internal/stackfile"
)

// DefaultHome is the home folder's name inside the project when none is chosen.
const DefaultHome = ".crossorg"

// Home is a folder that holds everything of local runs: several homes are several independent clouds.
type Home struct {
	// Dir is the absolute folder.
	Dir string
}

// NewHome names a home folder without touching it.
func NewHome(dir string) (*Home, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return &Home{Dir: abs}, nil
}

// What a home holds. Reset removes these and nothing else.
const (
	homeProject    = "project"
	homeState      = "state"
	homeAzure      = "azure"
	homeCerts      = "certs"
	homeProgram    = "program"
	homePulumi     = "pulumi"
	homePlugins    = "plugins"
	homePassphrase = "passphrase"
	homeLock       = "lock"
)

// ProjectDir holds the copies of Pulumi.yaml and of the stack files.
func (h *Home) ProjectDir() string { return filepath.Join(h.Dir, homeProject) }

// StateDir holds Pulumi's state.
func (h *Home) StateDir() string { return filepath.Join(h.Dir, homeState) }

// AzureDir holds the embedded Azure's state.
func (h *Home) AzureDir() string { return filepath.Join(h.Dir, homeAzure) }

// CertsDir holds generated certificates and their keys.
func (h *Home) CertsDir() string { return filepath.Join(h.Dir, homeCerts) }

// ProgramDir holds the copies of go.mod and go.sum that the go command works on.
func (h *Home) ProgramDir() string { return filepath.Join(h.Dir, homeProgram) }

// PulumiDir is PULUMI_HOME of local runs, so that they share nothing with the user's own Pulumi.
func (h *Home) PulumiDir() string { return filepath.Join(h.Dir, homePulumi) }

// PluginDir holds the provider of the components, as programs of languages other than Go need it.
func (h *Home) PluginDir() string { return filepath.Join(h.Dir, homePlugins) }

// PassphraseFile holds the passphrase that encrypts the stack's secrets.
func (h *Home) PassphraseFile() string { return filepath.Join(h.Dir, homePassphrase) }

// StackFile is the local copy of a stack's configuration.
func (h *Home) StackFile(stack string) string {
	return stackfile.StackFile(h.ProjectDir(), stack)
}

// hasStack reports whether the home has a state of the stack.
func (h *Home) hasStack(project, stack string) bool { return exists(h.checkpoint(project, stack)) }

// create makes the folders and the passphrase, and keeps existing ones.
func (h *Home) create() error {
	if err := h.makePrivate(); err != nil {
		return err
	}
	for _, dir := range []string{h.Dir, h.ProjectDir(), h.StateDir(), h.AzureDir(), h.CertsDir(), h.ProgramDir(),
		h.PulumiDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if !exists(h.ManifestFile()) {
		if err := h.writeManifest(&manifest{Open: true}); err != nil {
			return err
		}
	}
	if err := h.checkPassphrase(); err != nil {
		return notOpened(h, fmt.Errorf("%w: %s: %w", azure.ErrDamaged, h.PassphraseFile(), err))
	}
	if _, err := os.Stat(h.PassphraseFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	random := make([]byte, 32)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	return writeFile(h.PassphraseFile(), []byte(base64.RawURLEncoding.EncodeToString(random)))
}

func (h *Home) passphrase() (string, error) {
	raw, err := os.ReadFile(h.PassphraseFile())
	return string(raw), err
}

// lock keeps the home for one run at a time; a second run waits, and says so on progress. It returns the release.
func (h *Home) lock(ctx context.Context, progress io.Writer) (func(), error) {
	if err := h.makePrivate(); err != nil {
		return nil, err
	}
	return process.Lock(ctx, filepath.Join(h.Dir, homeLock), func() {
		fmt.Fprintf(progress, "another run uses %s: waiting for it to end\n", h.Dir)
	})
}

// writeFile replaces a file as a whole, readable by its owner only, so that a crash leaves the old content or the new.
func writeFile(path string, content []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(content); err == nil {
		err = tmp.Sync()
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
