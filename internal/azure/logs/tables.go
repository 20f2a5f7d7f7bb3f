package logs

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/kql"
)

// The tables that resource logs of this topology go to.
const (
	sharesTable    = "MicrosoftDataShareShareLog"
	sentTable      = "MicrosoftDataShareSentSnapshotLog"
	receivedTable  = "MicrosoftDataShareReceivedSnapshotLog"
	vaultTable     = "AZKVAuditLogs"
	blobTable      = "StorageBlobLogs"
	sharedTable    = "AzureDiagnostics"
	activityTable  = "AzureActivity"
	timeGenerated  = "TimeGenerated"
	dedicatedTable = "Dedicated"
)

// target is the table for the rows of a category.
type target struct {
	table string
	// chosen is set where the diagnostic setting chooses between the table and AzureDiagnostics; elsewhere rows always
	// go to the table.
	chosen bool
}

// targets lists the categories by lower-case resource type. A category without a table of its own goes to
// AzureDiagnostics.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/logs-index and the pages of each type, e.g.
// https://learn.microsoft.com/azure/azure-monitor/reference/supported-logs/microsoft-datashare-accounts-logs
var targets = map[string]map[string]target{
	"microsoft.datashare/accounts": {
		"Shares":                 {table: sharesTable},
		"SentShareSnapshots":     {table: sentTable},
		"ReceivedShareSnapshots": {table: receivedTable},
		"ShareSubscriptions":     {},
	},
	"microsoft.keyvault/vaults": {"AuditEvent": {table: vaultTable, chosen: true}},
	"microsoft.storage/storageaccounts/blobservices": {
		"StorageRead": {table: blobTable}, "StorageWrite": {table: blobTable}, "StorageDelete": {table: blobTable},
	},
}

// standard are the columns that every table has.
// Source: https://learn.microsoft.com/azure/azure-monitor/logs/log-standard-columns
const standard = "TimeGenerated:datetime Type:string TenantId:string SourceSystem:string _ResourceId:string " +
	"_SubscriptionId:string _BilledSize:real _IsBillable:string"

const snapshot = "Category OperationName CorrelationId DataSetMappingType DataSetName DataSetType DetailMessage " +
	"StartTime EndTime FilesRead FilesWritten SizeRead SizeWritten Status TriggerType"

// published are the tables' columns, by table; string unless the type is given.
// Source: https://learn.microsoft.com/azure/azure-monitor/reference/tables-index, the page of each table
var published = map[string][]kql.Column{
	sharesTable:   columns("Category OperationName"),
	sentTable:     columns(snapshot),
	receivedTable: columns(snapshot),
	vaultTable: columns(`
		AddressAuthorizationType Algorithm AppliedAssignmentId CallerIpAddress CertificateIssuerProperties:dynamic
		CertificatePolicyProperties:dynamic CertificateProperties:dynamic CertificateRequestProperties:dynamic
		ClientInfo CorrelationId DurationMs:int EnabledForDeployment:bool EnabledForDiskEncryption:bool
		EnabledForTemplateDeployment:bool EnablePurgeProtection:bool EnableRbacAuthorization:bool
		EnableSoftDelete:bool HsmPoolResourceId HttpStatusCode:int Id Identity:dynamic IsAccessPolicyMatch:bool
		IsAddressAuthorized:bool IsRbacAuthorized:bool KeyProperties:dynamic NetworkAcls:dynamic Nsp:dynamic
		OperationName OperationVersion Properties:dynamic RequestUri ResultDescription ResultSignature ResultType
		SecretProperties:dynamic Sku:dynamic SoftDeleteRetentionInDays:int StorageAccountProperties:dynamic
		StorageSasDefinitionProperties:dynamic SubnetId Tlsversion TrustedService VaultProperties:dynamic`),
	blobTable: columns(`
		AccessTier AccountName AuthenticationHash AuthenticationType AuthorizationDetails:dynamic CallerIpAddress
		Category ClientRequestId ConditionsUsed ContentLengthHeader:long CorrelationId DestinationUri
		DurationMs:real Etag LastModifiedTime:datetime Location MetricResponseType ObjectKey OperationCount:int
		OperationName OperationVersion Protocol ReferrerHeader RehydratePriority RequestBodySize:long RequesterAppId
		RequesterAudience RequesterObjectId RequesterTenantId RequesterTokenIssuer RequesterUpn
		RequestHeaderSize:long RequestMd5 ResponseBodySize:long ResponseHeaderSize:long ResponseMd5 SasExpiryStatus
		SchemaVersion ServerLatencyMs:real ServiceType SourceAccessTier SourceUri StatusCode StatusText TlsVersion
		Uri UserAgentHeader`),
	sharedTable: columns(`
		CallerIPAddress Category CorrelationId DurationMs:long Level OperationName OperationVersion Resource
		ResourceGroup ResourceId ResourceProvider ResourceType ResultDescription ResultSignature ResultType
		SubscriptionId AdditionalFields:dynamic`),
	activityTable: columns(`
		ActivityStatusValue ActivitySubstatusValue Authorization Caller CallerIpAddress Category CategoryValue
		Claims CorrelationId EventDataId HTTPRequest Level OperationId OperationName OperationNameValue Properties
		ResourceGroup ResourceId ResourceProviderValue SubscriptionId`),
}

func columns(list string) []kql.Column {
	var out []kql.Column
	for _, field := range strings.Fields(list + " " + standard) {
		name, typ, given := strings.Cut(field, ":")
		if !given {
			typ = string(kql.String)
		}
		out = append(out, kql.Column{Name: name, Type: kql.Type(typ)})
	}
	return out
}

// Columns lists the columns of a published table; nil for a table that is not known here.
func Columns(table string) []kql.Column { return append([]kql.Column(nil), published[table]...) }
