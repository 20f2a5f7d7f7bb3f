// Package storage is the resource provider Microsoft.Storage: storage accounts, their blob service, containers with
// immutability policies, and lifecycle management policies. It also tells the blob data plane which accounts and
// containers there are.
//
// Source: https://learn.microsoft.com/rest/api/storagerp, api-version 2022-09-01.
package storage

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
)

const (
	namespace       = "Microsoft.Storage"
	typeAccount     = namespace + "/storageAccounts"
	typeBlobService = typeAccount + "/blobServices"
	typeContainer   = typeBlobService + "/containers"
	typeImmutable   = typeContainer + "/immutabilityPolicies"
	typeManagement  = typeAccount + "/managementPolicies"
)

// provider is the state that the handlers share.
type provider struct{ content *blob.Content }

// New makes the resource provider; blobs of deleted accounts and containers are dropped from content.
func New(content *blob.Content) *arm.Provider {
	p := &provider{content: content}
	return &arm.Provider{
		Namespace: namespace,
		Types: []*arm.Type{
			{
				Name: typeAccount, PutAsync: arm.Location, CheckName: checkAccountName,
				Put: p.putAccount, Delete: p.deleteAccount, Jobs: map[string]arm.Job{jobDaily: p.runDaily},
				Actions: map[string]arm.Action{
					// Kerberos keys are those of accounts that a directory knows; none does here.
					"listkeys":       {Run: listKeys, Options: []string{"$expand"}},
					"regeneratekey":  {Run: regenerateKey},
					"listaccountsas": {Run: listAccountSAS},
					"listservicesas": {Run: listServiceSAS},

					"revokeuserdelegationkeys": {Run: revokeDelegation},
				},
			},
			{Name: typeBlobService, Implicit: []string{"default"}, CheckName: onlyDefault, NoPatch: true,
				Put: p.putBlobService, Show: showBlobService},
			{Name: typeContainer, CheckName: checkContainerName, Put: putContainer, Show: showContainer,
				More: listContainers, Delete: p.deleteContainer,
				Options: arm.QueryOptions{List: []string{"$include", "$filter", "$maxpagesize"}}},
			{
				Name: typeImmutable, Created: http.StatusOK, CheckName: onlyDefault, NoPatch: true,
				Put: putImmutability, Show: showImmutability, Delete: p.deleteImmutability,
				NeedsMatch: wrongETag,
				Actions:    map[string]arm.Action{"lock": {Run: lockImmutability}, "extend": {Run: extendImmutability}},
			},
			{Name: typeManagement, Created: http.StatusOK, CheckName: onlyDefault, NoPatch: true,
				Put: p.putManagementPolicy},
		},
		Routes: []arm.Route{{
			Method:     http.MethodPost,
			Path:       "/subscriptions/{subscriptionId}/providers/Microsoft.Storage/checkNameAvailability",
			Permission: "Microsoft.Storage/checkNameAvailability/read", Handle: checkNameAvailability,
		}},
	}
}

// onlyDefault is the rule for the names of singletons.
func onlyDefault(name string) *arm.Error {
	if name == "default" {
		return nil
	}
	return arm.BadRequest("InvalidResourceName", "The resource name '%s' is not valid: it must be 'default'.", name)
}

// invalidParameter is Azure's answer to a value in an action's body that it does not take.
func invalidParameter(name string) *arm.Error {
	return arm.BadRequest("InvalidValuesForRequestParameters", "Values for request parameters are invalid: %s.", name)
}
