package datashare

import (
	"net/http"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/logs"
)

// logged makes writes and deletions of a type leave a row in the log of the account that holds it.
func logged(t *arm.Type) *arm.Type {
	put, remove := t.Put, t.Delete
	if put != nil {
		t.Put = func(c *arm.Call, w *arm.Write) *arm.Error {
			if err := put(c, w); err != nil {
				return err
			}
			return logOperation(c, w.New.ID, t.Name+"/write")
		}
	}
	t.Delete = func(c *arm.Call, r *arm.Resource) *arm.Error {
		if remove != nil {
			if err := remove(c, r); err != nil {
				return err
			}
		}
		return logOperation(c, r.ID, t.Name+"/delete")
	}
	return t
}

// logOperation writes a row for something that was done to a share or a share subscription, or below one. The published
// sources do not name the operations; these rows have the names that the operations have in role definitions.
func logOperation(c *arm.Call, id arm.ID, operation string) *arm.Error {
	if len(id.Types) < 2 {
		return nil // the account itself is in no category
	}
	category := "Shares"
	if strings.EqualFold(id.Types[1], "shareSubscriptions") {
		category = "ShareSubscriptions"
	}
	return logs.Write(c, top(id, 1).String(), category, map[string]any{"OperationName": operation})
}

// logBothSides writes a row for what the provider did to a consumer's subscription: in the logs of both accounts.
func logBothSides(c *arm.Call, record *arm.Resource, action string) *arm.Error {
	operation := namespace + "/accounts/shares/providerShareSubscriptions/" + action + "/action"
	if err := logOperation(c, record.ID, operation); err != nil {
		return err
	}
	if sub, ok := c.GetByID(hidden(record, "shareSubscription")); ok {
		return logOperation(c, sub.ID, operation)
	}
	return nil
}

// logSnapshot writes the rows of both sides for a data set of a run, or, with an empty detail, for a run that reached
// none.
func logSnapshot(c *arm.Call, r *run, d detail) *arm.Error {
	sub, ok := c.GetByID(r.Subscription)
	if !ok {
		return nil
	}
	row := logs.Snapshot{
		Synchronization: r.ID, DataSet: d.Name, Kind: d.Type, Status: d.Status, Message: d.Message,
		Scheduled: r.Scheduled,
		Start:     d.Start, End: d.End, FilesRead: d.FilesRead, FilesWritten: d.FilesWritten, BytesRead: d.SizeRead,
		BytesWritten: d.SizeWritten,
	}
	if err := logs.WriteReceived(c, top(sub.ID, 1), row); err != nil {
		return err
	}
	if share, ok := source(c, sub); ok {
		return logs.WriteSent(c, top(share.ID, 1), row)
	}
	return nil
}

// logOutcome is logSnapshot for a run that ended without reaching a data set.
func logOutcome(c *arm.Call, r *run) *arm.Error {
	return logSnapshot(c, r, detail{Status: r.Status, Message: r.Message, Start: r.Start, End: r.End})
}

// transfer is a blob that a snapshot has copied.
type transfer struct {
	from, to blob.Key
	bytes    int64
}

// logTransfers writes what the two storage accounts log of a copy: a read by the one managed identity, a write by the
// other.
func (p *provider) logTransfers(c *arm.Call, d *dataSetCopy) *arm.Error {
	requests := func(objectID string, operation blob.Operation, status int) blob.Record {
		caller := blob.Caller{ObjectID: objectID}
		if p, ok := p.dir.Principal(c.Tx, objectID); ok {
			caller = blob.Caller{ObjectID: p.ObjectID, TenantID: p.TenantID, ClientID: p.ClientID}
		}
		return blob.Record{Operation: operation, Status: status, Authentication: blob.OAuth, Caller: caller,
			UserAgent: "Azure Data Share"}
	}
	read := requests(d.reader, blob.GetBlob, http.StatusOK)
	write := requests(d.writer, blob.PutBlob, http.StatusCreated)
	blobs := c.Server.Endpoints().Blob + "/"
	for _, t := range d.transfers {
		read.Container, read.Blob, read.URI, read.ResponseBytes = t.from.Container, t.from.Name,
			blobs+t.from.Account+"/"+t.from.Container+"/"+t.from.Name, t.bytes
		if err := logs.WriteBlob(c, d.from.account, read); err != nil {
			return err
		}
		write.Container, write.Blob, write.URI, write.RequestBytes = t.to.Container, t.to.Name,
			blobs+t.to.Account+"/"+t.to.Container+"/"+t.to.Name, t.bytes
		if err := logs.WriteBlob(c, d.to.account, write); err != nil {
			return err
		}
	}
	return nil
}
