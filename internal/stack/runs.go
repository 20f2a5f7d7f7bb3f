package stack

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
)

// Succeeded is Data Share's status of a snapshot that went well, and Azure's of a resource that is ready.
const Succeeded = "Succeeded"

// Run is one snapshot of a share at a consumer. Data Share calls it a synchronization.
type Run struct {
	SynchronizationID string `json:"synchronizationId"`
	// Status is Data Share's own word, Message its explanation.
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
	// Mode is Incremental or FullSync.
	Mode  string    `json:"mode,omitempty"`
	Start time.Time `json:"start"`
	// End is zero while the run lasts.
	End time.Time `json:"end,omitzero"`
	// DataSets are the details of this run; runs of the history have none.
	DataSets []RunDataSet `json:"dataSets,omitempty"`
}

// Ended reports whether the run is over.
func (r Run) Ended() bool { return !r.End.IsZero() }

// RunDataSet is what a run did with one data set.
type RunDataSet struct {
	Name         string `json:"name"`
	Status       string `json:"status"`
	Message      string `json:"message,omitempty"`
	FilesRead    int64  `json:"filesRead"`
	FilesWritten int64  `json:"filesWritten"`
	BytesRead    int64  `json:"bytesRead"`
	BytesWritten int64  `json:"bytesWritten"`
}

// History lists the snapshots of a share subscription, the newest first. subscriptionID is an ARM id.
func History(ctx context.Context, access *Access, organization, subscriptionID string) ([]Run, error) {
	s, err := openSubscription(access, organization, subscriptionID)
	if err != nil {
		return nil, err
	}
	return s.history(ctx)
}

// subscription is a client bound to one share subscription.
type subscription struct {
	client *armdatashare.ShareSubscriptionsClient
	id     *arm.ResourceID
}

func openSubscription(access *Access, consumer, id string) (*subscription, error) {
	parsed, err := nested(id, "share subscription")
	if err != nil {
		return nil, err
	}
	client, err := Client(access, consumer, parsed.SubscriptionID, armdatashare.NewShareSubscriptionsClient)
	return &subscription{client, parsed}, err
}

// history lists the runs, the newest first.
func (s *subscription) history(ctx context.Context) ([]Run, error) {
	runs := []Run{}
	pager := s.client.NewListSynchronizationsPager(s.id.ResourceGroupName, s.id.Parent.Name, s.id.Name, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the snapshots: %w", explain(err))
		}
		for _, r := range page.Value {
			runs = append(runs, Run{
				SynchronizationID: value(r.SynchronizationID), Status: value(r.Status), Message: value(r.Message),
				Mode: string(value(r.SynchronizationMode)), Start: value(r.StartTime), End: value(r.EndTime),
			})
		}
	}
	slices.SortStableFunc(runs, func(a, b Run) int { return b.Start.Compare(a.Start) })
	return runs, nil
}

// details is what a run did with each data set.
func (s *subscription) details(ctx context.Context, run string) ([]RunDataSet, error) {
	var sets []RunDataSet
	pager := s.client.NewListSynchronizationDetailsPager(s.id.ResourceGroupName, s.id.Parent.Name, s.id.Name,
		armdatashare.ShareSubscriptionSynchronization{SynchronizationID: &run}, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the details of snapshot %s: %w", run, explain(err))
		}
		for _, d := range page.Value {
			sets = append(sets, RunDataSet{
				Name: value(d.Name), Status: value(d.Status), Message: value(d.Message), FilesRead: value(d.FilesRead),
				FilesWritten: value(d.FilesWritten), BytesRead: value(d.SizeRead), BytesWritten: value(d.SizeWritten),
			})
		}
	}
	return sets, nil
}

// synchronization is the operation of a snapshot that was asked for.
type synchronization = runtime.Poller[armdatashare.ShareSubscriptionsClientSynchronizeResponse]

// synchronize asks for a snapshot now, as the portal's "Trigger snapshot" does, without waiting for its end.
func (s *subscription) synchronize(
	ctx context.Context, mode armdatashare.SynchronizationMode,
) (*synchronization, error) {
	poller, err := s.client.BeginSynchronize(ctx, s.id.ResourceGroupName, s.id.Parent.Name, s.id.Name,
		armdatashare.Synchronize{SynchronizationMode: &mode}, nil)
	if err != nil {
		return nil, fmt.Errorf("start a snapshot: %w", explain(err))
	}
	return poller, nil
}

// get reads the subscription itself.
func (s *subscription) get(ctx context.Context) (*armdatashare.ShareSubscriptionProperties, error) {
	found, err := s.client.Get(ctx, s.id.ResourceGroupName, s.id.Parent.Name, s.id.Name, nil)
	return found.Properties, err
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
