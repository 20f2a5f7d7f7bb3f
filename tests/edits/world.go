package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/pkg/v3/resource/deploy"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/grpc"

	"github.com/crossorg/crossorg/internal/azure"
	"github.com/crossorg/crossorg/internal/bridge"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/verify"
)

// world is an embedded Azure with one stack on it.
type world struct {
	dir, root, binary string
	azure             *azure.Azure
	bridge            *bridge.Server
	access            *stack.Access
	connections       []*grpc.ClientConn
	// snapshot is the stack's state, nil before the first run. changes are the steps of the last run.
	snapshot *deploy.Snapshot
	changes  []change
	// made are the steps of the last update.
	made []change
}

// newWorld opens an Azure without resources in a new folder below dir. binary is the compiled program, root the folder
// that its sources are relative to.
func newWorld(dir, root, binary string) (w *world, err error) {
	w = &world{root: root, binary: binary}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp(dir, "azure-*"); err != nil {
		return w, err
	}
	if w.azure, err = azure.Open(azure.Options{Dir: filepath.Join(w.dir, "azure")}); err != nil {
		return w, err
	}
	c := w.azure.DefaultCredentials()
	w.bridge, err = bridge.Serve(context.Background(), bridge.Options{
		Management: w.azure.Management(), Authority: w.azure.Authority(), RootCAs: w.azure.RootCAs(),
		Default: bridge.Credentials{TenantID: c.TenantID, SubscriptionID: c.SubscriptionID, ClientID: c.ClientID,
			ClientSecret: c.ClientSecret},
		Subscriptions: w.azure.Subscriptions(), Directory: root,
	})
	if err != nil {
		return w, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: w.azure.RootCAs(), MinVersion: tls.VersionTLS12}
	w.access = &stack.Access{Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: w.azure.Authority(),
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			cloud.ResourceManager: {Endpoint: w.azure.Management(), Audience: stack.ManagementAudience}}},
		Transport: &http.Client{Transport: transport}}
	credential, err := azidentity.NewClientSecretCredential(c.TenantID, c.ClientID, c.ClientSecret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.access.ClientOptions(),
			DisableInstanceDiscovery: true})
	w.access.Credential = func(string) (azcore.TokenCredential, error) { return credential, err }
	return w, err
}

