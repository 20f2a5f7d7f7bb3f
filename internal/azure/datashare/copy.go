package datashare

import (
	"context"
	"errors"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// dataSetCopy is the copying of one mapped data set.
type dataSetCopy struct {
	detail   detail
	from, to place
	// bound is what the two places are: the copy reads from and writes to these very containers, and stops when one was
	// deleted, although another may have its name.
	bound ends
	// mapping is the mapping's object id.
	mapping string
	// reader and writer are the object ids of the two accounts' identities, provider and consumer the accounts.
	reader, writer     string
	provider, consumer arm.ID
	// known is what an incremental snapshot leaves out: the ETags of source blobs, by name, that have been copied
	// before.
	known map[string]string
	// etags are those of the source blobs that this copy has copied; transfers are the same blobs at both ends.
	etags     map[string]string
	transfers []transfer
}

// planCopies lists the data sets that the run still has to copy.
func (p *provider) planCopies(c *arm.Call, sub *arm.Resource, r *run) ([]*dataSetCopy, *arm.Error) {
	done := map[string]bool{}
	for _, d := range r.Details {
		done[d.Mapping] = true
	}
	share, ok := source(c, sub)
	if !ok {
		return nil, nil
	}
	_, reader, err := p.account(c, share.ID)
	if err != nil {
		return nil, err
	}
	_, writer, err := p.account(c, sub.ID)
	if err != nil {
		return nil, err
	}
	var out []*dataSetCopy
	for _, m := range c.Children(sub.ID, "dataSetMappings") {
		set, ok := sourceDataSet(c, sub, m.String("properties", "dataSetId"))
		if !ok || done[hidden(m, "objectId")] {
			continue // a data set that the provider took away is no longer shared
		}
		d := &dataSetCopy{mapping: hidden(m, "objectId"), reader: reader, writer: writer,
			provider: top(share.ID, 1), consumer: top(sub.ID, 1), etags: map[string]string{}}
		if d.from, err = storedPlaceOf(c, set); err != nil {
			return nil, err
		}
		if d.to, err = storedPlaceOf(c, m); err != nil {
			return nil, err
		}
		d.detail = detail{Mapping: d.mapping, DataSetID: set.String("properties", "dataSetId"), Name: set.ID.Name(),
			Type: d.from.kind, Status: statusInProgress, Start: c.Now}
		if r.Mode == incremental {
			container, _ := d.to.instance(c) // a missing one is reported when it is copied to
			if d.known, err = copiedBy(c, d.mapping, container); err != nil {
				return nil, err
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// copyFailure says, in the history, why a data set could not be copied.
type copyFailure string

// Error is the message.
func (f copyFailure) Error() string { return string(f) }

// copyDataSet copies the blobs of one data set and notes in its detail how that went.
func (p *provider) copyDataSet(ctx context.Context, s *arm.Server, runKey string, d *dataSetCopy) {
	d.detail.Status = statusSucceeded
	if err := p.copyBlobs(ctx, s, runKey, d); err != nil {
		d.detail.Status, d.detail.Message = statusFailed, err.Error()
	}
}

func (p *provider) copyBlobs(ctx context.Context, s *arm.Server, runKey string, d *dataSetCopy) error {
	items, err := p.sourceBlobs(s, d)
	if err != nil {
		return err
	}
	for _, item := range items {
		if d.known[item.Name] == item.ETag {
			continue // unchanged since the last snapshot
		}
		now, err := stillWanted(s, runKey)
		if err != nil {
			return err
		}
		if err := p.copyBlob(ctx, s, d, item, now); err != nil {
			return err
		}
	}
	return nil
}

// sourceBlobs lists what a data set consists of, once both sides are found in order.
func (p *provider) sourceBlobs(s *arm.Server, d *dataSetCopy) ([]blob.Item, error) {
	if err := inTransaction(s.View, func(c *arm.Call) (err *arm.Error) {
		d.bound, err = p.permitted(c, d)
		return err
	}); err != nil {
		return nil, err
	}
	items, err := p.content.List(d.from.key("").Account, d.from.container, d.from.prefix())
	if err != nil {
		return nil, copyFailure("The source could not be listed: " + err.Error())
	}
	if d.from.kind != "Blob" {
		return items, nil
	}
	for _, item := range items {
		if item.Name == d.from.path {
			return []blob.Item{item}, nil
		}
	}
	return nil, copyFailure("The source blob '" + d.from.path + "' does not exist in container '" +
		d.from.container + "'.")
}

// stillWanted is the present time while the run goes on, and an error once it has been cancelled.
func stillWanted(s *arm.Server, runKey string) (now time.Time, _ error) {
	wanted := false
	if err := inTransaction(s.View, func(c *arm.Call) *arm.Error {
		r, err := ongoing(c, runKey)
		wanted, now = r != nil, c.Now
		return err
	}); err != nil {
		return now, err
	}
	if !wanted {
		return now, copyFailure("The synchronization was canceled.")
	}
	return now, nil
}

// copyBlob copies one blob. One that was deleted since it was listed is left out.
func (p *provider) copyBlob(
	ctx context.Context, s *arm.Server, d *dataSetCopy, item blob.Item, now time.Time,
) error {
	d.detail.FilesRead++
	d.detail.SizeRead += item.Size
	from, to := d.from.key(item.Name), d.to.target(d.from, item.Name)
	props, err := p.content.CopyWith(ctx, from, to, blob.PutOptions{
		Now: now,
		// What counts are the places, the firewalls and the roles at the moment of the copy, not at that of the start.
		Check: func(tx *store.Tx, old *blob.Properties) error {
			c := &arm.Call{Tx: tx, Server: s, Now: now}
			bound, err := p.permitted(c, d)
			if err == nil && bound != d.bound {
				err = arm.NotFound(d.to.containerID())
				if bound.to == d.bound.to {
					err = arm.NotFound(d.from.containerID())
				}
			}
			if err == nil && old != nil {
				err = d.to.mayReplace(c, old)
			}
			return asError(err)
		},
	})
	if errors.Is(err, blob.ErrNotFound) {
		return nil
	}
	if errors.Is(err, store.ErrDamaged) {
		return copyFailure("The blob '" + item.Name + "' could not be copied: it could not be read.")
	}
	if err != nil {
		return copyFailure("The blob '" + item.Name + "' could not be copied: " + err.Error())
	}
	d.detail.FilesWritten++
	d.detail.SizeWritten += props.Size
	d.transfers = append(d.transfers, transfer{from, to, props.Size})
	d.etags[item.Name] = item.ETag
	return nil
}

// ends are the containers at the two ends of a copy, by arm.Resource.Instance.
type ends struct{ from, to string }

// permitted checks that both ends are there and that both identities hold their roles now, and says what the ends are.
func (p *provider) permitted(c *arm.Call, d *dataSetCopy) (out ends, err *arm.Error) {
	for _, end := range []struct {
		storage   arm.ID
		dataShare arm.ID
	}{{d.from.account, d.provider}, {d.to.account, d.consumer}} {
		account, ok := c.Get(end.storage)
		if !ok {
			return out, arm.NotFound(end.storage)
		}
		if err := admitted(account, end.dataShare); err != nil {
			return out, err
		}
	}
	if err := p.roles(c.Tx, d); err != nil {
		return out, err
	}
	if out.from, err = d.from.instance(c); err != nil {
		return out, err
	}
	out.to, err = d.to.instance(c)
	return out, err
}

func (p *provider) roles(tx *store.Tx, d *dataSetCopy) *arm.Error {
	if !p.dir.Allowed(tx, d.reader, d.from.account.String(), readBlobs, true) {
		return missingPermissions(d.from.account)
	}
	if !p.dir.Allowed(tx, d.writer, d.to.account.String(), writeBlobs, true) {
		return missingPermissions(d.to.account)
	}
	return nil
}

// asError keeps a nil *arm.Error from becoming an error that is not nil.
func asError(err *arm.Error) error {
	if err == nil {
		return nil
	}
	return err
}
