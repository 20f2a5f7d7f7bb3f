// Package stack is a stack that stands, on whichever Azure: its outputs, its resources, its shares with their
// snapshots, and what a person does with them. It knows Azure's own protocols only.
package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Outputs are the program's stack outputs.
type Outputs struct {
	// Organizations and Shares by name.
	Organizations map[string]Organization `json:"organizations"`
	Shares        map[string]Share        `json:"shares"`
	// Governance is nil without a cluster.
	Governance *Governance `json:"governance"`
}

// Organization has the resources of an organization; each part may be missing.
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

// Governance is the cluster with its application.
type Governance struct {
	ClusterID     string            `json:"clusterId"`
	ApplicationID string            `json:"applicationId"`
	ServiceIDs    map[string]string `json:"serviceIds"`
}

// ErrNoStack means that the stack does not stand, so there are no outputs.
var ErrNoStack = errors.New("the stack does not stand")

// ParseOutputs makes outputs, as read from a stack, values. A stack without organizations is ErrNoStack.
func ParseOutputs(raw map[string]any) (*Outputs, error) {
	var o Outputs
	if err := decode(raw, &o); err != nil {
		return nil, err
	}
	if len(o.Organizations) == 0 {
		return nil, fmt.Errorf("%w: its outputs name no organizations", ErrNoStack)
	}
	return &o, nil
}

// ParseShares makes the output "shares" values. A program without it has no shares; the other outputs may be missing.
func ParseShares(raw map[string]any) (map[string]Share, error) {
	var shares map[string]Share
	if output, ok := raw["shares"]; ok {
		if err := decode(output, &shares); err != nil {
			return nil, fmt.Errorf("shares: %w", err)
		}
	}
	return shares, nil
}

// decode makes JSON values a Go value.
func decode(value, into any) error {
	raw, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return fmt.Errorf("stack outputs: %w", err)
	}
	return nil
}

// Host is the organization whose resource group holds the cluster.
func (o *Outputs) Host() (string, *Side, error) {
	if o.Governance == nil {
		return "", nil, errors.New("the stack has no governance cluster")
	}
	for _, name := range slices.Sorted(maps.Keys(o.Organizations)) {
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
