package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/process"
)

// Served is an embedded Azure that listens, and how to reach it.
type Served struct {
	Home           string `json:"home"`
	Management     string `json:"management"`
	Authority      string `json:"authority"`
	Blob           string `json:"blob"`
	CAFile         string `json:"caFile"`
	TenantID       string `json:"tenantId"`
	SubscriptionID string `json:"subscriptionId"`
	ClientID       string `json:"clientId"`
	// ObjectID is what role assignments and access policies call the client.
	ObjectID      string   `json:"objectId"`
	Subscriptions []string `json:"subscriptions"`
	// SecretFile is the JSON file whose default.clientSecret is the client's secret.
	SecretFile string `json:"secretFile"`

	azure *azure.Azure
}

// Close stops listening.
func (s *Served) Close() error { return s.azure.Close() }

// Serve opens the home's embedded Azure and listens until Close. It knows the organizations of every stack file of the
// project, so that each of these stacks can run on it.
func Serve(o Options) (*Served, error) {
	project, home, err := Locate(o)
	if err != nil {
		return nil, err
	}
	stacks, err := project.Stacks()
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, stack := range stacks {
		paths = append(paths, project.StackFile(stack))
	}
	if o.ConfigFile != "" {
		paths = append(paths, o.ConfigFile)
	}
	var declared []azure.Declared
	for _, path := range paths {
		file, err := project.Read(path)
		if err != nil {
			return nil, err
		}
		organizations, err := file.Organizations()
		if err != nil {
			return nil, err
		}
		declared = append(declared, declarations(organizations)...)
	}
	if err := home.create(); err != nil {
		return nil, err
	}
	if err := missingAzure(home); err != nil {
		return nil, err
	}
	a, err := azure.Open(azure.Options{Dir: home.AzureDir(), ArmLog: o.ArmLog, Declared: declared, Latency: o.Latency,
		Notes: o.Progress, Callers: o.Callers, Faults: o.Faults})
	if errors.Is(err, azure.ErrInUse) {
		return nil, fmt.Errorf("%s: %w: let the other run end, or choose another --home", home.Dir, err)
	}
	if err != nil {
		return nil, notOpened(home, err)
	}
	c := a.DefaultCredentials()
	return &Served{
		Home: home.Dir, Management: a.Management(), Authority: a.Authority(), Blob: a.Blob(), CAFile: a.CAFile(),
		TenantID: c.TenantID, SubscriptionID: c.SubscriptionID, ClientID: c.ClientID, ObjectID: a.ObjectID(c),
		Subscriptions: a.Subscriptions(),
		SecretFile:    filepath.Join(home.AzureDir(), "estate.json"), azure: a,
	}, nil
}

// Reset removes everything that local runs keep in a home folder, and nothing else that may lie there. It refuses while
// a run or local serve uses the home, and returns what it removed.
func Reset(ctx context.Context, home *Home) ([]string, error) {
	inUse := fmt.Errorf("%s is in use by another run or by local serve: let it end first", home.Dir)
	if !exists(home.Dir) {
		return nil, nil
	}
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
	if exists(home.AzureDir()) {
		a, err := azure.Open(azure.Options{Dir: home.AzureDir()})
		if errors.Is(err, azure.ErrInUse) {
			return nil, inUse
		}
		// Every other error is a reason to reset the home.
		if err == nil {
			if err := a.Close(); err != nil {
				return nil, err
			}
		}
	}
	var removed []string
	for _, name := range []string{homeProject, homeState, homeAzure, homeCerts, homeProgram, homePulumi, homePlugins,
		homePassphrase, homeManifest, homeLock} {
		path := filepath.Join(home.Dir, name)
		if !exists(path) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return removed, err
		}
		if name != homeLock {
			removed = append(removed, path)
		}
	}
	// The folder stays when it holds files of the user.
	if left, err := os.ReadDir(home.Dir); err == nil && len(left) == 0 {
		return removed, os.Remove(home.Dir)
	}
	return removed, nil
}
