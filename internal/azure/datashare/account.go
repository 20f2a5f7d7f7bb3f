package datashare

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

func (p *provider) accounts() *arm.Type {
	return &arm.Type{
		Name:        namespace + "/accounts",
		CheckName:   accountName,
		PutAsync:    arm.AzureAsyncOperation,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         p.putAccount,
	}
}

// accountName checks the length that the service documents: 3 to 90 characters.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
func accountName(name string) *arm.Error {
	if len(name) < 3 || len(name) > 90 {
		return arm.BadRequest("InvalidResourceName",
			"The Data Share account name '%s' is invalid: it must have 3 to 90 characters, and it has %d.", name,
			len(name))
	}
	return nil
}

func (p *provider) putAccount(c *arm.Call, w *arm.Write) *arm.Error {
	if w.New.String("identity", "type") != "SystemAssigned" {
		return arm.BadRequest("InvalidIdentityType", "A Data Share account needs a system-assigned identity: set "+
			"identity.type to 'SystemAssigned'.")
	}
	if err := c.CompleteIdentity(w); err != nil {
		return err
	}
	stamp(c, w, true)
	return nil
}

// account loads the account that holds the resource, and its identity's object id.
func (p *provider) account(c *arm.Call, below arm.ID) (*arm.Resource, string, *arm.Error) {
	id := top(below, 1)
	account, ok := c.Get(id)
	if !ok {
		return nil, "", arm.Errorf(http.StatusNotFound, "ParentResourceNotFound",
			"Failed to perform the operation on the nested resource '%s': the parent resource '%s' was not found.",
			below, id)
	}
	return account, account.String("identity", "principalId"), nil
}
