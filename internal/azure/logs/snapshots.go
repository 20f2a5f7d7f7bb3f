package logs

import (
	"fmt"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// Snapshot is the copying of one data set in a Data Share snapshot, for the logs of both sides.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/microsoftdatasharereceivedsnapshotlog
type Snapshot struct {
	// Synchronization is the synchronization id, by which the rows of one snapshot belong together.
	Synchronization string
	// DataSet is its name, Kind its type and the mapping's; both "" when no data set was reached.
	DataSet, Kind string
	// Status is InProgress, Succeeded, Failed or Canceled; Message says why.
	Status, Message string
	Scheduled       bool
	Start, End      time.Time
	// Counts of the files and bytes read and written.
	FilesRead, FilesWritten, BytesRead, BytesWritten int64
}

// columns renders the snapshot; all of its columns are text.
func (s Snapshot) columns() map[string]any {
	instant := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
	}
	trigger := "OnDemand"
	if s.Scheduled {
		trigger = "Scheduled"
	}
	return map[string]any{
		"OperationName": "Microsoft.DataShare/accounts/shareSubscriptions/synchronize/action",
		"CorrelationId": s.Synchronization,
		"DataSetName":   s.DataSet, "DataSetType": s.Kind, "DataSetMappingType": s.Kind, "Status": s.Status,
		"DetailMessage": s.Message,
		"TriggerType":   trigger, "StartTime": instant(s.Start), "EndTime": instant(s.End),
		"FilesRead": fmt.Sprint(s.FilesRead), "FilesWritten": fmt.Sprint(s.FilesWritten),
		"SizeRead": fmt.Sprint(s.BytesRead), "SizeWritten": fmt.Sprint(s.BytesWritten),
	}
}

// WriteSent logs a snapshot for the provider's Data Share account, WriteReceived for the consumer's, like Write.
func WriteSent(c *arm.Call, account arm.ID, s Snapshot) *arm.Error {
	return Write(c, account.String(), "SentShareSnapshots", s.columns())
}

// WriteReceived is WriteSent for the consumer's account.
func WriteReceived(c *arm.Call, account arm.ID, s Snapshot) *arm.Error {
	return Write(c, account.String(), "ReceivedShareSnapshots", s.columns())
}
