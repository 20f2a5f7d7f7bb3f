package logs

import (
	"strconv"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
)

// Blobs is a recorder for the blob endpoint that logs every request, refused ones too. A row that cannot be written is
// lost, as on Azure, where logs are best effort: the request has been answered by then.
func Blobs(s *arm.Server) func(blob.Record) {
	return func(r blob.Record) {
		account, err := arm.ParseID(r.AccountID)
		if err != nil {
			return
		}
		_ = Append(s, blobService(account), string(r.Category), blobColumns(account, r))
	}
}

// WriteBlob logs a request on a storage account's blob service, like Write.
func WriteBlob(c *arm.Call, account arm.ID, r blob.Record) *arm.Error {
	return Write(c, blobService(account), string(r.Category), blobColumns(account, r))
}

// blobService is the resource that holds the diagnostic settings for blobs.
func blobService(account arm.ID) string { return account.Child("blobServices", "default").String() }

// blobColumns renders a request on a storage account.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables/storagebloblogs
func blobColumns(account arm.ID, r blob.Record) map[string]any {
	key := "/" + account.Name() + "/" + r.Container
	if r.Blob != "" {
		key += "/" + r.Blob
	}
	milliseconds := float64(r.Duration.Microseconds()) / 1000
	out := map[string]any{
		"AccountName": account.Name(), "OperationName": r.Name, "OperationVersion": r.Version, "OperationCount": 0,
		"StatusCode": strconv.Itoa(r.Status), "StatusText": statusText(r.Status, r.Code),
		"AuthenticationType": string(r.Authentication), "ObjectKey": `"` + key + `"`, "Uri": withoutSignature(r.URI),
		"CallerIpAddress": r.CallerIP, "UserAgentHeader": r.UserAgent, "CorrelationId": r.RequestID,
		"RequestBodySize": r.RequestBytes, "ResponseBodySize": r.ResponseBytes, "ServiceType": "blob",
		"Protocol": "HTTPS", "SchemaVersion": "1.0", "DurationMs": milliseconds, "ServerLatencyMs": milliseconds,
		"TlsVersion": "TLS 1.2",
	}
	if r.Authentication == blob.OAuth {
		out["RequesterObjectId"], out["RequesterTenantId"], out["RequesterAppId"] = r.Caller.ObjectID,
			r.Caller.TenantID, r.Caller.ClientID
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

func statusText(status int, code string) string {
	switch {
	case code != "":
		return code
	case status < 400:
		return "Success"
	}
	return "ClientOtherError"
}
