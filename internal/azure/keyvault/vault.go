package keyvault

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	defaultRetentionDays = 90
	retentionProperty    = "softDeleteRetentionInDays"
	// tableNames holds the lower-case names of the existing vaults of all tenants.
	tableNames = "keyvault.names"
)

func vaults(endpoints *Endpoints) *arm.Type {
	return &arm.Type{
		Name:      namespace + "/vaults",
		CheckName: checkVaultName,
		Global:    vaultAlreadyExists,
		Put:       func(c *arm.Call, w *arm.Write) *arm.Error { return putVault(c, w, endpoints) },
		Delete:    func(c *arm.Call, r *arm.Resource) *arm.Error { return deleteVault(c, r, endpoints) },
		Jobs:      map[string]arm.Job{jobPurge: purgeExpired},
		Options:   arm.QueryOptions{List: []string{"$top"}},
	}
}

// jobPurge removes a vault's secrets whose retention has ended.
const jobPurge = "purge"

func purgeExpired(_ context.Context, s *arm.Server, vault *arm.Resource, _ map[string]any) *arm.Error {
	err := s.Update(func(c *arm.Call) error {
		c.Tx.MakesRoom()
		all, err := store.All[removedSecret](c.Tx, tableRemoved, strings.ToLower(vault.ID.Name())+"/")
		if err != nil {
			return err
		}
		for _, d := range all {
			if c.Now.Before(d.Purge) {
				continue
			}
			if err := purgeSecret(c, d.Secret.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return arm.InternalError(err)
	}
	return nil
}

var vaultName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9]$`)

func checkVaultName(name string) *arm.Error {
	if vaultName.MatchString(name) && !strings.Contains(name, "--") {
		return nil
	}
	return arm.BadRequest("VaultNameNotValid", "The vault name '%s' is invalid. A vault's name must be between 3-24 "+
		"alphanumeric characters. "+
		"The name must begin with a letter, end with a letter or digit, and not contain consecutive hyphens.", name)
}

func vaultAlreadyExists(name string) *arm.Error {
	return arm.Conflict("VaultAlreadyExists", "The vault name '%s' is already in use. Vault names are globally "+
		"unique, so the name may belong to "+
		"somebody else, or to a vault that was deleted and not purged yet.", name)
}

// putVault creates, updates or recovers a vault.
// Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/create-or-update
func putVault(c *arm.Call, w *arm.Write, endpoints *Endpoints) *arm.Error {
	props := w.New.Properties()
	mode := jsonbody.Text(props, "createMode")
	delete(props, "createMode")
	if w.Old == nil {
		recovered, err := recoverDeleted(c, w, mode == "recover", endpoints)
		if recovered || err != nil {
			return err
		}
	}
	if err := checkVault(c, w, props); err != nil {
		return err
	}
	if w.Old == nil {
		if err := purge(c, w.New.ID.Name()); err != nil { // remains of a vault after its retention
			return err
		}
		if err := claim(c, w.New.ID); err != nil {
			return err
		}
	}
	uri, err := endpoints.claim(c, w.New.ID.Name())
	if err != nil {
		return err
	}
	props["vaultUri"] = uri
	completeVault(props, w.Old)
	return nil
}

// recoverDeleted recovers the deleted vault that has the name of a new one, when the request wants that. A deleted
// vault keeps its name until it is purged: other requests for the name are refused.
func recoverDeleted(c *arm.Call, w *arm.Write, wanted bool, endpoints *Endpoints) (recovered bool, _ *arm.Error) {
	name := w.New.ID.Name()
	deleted, found, err := findDeleted(c, name)
	switch {
	case err != nil:
		return false, err
	case !found && wanted:
		return false, deletedVaultNotFound(name)
	case !found:
		return false, nil
	case !strings.EqualFold(deleted.subscription(), w.New.ID.Subscription):
		return false, vaultAlreadyExists(name)
	case !wanted:
		return false, arm.Conflict("ConflictError", "A vault with the same name already exists in deleted state. You "+
			"need to either recover or purge existing key vault. Follow this link "+
			"https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft delete.")
	}
	return true, recoverVault(c, w, deleted, endpoints)
}

// completeVault sets the properties that Azure adds to a vault; old is nil for a new vault.
func completeVault(props map[string]any, old *arm.Resource) {
	props["provisioningState"] = "Succeeded"
	props["enableSoftDelete"] = true
	jsonbody.SetDefault(props, "accessPolicies", []any{})
	jsonbody.SetDefault(props, "enableRbacAuthorization", false)
	jsonbody.SetDefault(props, "enabledForDeployment", false)
	jsonbody.SetDefault(props, "publicNetworkAccess", "Enabled")
	if old != nil {
		jsonbody.SetDefault(props, retentionProperty, old.Value("properties", retentionProperty))
	}
	jsonbody.SetDefault(props, retentionProperty, defaultRetentionDays)
	if days, set := jsonbody.Int(props, retentionProperty); set {
		props[retentionProperty] = days
	}
	if props["enablePurgeProtection"] == nil {
		delete(props, "enablePurgeProtection")
		if protected(old) { // enabling is irreversible, and leaving it out changes nothing
			props["enablePurgeProtection"] = true
		}
	}
}

// claim records the name as taken.
func claim(c *arm.Call, id arm.ID) *arm.Error {
	if err := c.Tx.Put(tableNames, strings.ToLower(id.Name()), id.String()); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// checkVault checks the rules beyond the published type.
func checkVault(c *arm.Call, w *arm.Write, props map[string]any) *arm.Error {
	if v, set := jsonbody.Flag(props, "enablePurgeProtection"); set && !v {
		return badRequest("The property \"enablePurgeProtection\" cannot be set to false. Enabling the purge " +
			"protection for a vault is an irreversible action.")
	}
	if v, set := jsonbody.Flag(props, "enableSoftDelete"); set && !v {
		return badRequest("The property \"enableSoftDelete\" cannot be set to false: soft delete protects every " +
			"vault and cannot be switched off.")
	}
	if days, set := jsonbody.Int(props, retentionProperty); set {
		if days < 7 || days > 90 {
			return badRequest(`The property "softDeleteRetentionInDays" must lie between 7 and 90, but it is %d.`, days)
		}
		if w.Old != nil {
			if before, had := jsonbody.Int(w.Old.Properties(), retentionProperty); had && before != days {
				return badRequest("The property \"softDeleteRetentionInDays\" has been set already and it " +
					"can't be modified.")
			}
		}
	}
	tenant := jsonbody.Text(props, "tenantId")
	if sub, ok := c.Server.Directory().Subscription(c.Tx, w.New.ID.Subscription); ok &&
		!strings.EqualFold(sub.TenantID, tenant) {
		return badRequest("An invalid value was provided for 'tenantId': the vault's tenant must be '%s', the tenant "+
			"of its subscription, but it is '%s'.", sub.TenantID, tenant)
	}
	policies, given := props["accessPolicies"].([]any)
	if !given && !jsonbody.IsTrue(props, "enableRbacAuthorization") {
		return badRequest("The parameter accessPolicies is not specified. It is required unless " +
			"'enableRbacAuthorization' is true or 'createMode' is 'recover'.")
	}
	if len(policies) > 1024 {
		return badRequest("An invalid value was provided for 'accessPolicies': at most 1024 are allowed, and %d were "+
			"given.", len(policies))
	}
	for _, p := range policies {
		if policy, ok := p.(map[string]any); ok && !strings.EqualFold(jsonbody.Text(policy, "tenantId"), tenant) {
			return badRequest("An invalid value was provided for 'accessPolicies': all policies must use the vault's "+
				"tenant '%s', but one uses '%s'.", tenant, jsonbody.Text(policy, "tenantId"))
		}
	}
	return nil
}

// protected reports whether a vault, which may be nil, has purge protection.
func protected(r *arm.Resource) bool {
	return r != nil && jsonbody.IsTrue(r.Properties(), "enablePurgeProtection")
}

// checkNameRoute reports whether a vault name is free.
// Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/check-name-availability
func checkNameRoute() arm.Route {
	return arm.Route{
		Method:     http.MethodPost,
		Path:       "/subscriptions/{subscriptionId}/providers/Microsoft.KeyVault/checkNameAvailability",
		Permission: "Microsoft.KeyVault/checkNameAvailability/read",
		Handle: func(c *arm.Call, _ map[string]string, body map[string]any) (any, *arm.Error) {
			name := jsonbody.Text(body, "name")
			if err := checkVaultName(name); err != nil {
				return map[string]any{"nameAvailable": false, "reason": "AccountNameInvalid", "message": err.Message},
					nil
			}
			_, deleted, err := findDeleted(c, name)
			if err != nil {
				return nil, err
			}
			if deleted || c.Tx.Has(tableNames, strings.ToLower(name)) {
				return map[string]any{"nameAvailable": false, "reason": "AlreadyExists",
					"message": vaultAlreadyExists(name).Message}, nil
			}
			return map[string]any{"nameAvailable": true}, nil
		},
	}
}

// accessPolicyRoute adds to, removes from or replaces a vault's access policies.
// Source: https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/update-access-policy
func accessPolicyRoute() arm.Route {
	return arm.Route{
		Method: http.MethodPut,
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.KeyVault/" +
			"vaults/{vaultName}/accessPolicies/{operation}",
		Permission: "Microsoft.KeyVault/vaults/accessPolicies/write",
		Handle:     updateAccessPolicies,
	}
}

func updateAccessPolicies(c *arm.Call, params map[string]string, body map[string]any) (any, *arm.Error) {
	id := arm.ID{
		Subscription: params["subscriptionId"], ResourceGroup: params["resourceGroupName"], Namespace: namespace,
		Types: []string{"vaults"}, Names: []string{params["vaultName"]},
	}
	vault, ok := c.Get(id)
	if !ok {
		return nil, arm.NotFound(id)
	}
	wanted := jsonbody.Object(body, "properties")
	given, ok := wanted["accessPolicies"].([]any)
	if !ok {
		return nil, badRequest("The parameter accessPolicies is not specified.")
	}
	var kept []any
	named := map[string]bool{}
	for _, p := range given {
		policy, ok := p.(map[string]any)
		if !ok || jsonbody.Text(policy, "objectId") == "" {
			return nil, badRequest("An invalid value was provided for 'accessPolicies': each needs an 'objectId'.")
		}
		tenant := vault.String("properties", "tenantId")
		if !strings.EqualFold(jsonbody.Text(policy, "tenantId"), tenant) {
			return nil, badRequest("An invalid value was provided for 'accessPolicies': all policies must use the "+
				"vault's tenant '%s'.", tenant)
		}
		named[policyKey(policy)] = true
	}
	for _, policy := range jsonbody.Objects(vault.Properties(), "accessPolicies") {
		if !named[policyKey(policy)] {
			kept = append(kept, policy)
		}
	}
	switch strings.ToLower(params["operation"]) {
	case "add":
		kept = append(kept, given...)
	case "replace":
		kept = given
	case "remove":
	default:
		return nil, badRequest("The access policy operation must be 'add', 'remove' or 'replace', but it is '%s'.",
			params["operation"])
	}
	if kept == nil {
		kept = []any{}
	}
	vault.Properties()["accessPolicies"] = kept
	if err := c.Save(vault); err != nil {
		return nil, err
	}
	return map[string]any{
		"id": vault.ID.String() + "/accessPolicies/", "type": namespace + "/vaults/accessPolicies",
		"location":   vault.String("location"),
		"properties": map[string]any{"accessPolicies": kept},
	}, nil
}

func policyKey(policy map[string]any) string {
	return strings.ToLower(jsonbody.Text(policy, "objectId") + "|" + jsonbody.Text(policy, "applicationId"))
}
