package target

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/local"
)

// Outputs are the program's stack outputs.
type Outputs struct {
	// Organizations and Shares by name.
	Organizations map[string]Organization `json:"organizations"`
	Shares        map[string]Share        `json:"shares"`
	// Governance is nil without a cluster.
	Governance *Governance `json:"governance"`
}

// Organization is what an organization has; each of its parts may be missing.
type Organization struct {
	Provider   *Side       `json:"provider"`
	Consumer   *Side       `json:"consumer"`
	Monitoring *Monitoring `json:"monitoring"`
}

// Side is an organization's side in shares. Ids are ARM ids.
type Side struct {
	Location           string `json:"location"`
	SubscriptionID     string `json:"subscriptionId"`
	TenantID           string `json:"tenantId"`
	ResourceGroup      string `json:"resourceGroup"`
	StorageAccountID   string `json:"storageAccountId"`
	BlobEndpoint       string `json:"blobEndpoint"`
	VaultID            string `json:"vaultId"`
	VaultURI           string `json:"vaultUri"`
	DataShareAccountID string `json:"dataShareAccountId"`
	// PrincipalID is the object id of the Data Share account's identity.
	PrincipalID string `json:"principalId"`
	// LandingContainer is a consuming side's.
	LandingContainer string `json:"landingContainer"`
}

// GroupID is the ARM id of the side's resource group.
func (s Side) GroupID() string {
	return "/subscriptions/" + s.SubscriptionID + "/resourceGroups/" + s.ResourceGroup
}

// Monitoring is an organization's workspace with its alerts by what they watch for.
type Monitoring struct {
	WorkspaceID   string            `json:"workspaceId"`
	WorkbookID    string            `json:"workbookId"`
	ActionGroupID string            `json:"actionGroupId"`
	AlertIDs      map[string]string `json:"alertIds"`
}

// Share is a share with its consumers by organization.
type Share struct {
	Provider  string              `json:"provider"`
	ShareID   string              `json:"shareId"`
	Consumers map[string]Consumer `json:"consumers"`
}

// Consumer is what a consumer has of a share.
type Consumer struct {
	SubscriptionID string                         `json:"subscriptionId"`
	InvitationID   string                         `json:"invitationId"`
	DataSets       map[string]local.SharedDataSet `json:"dataSets"`
}

// Governance is the cluster with what runs there.
type Governance struct {
	ClusterID     string            `json:"clusterId"`
	ApplicationID string            `json:"applicationId"`
	ServiceIDs    map[string]string `json:"serviceIds"`
}

// Read reads the outputs of a stack that stands.
func (t *Target) Read(ctx context.Context) (*Outputs, error) {
	raw, err := t.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	return ParseOutputs(raw)
}

// ParseOutputs makes outputs, as read from a stack, values. A stack without organizations is an error: it does not
// stand.
func ParseOutputs(raw map[string]any) (*Outputs, error) {
	var o Outputs
	if err := local.Decode(raw, &o); err != nil {
		return nil, err
	}
	if len(o.Organizations) == 0 {
		return nil, fmt.Errorf("%w: its outputs name no organizations", ErrNoStack)
	}
	return &o, nil
}

// Find is a share by name.
func (o *Outputs) Find(share string) (Share, error) {
	s, ok := o.Shares[share]
	if !ok {
		return Share{}, fmt.Errorf("the stack has no share %q: it has %s", share, names(o.Shares))
	}
	return s, nil
}

// Find is a consumer of the share by name.
func (s Share) Find(consumer string) (Consumer, error) {
	c, ok := s.Consumers[consumer]
	if !ok {
		return Consumer{}, fmt.Errorf("the share has no consumer %q: it has %s", consumer, names(s.Consumers))
	}
	return c, nil
}

// Host is the organization whose resource group holds the cluster.
func (o *Outputs) Host() (string, *Side, error) {
	if o.Governance == nil {
		return "", nil, errors.New("the stack has no governance cluster")
	}
	for _, name := range sortedKeys(o.Organizations) {
		for _, side := range o.Organizations[name].Sides() {
			if strings.HasPrefix(strings.ToLower(o.Governance.ClusterID), strings.ToLower(side.GroupID())+"/") {
				return name, side, nil
			}
		}
	}
	return "", nil, fmt.Errorf("no organization of the stack has the resource group of %s", o.Governance.ClusterID)
}

// Sides are the sides that the organization has, the providing one first.
func (o Organization) Sides() []*Side {
	var sides []*Side
	for _, s := range []*Side{o.Provider, o.Consumer} {
		if s != nil {
			sides = append(sides, s)
		}
	}
	return sides
}

func names[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(sortedKeys(m), ", ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
