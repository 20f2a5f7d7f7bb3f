package logs

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

// BlobRequest is a request on the blob service as its log tells it.
// Source: https://learn.microsoft.com/azure/storage/blobs/monitor-blob-storage-reference and
// https://learn.microsoft.com/rest/api/storageservices/storage-analytics-logged-operations-and-status-messages
type BlobRequest struct {
	// Operation is the logged name: GetBlob, GetBlobProperties, ListBlobs, PutBlob, PutBlock, PutBlockList,
	// SetBlobMetadata, DeleteBlob, CreateContainer, DeleteContainer …
	Operation string
	// Container and Blob are what was asked for; Blob is "" for the container itself.
	Container, Blob string
	// Status is the HTTP status, Code the x-ms-error-code of a refusal.
	Status int
	Code   string
	// Authentication is how the caller signed in: AccountKey, SAS, OAuth or Anonymous. Requester is who, for OAuth.
	Authentication string
	Requester      identity.Principal
	// URI is the whole URL; a signature in it is left out of the log. CallerIP has a port.
	URI, CallerIP, UserAgent, Version, RequestID string
	// RequestBytes and ResponseBytes are the sizes of the bodies.
	RequestBytes, ResponseBytes int64
	Duration                    time.Duration
}

// category is where the log files the operation.
func (r BlobRequest) category() string {
	switch {
	case strings.HasPrefix(r.Operation, "Delete"):
		return "StorageDelete"
	case strings.HasPrefix(r.Operation, "Get"), strings.HasPrefix(r.Operation, "List"),
		strings.HasPrefix(r.Operation, "Query"):
		return "StorageRead"
	}
	return "StorageWrite"
}

// columns renders the request for a storage account.
func (r BlobRequest) columns(account arm.ID) map[string]any {
	key := "/" + account.Name() + "/" + r.Container
	if r.Blob != "" {
		key += "/" + r.Blob
	}
	out := map[string]any{
		"AccountName": account.Name(), "OperationName": r.Operation, "OperationVersion": r.Version, "OperationCount": 0,
		"StatusCode": strconv.Itoa(r.Status), "StatusText": r.statusText(), "AuthenticationType": r.Authentication,
		"ObjectKey": `"` + key + `"`, "Uri": withoutSignature(r.URI), "CallerIpAddress": r.CallerIP,
		"UserAgentHeader": r.UserAgent, "CorrelationId": r.RequestID,
		"RequestBodySize": r.RequestBytes, "ResponseBodySize": r.ResponseBytes, "ServiceType": "blob",
		"Protocol": "HTTPS", "SchemaVersion": "1.0",
		"DurationMs":      float64(r.Duration.Microseconds()) / 1000,
		"ServerLatencyMs": float64(r.Duration.Microseconds()) / 1000, "TlsVersion": "TLS 1.2",
	}
	if r.Authentication == "OAuth" {
		out["RequesterObjectId"], out["RequesterTenantId"], out["RequesterAppId"] = r.Requester.ObjectID,
			r.Requester.TenantID, r.Requester.ClientID
	}
	return out
}

// withoutSignature hides the signature in a URL.
func withoutSignature(uri string) string {
	path, query, found := strings.Cut(uri, "?")
	if !found {
		return uri
	}
	fields := strings.Split(query, "&")
	for i, f := range fields {
		if name, _, _ := strings.Cut(f, "="); strings.EqualFold(name, "sig") || strings.Contains(name, "%") {
			fields[i] = name + "=XXXXX" // a name in escapes may spell sig
		}
	}
	return path + "?" + strings.Join(fields, "&")
}

func (r BlobRequest) statusText() string {
	switch {
	case r.Code != "":
		return r.Code
	case r.Status < 400:
		return "Success"
	}
	return "ClientOtherError"
}

// blobService is the resource whose diagnostic settings are about blobs.
func blobService(account arm.ID) string { return account.Child("blobServices", "default").String() }

// WriteBlob logs a request on a storage account's blob service, like Write.
func WriteBlob(c *arm.Call, account arm.ID, r BlobRequest) *arm.Error {
	return Write(c, blobService(account), r.category(), r.columns(account))
}

// AppendBlob is WriteBlob in a transaction of its own, like Append.
func AppendBlob(s *arm.Server, account arm.ID, r BlobRequest) error {
	return Append(s, blobService(account), r.category(), r.columns(account))
}

// VaultRequest is a request on a key vault as its audit log tells it.
// Source: https://learn.microsoft.com/azure/key-vault/general/logging
type VaultRequest struct {
	// Operation is the logged name: VaultGet, VaultPut, SecretGet, SecretSet, SecretList, SecretDelete, SecretRecover …
	Operation string
	Status    int
	// Description says why a request was refused.
	Description string
	Caller      identity.Principal
	// ID is the vault's or secret's identifier, a URL.
	ID, URI, CallerIP, UserAgent, Version, RequestID string
	Duration                                         time.Duration
}

func (r VaultRequest) columns() map[string]any {
	result := "Success"
	if r.Status >= 400 {
		result = "Failure"
	}
	return map[string]any{
		"OperationName": r.Operation, "OperationVersion": r.Version, "HttpStatusCode": r.Status, "ResultType": result,
		"ResultSignature": strings.ReplaceAll(http.StatusText(r.Status), " ", ""), "ResultDescription": r.Description,
		"CallerIpAddress": r.CallerIP, "ClientInfo": r.UserAgent, "CorrelationId": r.RequestID, "RequestUri": r.URI,
		"Id":         r.ID,
		"DurationMs": int(r.Duration.Milliseconds()), "Tlsversion": "TLS1_2",
		"Identity": map[string]any{"claim": map[string]any{
			"http://schemas.microsoft.com/identity/claims/objectidentifier": r.Caller.ObjectID,
			"appid": r.Caller.ClientID,
		}},
	}
}

// WriteVault logs a request on a vault, like Write.
func WriteVault(c *arm.Call, vault arm.ID, r VaultRequest) *arm.Error {
	return Write(c, vault.String(), "AuditEvent", r.columns())
}

// AppendVault is WriteVault in a transaction of its own, like Append: a refused request rolls its transaction back, and
// is audited all the same.
func AppendVault(s *arm.Server, vault arm.ID, r VaultRequest) error {
	return Append(s, vault.String(), "AuditEvent", r.columns())
}

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
	// What was read and written.
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
