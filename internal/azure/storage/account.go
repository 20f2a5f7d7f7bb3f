package storage

import (
	"regexp"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// tableAccounts finds accounts by their globally unique name: name → resource id.
const tableAccounts = "storage.accounts"

var accountName = regexp.MustCompile(`^[a-z0-9]{3,24}$`)

// checkAccountName is the rule for account names.
// Source: https://learn.microsoft.com/azure/storage/common/storage-account-overview#storage-account-name
func checkAccountName(name string) *arm.Error {
	if accountName.MatchString(name) {
		return nil
	}
	return arm.BadRequest("AccountNameInvalid",
		"%s is not a valid storage account name. Storage account name must be between 3 and 24 characters in length "+
			"and use numbers and lower-case letters only.", name)
}

// accountID finds an account's resource id by name.
func accountID(tx *store.Tx, name string) (arm.ID, bool, error) {
	var text string
	ok, err := tx.Get(tableAccounts, name, &text)
	if err != nil || !ok {
		return arm.ID{}, false, err
	}
	id, err := arm.ParseID(text)
	return id, err == nil, err
}

// claimName makes the name the account's own, or refuses it as taken.
func claimName(c *arm.Call, id arm.ID) *arm.Error {
	taken, ok, err := accountID(c.Tx, id.Name())
	switch {
	case err != nil:
		return arm.InternalError(err)
	case ok && strings.EqualFold(taken.Subscription, id.Subscription):
		return arm.Conflict("StorageAccountInAnotherResourceGroup", "The account %s is already in another resource "+
			"group in this subscription.", id.Name())
	case ok:
		return arm.Conflict("StorageAccountAlreadyTaken", "The storage account named %s is already taken.", id.Name())
	}
	if err := c.Tx.Put(tableAccounts, id.Name(), id.String()); err != nil {
		return arm.InternalError(err)
	}
	return nil
}

// checkNameAvailability answers Storage Accounts - Check Name Availability.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/check-name-availability
func checkNameAvailability(c *arm.Call, _ map[string]string, body map[string]any) (any, *arm.Error) {
	name := jsonbody.Text(body, "name")
	if name == "" || !strings.EqualFold(jsonbody.Text(body, "type"), typeAccount) {
		return nil, arm.BadRequest("InvalidRequestContent", "The body must have a name, and the type %s.", typeAccount)
	}
	if invalid := checkAccountName(name); invalid != nil {
		return map[string]any{"nameAvailable": false, "reason": "AccountNameInvalid", "message": invalid.Message}, nil
	}
	if _, taken, err := accountID(c.Tx, name); err != nil {
		return nil, arm.InternalError(err)
	} else if taken {
		return map[string]any{"nameAvailable": false, "reason": "AlreadyExists",
			"message": "The storage account named " + name + " is already taken."}, nil
	}
	return map[string]any{"nameAvailable": true}, nil
}

// cannotUpdate is Azure's answer to a change of a property that is fixed at creation.
func cannotUpdate(property string) *arm.Error {
	return arm.Conflict("AccountPropertyCannotBeUpdated",
		"The property '%s' was specified in the input, but it cannot be updated as it is read-only. For more "+
			"information, see - https://aka.ms/storageaccountupdate", property)
}

// createOnly are the properties of an account that never change after its creation.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create and the feature pages named there.
var createOnly = [][]string{
	{"properties", "isHnsEnabled"}, {"properties", "isNfsV3Enabled"}, {"properties", "dnsEndpointType"},
	{"properties", "encryption", "requireInfrastructureEncryption"},
	{"properties", "immutableStorageWithVersioning", "enabled"},
}

// checkUpdate refuses changes that an account cannot undergo.
func checkUpdate(w *arm.Write) *arm.Error {
	was, is := jsonbody.Text(w.Old.Body, "kind"), jsonbody.Text(w.New.Body, "kind")
	upgraded := is == "StorageV2" && (was == "Storage" || was == "BlobStorage") // the only change that Azure allows
	if was != is && !upgraded {
		return cannotUpdate("kind")
	}
	if !convertible(w.Old.String("sku", "name"), w.New.String("sku", "name")) {
		return cannotUpdate("sku.name")
	}
	for _, path := range createOnly {
		was, is := w.Old.Value(path...), w.New.Value(path...)
		last := path[len(path)-1]
		switch {
		case was == nil && (is == false || is == "Standard"): // the default, spelled out
		case is == nil && was != nil: // left out: stays as it is
			in := w.New.Body
			for _, name := range path[:len(path)-1] {
				in = jsonbody.EnsureObject(in, name)
			}
			in[last] = was
		case was != is:
			return cannotUpdate(last)
		}
	}
	return nil
}

// interchangeable are the SKUs between which an account can be updated. From one set to another leads a conversion that
// Azure carries out on request, or a copy; no PUT and no PATCH does it.
// Sources: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/update#sku for Standard_ZRS and Premium, and
// https://learn.microsoft.com/azure/storage/common/redundancy-migration for the zone-redundant ones.
var interchangeable = [][]string{
	{"Standard_LRS", "Standard_GRS", "Standard_RAGRS"},
	{"Standard_GZRS", "Standard_RAGZRS"},
}

// convertible reports whether an account of one SKU can be updated to another.
func convertible(was, is string) bool {
	if strings.EqualFold(was, is) {
		return true
	}
	return slices.ContainsFunc(interchangeable, func(skus []string) bool {
		return slices.ContainsFunc(skus, func(s string) bool { return strings.EqualFold(s, was) }) &&
			slices.ContainsFunc(skus, func(s string) bool { return strings.EqualFold(s, is) })
	})
}

// tierOf is the tier of a SKU name.
func tierOf(sku string) string {
	if strings.HasPrefix(sku, "Premium") {
		return "Premium"
	}
	return "Standard"
}

// putAccount completes an account as Storage Accounts - Create and - Update do. What a PUT leaves out takes its
// default.
// Source: https://learn.microsoft.com/rest/api/storagerp/storage-accounts/create
func (p *provider) putAccount(c *arm.Call, w *arm.Write) *arm.Error {
	if w.Create() {
		if err := claimName(c, w.New.ID); err != nil {
			return err
		}
		if err := makeKeys(w.New); err != nil {
			return err
		}
	} else if err := checkUpdate(w); err != nil {
		return err
	}
	if err := putIdentity(c, w); err != nil {
		return err
	}
	body, props := w.New.Body, w.New.Properties()
	sku := jsonbody.Text(jsonbody.EnsureObject(body, "sku"), "name")
	jsonbody.EnsureObject(body, "sku")["tier"] = tierOf(sku)
	jsonbody.SetDefault(body, "tags", map[string]any{})
	if jsonbody.Text(body, "kind") == "BlobStorage" && jsonbody.Text(props, "accessTier") == "" {
		return arm.BadRequest("AccessTierRequired", "The access tier is required to create a storage account of kind "+
			"'BlobStorage'.")
	}
	if kind := jsonbody.Text(body, "kind"); (kind == "StorageV2" || kind == "BlobStorage") &&
		tierOf(sku) == "Standard" {
		jsonbody.SetDefault(props, "accessTier", "Hot")
	}
	jsonbody.SetDefault(props, "supportsHttpsTrafficOnly", true)
	jsonbody.SetDefault(props, "minimumTlsVersion", "TLS1_0")
	jsonbody.SetDefault(props, "allowBlobPublicAccess", false) // for all new accounts since August 2023
	jsonbody.SetDefault(props, "allowCrossTenantReplication", false)
	acls := jsonbody.EnsureObject(props, "networkAcls")
	jsonbody.SetDefault(acls, "bypass", "AzureServices")
	jsonbody.SetDefault(acls, "defaultAction", "Allow")
	jsonbody.SetDefault(acls, "ipRules", []any{})
	jsonbody.SetDefault(acls, "virtualNetworkRules", []any{})
	putEncryption(c, w, props)

	created := arm.Timestamp(w.New.CreatedAt)
	props["creationTime"] = created
	props["keyCreationTime"] = map[string]any{"key1": created, "key2": created}
	if !w.Create() {
		props["keyCreationTime"] = w.Old.Value("properties", "keyCreationTime")
	}
	props["provisioningState"] = "Succeeded"
	props["privateEndpointConnections"] = []any{}
	props["primaryLocation"], props["statusOfPrimary"] = jsonbody.Text(body, "location"), "available"
	base := c.Server.Endpoints().Blob + "/" + w.New.ID.Name()
	props["primaryEndpoints"] = map[string]any{"blob": base + "/"} // the only service that is served here
	if strings.Contains(sku, "GRS") || strings.Contains(sku, "GZRS") {
		if pair := arm.PairedRegion(jsonbody.Text(body, "location")); pair != "" {
			props["secondaryLocation"], props["statusOfSecondary"] = pair, "available"
		}
		if strings.Contains(sku, "_RA") {
			props["secondaryEndpoints"] = map[string]any{"blob": base + "-secondary/"}
		}
	}
	return nil
}

// putEncryption gives an account the encryption that every account has.
// Source: https://learn.microsoft.com/azure/storage/common/storage-service-encryption
func putEncryption(c *arm.Call, w *arm.Write, props map[string]any) {
	e := jsonbody.EnsureObject(props, "encryption")
	jsonbody.SetDefault(e, "keySource", "Microsoft.Storage")
	services := jsonbody.EnsureObject(e, "services")
	for _, name := range []string{"blob", "file"} {
		s := jsonbody.EnsureObject(services, name)
		jsonbody.SetDefault(s, "enabled", true)
		jsonbody.SetDefault(s, "keyType", "Account")
		s["lastEnabledTime"] = arm.Timestamp(c.Now)
		if !w.Create() {
			if was := w.Old.Value("properties", "encryption", "services", name, "lastEnabledTime"); was != nil {
				s["lastEnabledTime"] = was
			}
		}
	}
}

// putIdentity makes, keeps or gives up the account's identity.
func putIdentity(c *arm.Call, w *arm.Write) *arm.Error {
	if err := c.CompleteIdentity(w); err != nil {
		return err
	}
	if w.Create() {
		return nil
	}
	if had := w.Old.String("identity", "principalId"); had != "" && w.New.String("identity", "principalId") != had {
		if err := c.Server.Directory().RemovePrincipal(c.Tx, had); err != nil {
			return arm.InternalError(err)
		}
	}
	return nil
}

// deleteAccount drops the account's content and frees its name.
func (p *provider) deleteAccount(c *arm.Call, r *arm.Resource) *arm.Error {
	if err := p.content.DropAccount(c.Tx, r.ID.Name()); err != nil {
		return arm.InternalError(err)
	}
	if err := forgetContainers(c, r.ID.Name()); err != nil {
		return arm.InternalError(err)
	}
	if err := c.Tx.Delete(tableDaily, r.ID.Name()); err != nil {
		return arm.InternalError(err)
	}
	if err := c.Tx.Delete(tableAccounts, r.ID.Name()); err != nil {
		return arm.InternalError(err)
	}
	return nil
}