func (w *world) close() error {
	var errs []error
	for _, connection := range w.connections {
		errs = append(errs, connection.Close())
	}
	if w.access != nil {
		errs = append(errs, w.access.Close())
	}
	if w.bridge != nil {
		errs = append(errs, w.bridge.Close())
	}
	if w.azure != nil {
		errs = append(errs, w.azure.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}

// up brings the stack to a configuration and waits for its snapshots, as local up does.
func (w *world) up(c configuration) error {
	err := w.run(engine.Update, c, false)
	w.made = w.changes
	if err != nil {
		return err
	}
	reader := &stack.SnapshotReader{Access: w.access, Wait: true, Progress: io.Discard}
	shares, err := stack.ParseShares(w.outputs())
	if err != nil {
		return err
	}
	snapshots, err := reader.Read(context.Background(), shares)
	for _, s := range snapshots {
		if !s.OK() {
			err = errors.Join(err, fmt.Errorf("snapshot of %s at %s: %s", s.Share, s.Consumer, s.Problem()))
		}
	}
	return err
}

// preview says whether another run would change anything.
func (w *world) preview(c configuration) error {
	if err := w.run(engine.Update, c, true); err != nil {
		return fmt.Errorf("preview after up: %w", err)
	}
	return w.unchanged("a second up")
}

// refresh says whether Azure differs from the state.
func (w *world) refresh(c configuration) error {
	before := w.snapshot
	err := w.run(engine.Refresh, c, false)
	w.snapshot = before
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	w.changes = slices.DeleteFunc(w.changes, func(c change) bool { return c.op == string(deploy.OpRefresh) })
	return w.unchanged("a refresh")
}

func (w *world) unchanged(what string) error {
	if len(w.changes) > 0 {
		return fmt.Errorf("%s would change %v", what, w.changes)
	}
	return nil
}

// outputs are the stack's.
func (w *world) outputs() map[string]any {
	for _, r := range w.snapshot.Resources {
		if r.Type == resource.RootStackType {
			return r.Outputs.Mappable()
		}
	}
	return nil
}

// verify returns the failed rows of verify.
func (w *world) verify() error {
	outputs, err := stack.ParseOutputs(w.outputs())
	if err != nil {
		return err
	}
	report := verify.Run(context.Background(), verify.Options{Outputs: outputs, Access: w.access, Up: "up",
		Refresh: "refresh", Progress: io.Discard})
	var errs []error
	for _, c := range report.Checks {
		if !c.OK {
			errs = append(errs, fmt.Errorf("verify: %+v", c))
		}
	}
	return errors.Join(errs...)
}

// orphans are resources of the embedded Azure that are not in the state, and the other way round.
func (w *world) orphans() error {
	known := map[string]bool{}
	for _, r := range w.snapshot.Resources {
		if r.Delete {
			return fmt.Errorf("the state keeps a resource that is to be deleted: %s", r.URN)
		}
		if r.Custom && strings.HasPrefix(string(r.ID), "/subscriptions/") {
			known[strings.ToLower(string(r.ID))] = true
		}
	}
	found, err := w.everything()
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(found)) {
		if !known[id] {
			errs = append(errs, fmt.Errorf("orphan: %s", id))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if !found[id] && listed(id) {
			errs = append(errs, fmt.Errorf("in the state only: %s", id))
		}
	}
	return errors.Join(errs...)
}

// listed tells resources that everything lists from those that have no collection there, such as settings.
func listed(id string) bool {
	for _, kind := range []string{"/blobservices/default/containers/", "/diagnosticsettings/", "/managementpolicies/",
		"/blobservices/default"} {
		if strings.Contains(id, kind) {
			return strings.Contains(id, "/containers/") && !strings.Contains(id, "/blobs/")
		}
	}
	return true
}

// below are the collections in a resource of a type.
var below = map[string][]string{
	"microsoft.datashare/accounts":                             {"shares", "shareSubscriptions"},
	"microsoft.datashare/accounts/shares":                      {"dataSets", "invitations", "synchronizationSettings"},
	"microsoft.datashare/accounts/sharesubscriptions":          {"dataSetMappings", "triggers"},
	"microsoft.storage/storageaccounts":                        {"blobServices/default/containers"},
	"microsoft.operationalinsights/workspaces":                 {"savedSearches"},
	"microsoft.servicefabric/managedclusters":                  {"nodeTypes", "applications", "applicationTypes"},
	"microsoft.servicefabric/managedclusters/applications":     {"services"},
	"microsoft.servicefabric/managedclusters/applicationtypes": {"versions"},
}

// versions are the api-versions that everything reads with, by namespace.
var versions = map[string]string{
	"microsoft.datashare": "2021-08-01", "microsoft.storage": "2022-09-01",
	"microsoft.operationalinsights": "2020-08-01", "microsoft.servicefabric": "2023-03-01-preview",
}

// everything lists the resources of all subscriptions by id, in lower case.
func (w *world) everything() (map[string]bool, error) {
	reader := &stack.Reader{Access: w.access}
	found := map[string]bool{}
	list := func(path, version string, query url.Values) ([]*stack.Resource, error) {
		all, err := reader.List(context.Background(), "", path, version, query)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", path, err)
		}
		for _, r := range all {
			found[strings.ToLower(r.ID)] = true
		}
		return all, nil
	}
	subscription := "/subscriptions/" + w.azure.DefaultCredentials().SubscriptionID
	if _, err := list(subscription+"/resourceGroups", "2022-09-01", nil); err != nil {
		return nil, err
	}
	top, err := list(subscription+"/resources", "2022-09-01", nil)
	if err != nil {
		return nil, err
	}
	for len(top) > 0 {
		r := top[0]
		top = top[1:]
		kind := typeOf(r.ID)
		namespace, _, _ := strings.Cut(kind, "/")
		for _, collection := range below[kind] {
			more, err := list(r.ID+"/"+collection, versions[namespace], nil)
			if err != nil {
				return nil, err
			}
			top = append(top, more...)
		}
	}
	roles, err := reader.List(context.Background(), "",
		subscription+"/providers/Microsoft.Authorization/roleAssignments", "2022-04-01", nil)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		// Those of the callers are at the root.
		if strings.Contains(strings.ToLower(r.ID), "/resourcegroups/") {
			found[strings.ToLower(r.ID)] = true
		}
	}
	return found, nil
}

// typeOf is the type in a resource id, in lower case.
func typeOf(id string) string {
	_, after, _ := strings.Cut(strings.ToLower(id), "/providers/")
	parts := strings.Split(after, "/")
	kind := parts[0]
	for i := 1; i < len(parts); i += 2 {
		kind += "/" + parts[i]
	}
	return kind
}
