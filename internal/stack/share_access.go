package stack

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
)

// ShareAccess is a consumer's access to a share, as both sides see it.
type ShareAccess struct {
	Share    string `json:"share"`
	Consumer string `json:"consumer"`
	// ProviderID and SubscriptionID are the ARM ids of the provider's record and of the consumer's subscription.
	ProviderID     string `json:"providerShareSubscriptionId"`
	SubscriptionID string `json:"subscriptionId"`
	// Status on either side: Active, Revoking, Revoked, SourceDeleted.
	ProviderStatus string     `json:"providerStatus"`
	ConsumerStatus string     `json:"consumerStatus"`
	Expiration     *time.Time `json:"expiration,omitempty"`
}

// Revoke takes a consumer's access away and waits for it: no snapshot starts any more, and copied files stay.
func Revoke(
	ctx context.Context, access *Access, name string, share Share, consumer string, progress io.Writer,
) (*ShareAccess, error) {
	g, err := findGrant(ctx, access, name, share, consumer)
	if err != nil {
		return nil, err
	}
	poller, err := g.provider.BeginRevoke(ctx, g.share.ResourceGroupName, g.share.Parent.Name,
		g.share.Name, g.record, nil)
	if err == nil {
		err = follow(ctx, poller, "revocation of "+name+" at "+consumer, progress)
	}
	if err != nil {
		return nil, fmt.Errorf("revoke %s at %s: %w", name, consumer, explain(err))
	}
	return g.until(ctx, "Revoked", progress)
}

// Reinstate gives access back, until expires if that is not the zero time, and waits until it is.
func Reinstate(
	ctx context.Context, access *Access, name string, share Share, consumer string, expires time.Time,
	progress io.Writer,
) (*ShareAccess, error) {
	g, err := findGrant(ctx, access, name, share, consumer)
	if err != nil {
		return nil, err
	}
	body := armdatashare.ProviderShareSubscription{Properties: &armdatashare.ProviderShareSubscriptionProperties{}}
	if !expires.IsZero() {
		utc := expires.UTC()
		body.Properties.ExpirationDate = &utc
	}
	if _, err := g.provider.Reinstate(ctx, g.share.ResourceGroupName, g.share.Parent.Name, g.share.Name, g.record,
		body, nil); err != nil {
		return nil, fmt.Errorf("reinstate %s at %s: %w", name, consumer, explain(err))
	}
	return g.until(ctx, "Active", progress)
}

// grant is a consumer's access with the clients of both sides. The provider calls its record of it a provider share
// subscription.
type grant struct {
	access   ShareAccess
	provider *armdatashare.ProviderShareSubscriptionsClient
	consumer *subscription
	share    *arm.ResourceID
	record   string
}

// findGrant signs in on both sides and finds the provider's record of the consumer's subscription.
func findGrant(ctx context.Context, access *Access, name string, share Share, consumer string) (*grant, error) {
	c, err := share.Find(consumer)
	if err != nil {
		return nil, err
	}
	g := &grant{access: ShareAccess{Share: name, Consumer: consumer, SubscriptionID: c.SubscriptionID}}
	if g.share, err = nested(share.ShareID, "share"); err != nil {
		return nil, err
	}
	if g.provider, err = Client(access, share.Provider, g.share.SubscriptionID,
		armdatashare.NewProviderShareSubscriptionsClient); err != nil {
		return nil, err
	}
	if g.consumer, err = openSubscription(access, consumer, c.SubscriptionID); err != nil {
		return nil, err
	}
	theirs, err := g.consumer.get(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the subscription of %s: %w", consumer, explain(err))
	}
	var records []*armdatashare.ProviderShareSubscription
	pager := g.provider.NewListBySharePager(g.share.ResourceGroupName, g.share.Parent.Name, g.share.Name, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list who has accepted %s: %w", name, explain(err))
		}
		records = append(records, page.Value...)
	}
	record, err := match(records, theirs)
	if err != nil {
		return nil, fmt.Errorf("share %s at %s: %w", name, consumer, err)
	}
	g.record, g.access.ProviderID = value(record.Name), value(record.ID)
	return g, nil
}

// sameAcceptance is how far apart the two sides' records of one acceptance may be made.
const sameAcceptance = 5 * time.Second

// match finds the provider's record of a subscription. The two have no id in common that both sides may read, but they
// are made together, by one person: who accepted has to agree, and of several the one made at the same time is taken.
func match(
	records []*armdatashare.ProviderShareSubscription, theirs *armdatashare.ShareSubscriptionProperties,
) (*armdatashare.ProviderShareSubscription, error) {
	if theirs == nil {
		return nil, fmt.Errorf("the consumer's subscription has no properties")
	}
	type candidate struct {
		record *armdatashare.ProviderShareSubscription
		apart  time.Duration
	}
	var found []candidate
	for _, r := range records {
		if r == nil || r.Properties == nil {
			continue
		}
		p := r.Properties
		if differ(p.ConsumerName, theirs.UserName) || differ(p.ConsumerEmail, theirs.UserEmail) {
			continue
		}
		found = append(found, candidate{r, value(p.CreatedAt).Sub(value(theirs.CreatedAt)).Abs()})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.apart, b.apart) })
	switch {
	case len(found) == 0:
		return nil, fmt.Errorf("the provider has no record of this acceptance among %d", len(records))
	case len(found) == 1:
		return found[0].record, nil
	case found[0].apart > sameAcceptance || found[0].apart == found[1].apart:
		return nil, fmt.Errorf("%d acceptances of the share look alike: tell them apart in the portal", len(found))
	}
	return found[0].record, nil
}

// differ reports whether two texts are both known and not the same.
func differ(a, b *string) bool { return value(a) != "" && value(b) != "" && *a != *b }

// stateWait is how long both sides may take to show a new state.
const stateWait = 2 * time.Minute

// until reads both sides until both show the status.
func (g *grant) until(ctx context.Context, status string, progress io.Writer) (*ShareAccess, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, stateWait,
		fmt.Errorf("not %s on both sides after %s", status, stateWait))
	defer cancel()
	what := "status " + status + " of " + g.access.Share + " at " + g.access.Consumer
	err := poll(ctx, what, progress, func() (bool, error) {
		err := g.read(ctx)
		return g.access.ProviderStatus == status && g.access.ConsumerStatus == status, err
	})
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%s at %s is %s at the provider and %s at the consumer: %w", g.access.Share,
			g.access.Consumer, g.access.ProviderStatus, g.access.ConsumerStatus, context.Cause(ctx))
	}
	if err != nil {
		return nil, err
	}
	return &g.access, nil
}

// read reads the status on both sides.
func (g *grant) read(ctx context.Context) error {
	ours, err := g.provider.GetByShare(ctx, g.share.ResourceGroupName, g.share.Parent.Name, g.share.Name, g.record, nil)
	if err != nil {
		return err
	}
	theirs, err := g.consumer.get(ctx)
	if err != nil {
		return err
	}
	if ours.Properties != nil && theirs != nil {
		g.access.ProviderStatus = string(value(ours.Properties.ShareSubscriptionStatus))
		g.access.ConsumerStatus = string(value(theirs.ShareSubscriptionStatus))
		g.access.Expiration = ours.Properties.ExpirationDate
	}
	return nil
}
