package stack

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Share is a share, with its consumers by organization.
type Share struct {
	// Provider is the organization that offers the share.
	Provider string `json:"provider"`
	// ShareID is an ARM id.
	ShareID   string              `json:"shareId"`
	Consumers map[string]Consumer `json:"consumers"`
}

// Consumer is what a consumer has of a share.
type Consumer struct {
	// SubscriptionID is the ARM id of the share subscription.
	SubscriptionID string `json:"subscriptionId"`
	// InvitationID is the GUID of the invitation that the consumer accepted.
	InvitationID string `json:"invitationId"`
	// DataSets by name.
	DataSets map[string]DataSet `json:"dataSets"`
}

// DataSet says where a data set comes from and where it goes to.
type DataSet struct {
	// Kind is one of rules.DataSetKinds.
	Kind   string   `json:"kind"`
	Source Location `json:"source"`
	Target Location `json:"target"`
}

// Location is a place in a storage account.
type Location struct {
	// StorageAccountID is an ARM id.
	StorageAccountID string `json:"storageAccountId"`
	BlobEndpoint     string `json:"blobEndpoint"`
	Container        string `json:"container"`
	// Path is the blob's name (kind blob), a prefix (kind folder), or empty (kind container).
	Path string `json:"path"`
	// Files and SHA256 are the number and digest (rules.FilesDigest) of what the stack uploaded there; 0 and empty
	// where it uploads nothing, and for targets.
	Files  int    `json:"files,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

// Find is a share by name. The error names the shares that the stack has.
func (o *Outputs) Find(share string) (Share, error) {
	s, ok := o.Shares[share]
	if !ok {
		return Share{}, fmt.Errorf("the stack has no share %q: it has %s", share, names(o.Shares))
	}
	return s, nil
}

// Find is a consumer of the share by name. The error names the consumers that the share has.
func (s Share) Find(consumer string) (Consumer, error) {
	c, ok := s.Consumers[consumer]
	if !ok {
		return Consumer{}, fmt.Errorf("the share has no consumer %q: it has %s", consumer, names(s.Consumers))
	}
	return c, nil
}

func names[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}
