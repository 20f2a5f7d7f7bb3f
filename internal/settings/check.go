package settings

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/rules"
	"github.com/crossorg/crossorg/internal/stackfile"
)

// check holds the settings against Azure's rules and against each other.
func check(c *collector, s *Settings, options Options) {
	c.checkTags(s)
	c.checkStorage(s.Storage)
	c.checkKeyVault(s.KeyVault)
	c.checkMonitoring(s.Monitoring, s.Protect)
	c.checkOrganizations(s)
	c.checkShares(s, options)
	if s.Governance != nil {
		c.checkGovernance(s, options)
	}
}

func (c *collector) checkTags(s *Settings) {
	environment := path{keyEnvironment}
	if c.required(environment, s.Environment, "name it, such as dev") {
		c.tagValue(environment, s.Environment)
	}
	tags := path{keyTags}
	c.tags(tags, s.Tags)
	if n := len(s.Tags) + 1; n > rules.MaxTags {
		c.add(tags, nil, fmt.Sprintf("%d tags with the environment tag", n),
			fmt.Sprintf("use at most %d", rules.MaxTags))
	}
}

func (c *collector) checkStorage(storage Storage) {
	at := path{keyStorage}
	// learn.microsoft.com/azure/storage/common/storage-redundancy; premium accounts have no blob tiers.
	c.oneOf(at.with("sku"), storage.SKU,
		"Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_RAGRS", "Standard_GZRS", "Standard_RAGZRS")
	// learn.microsoft.com/azure/storage/blobs/access-tiers-overview
	c.oneOf(at.with("accessTier"), storage.AccessTier, "Hot", "Cool")
	c.within(at.with("softDeleteDays"), storage.SoftDeleteDays, rules.BlobSoftDeleteDays, " days")
	const orNever = " days; 0 means never"
	c.within(at.with("coolAfterDays"), storage.CoolAfterDays, rules.LifecycleDays, orNever)
	c.within(at.with("deleteVersionsAfterDays"), storage.DeleteVersionsAfterDays, rules.LifecycleDays, orNever)
	c.addressRules(at.with("allowedAddressRanges"), storage.AllowedAddressRanges, rules.StorageAddressRules)
}

func (c *collector) checkKeyVault(vault KeyVault) {
	at := path{keyKeyVault}
	c.oneOf(at.with("sku"), vault.SKU, "standard", "premium")
	c.within(at.with("softDeleteDays"), vault.SoftDeleteDays, rules.VaultSoftDeleteDays, " days")
	c.addressRules(at.with("allowedAddressRanges"), vault.AllowedAddressRanges, rules.VaultAddressRules)
}

func (c *collector) checkMonitoring(monitoring Monitoring, protect bool) {
	at := path{keyMonitoring}
	c.oneOf(at.with("sku"), monitoring.SKU, "PerGB2018")
	c.within(at.with("retentionDays"), monitoring.RetentionDays, rules.LogRetentionDays, " days")
	quota := monitoring.DailyQuotaGB
	if quota != -1 && (quota < rules.MinDailyQuotaGB || quota > rules.MaxDailyQuotaGB) {
		c.add(at.with("dailyQuotaGb"), quota, "out of range",
			fmt.Sprintf("use %v to %d, or -1 for no cap", rules.MinDailyQuotaGB, rules.MaxDailyQuotaGB))
	}
	recipients := at.with("recipients")
	if n := len(monitoring.Recipients); n > rules.MaxRecipients {
		c.add(recipients, nil, fmt.Sprintf("%d recipients", n), fmt.Sprintf("use at most %d", rules.MaxRecipients))
	}
	first := map[string]bool{}
	for i, recipient := range monitoring.Recipients {
		c.email(recipients.with(i), recipient)
		if folded := strings.ToLower(recipient); first[folded] {
			c.add(recipients.with(i), recipient, "named twice", "remove it")
		} else {
			first[folded] = true
		}
	}
	if protect && len(monitoring.Recipients) == 0 {
		c.add(recipients, nil, "missing, though "+Namespace+":"+keyProtect+" is set",
			"name who gets the alerts, such as data-oncall@example.com")
	}
}

func (c *collector) checkOrganizations(s *Settings) {
	at := path{keyOrganizations}
	if len(s.Organizations) == 0 {
		c.add(at, nil, "missing", "name at least one organization with its location, below config: in the stack file; "+
			"a share needs two")
	}
	tenants := map[string]string{} // by subscription
	for _, name := range slices.Sorted(maps.Keys(s.Organizations)) {
		o := s.Organizations[name]
		c.checkOrganization(at.with(name), name, o, s.Tags)
		if o.SubscriptionID == "" || o.TenantID == "" {
			continue
		}
		subscription, tenant := strings.ToLower(o.SubscriptionID), strings.ToLower(o.TenantID)
		if other, known := tenants[subscription]; known && other != tenant {
			c.add(at.with(name).with("tenantId"), nil, "another tenant than an organization above has for the same "+
				"subscription, which belongs to one tenant", "set the tenant of the subscription in both")
		}
		tenants[subscription] = tenant
	}
}

func (c *collector) checkOrganization(at path, name string, o Organization, stackTags map[string]string) {
	if !organizationName.MatchString(name) {
		c.add(at, nil, "not a valid organization name",
			"use 3 to 10 lowercase letters and digits, a letter first: "+
				"names of vaults and storage accounts begin with it")
		return
	}
	if word := reservedWord(name); word != "" {
		c.add(at, nil, "a name with the word "+word+", which Azure reserves", "name it otherwise")
		return
	}

	location := at.with("location")
	if c.required(location, o.Location, "set an Azure region, such as eastus") {
		c.region(location, o.Location)
	}
	c.guid(at.with("subscriptionId"), o.SubscriptionID, "az account list shows the ids of subscriptions")
	c.guid(at.with("tenantId"), o.TenantID, "az account tenant list shows the ids of tenants")
	if o.Principal != nil {
		c.checkPrincipal(at, name, o)
	} else if o.TenantID != "" && o.SubscriptionID == "" {
		c.add(at.with("subscriptionId"), nil, "missing, though there is a tenantId",
			"set it too: the login's subscription may belong to another tenant")
	}

	c.tags(at.with("tags"), o.Tags)
	merged := map[string]string{environmentTag: ""}
	for tag := range stackTags {
		merged[strings.ToLower(tag)] = tag
	}
	for _, tag := range slices.Sorted(maps.Keys(o.Tags)) {
		folded := strings.ToLower(tag)
		if stackTag, both := merged[folded]; both && stackTag != tag {
			c.add(at.with("tags").with(tag), o.Tags[tag],
				"the same tag as "+Namespace+":"+keyTags+"."+stackTag+" for Azure, which ignores case",
				"write it "+stackTag)
		}
		merged[folded] = tag
	}
	if len(merged) > rules.MaxTags {
		c.add(at.with("tags"), nil, fmt.Sprintf("%d tags with those of the stack", len(merged)),
			fmt.Sprintf("use at most %d", rules.MaxTags))
	}
}

// region reports what is no region of Azure.
func (c *collector) region(at path, value string) {
	regions := rules.Regions()
	if slices.Contains(regions, value) {
		return
	}
	remedy := "use the short form, such as eastus; az account list-locations lists them"
	if near := stackfile.Nearest(strings.ReplaceAll(value, " ", ""), regions); near != "" {
		remedy = `did you mean "` + near + `"?`
	}
	c.add(at, value, "not the name of an Azure region", remedy)
}

// checkPrincipal checks that a service principal has everything that its sign-in needs
// (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
func (c *collector) checkPrincipal(at path, name string, o Organization) {
	client := at.with("principal").with("clientId")
	if c.required(client, o.Principal.ClientID, "set the application (client) id of the service principal") {
		if !guid.MatchString(o.Principal.ClientID) { // a secret that is pasted here must not be shown
			c.add(client, nil, "not a GUID", "use the application (client) id, not the name or the secret")
		}
		c.guid(client, o.Principal.ClientID, "use the application (client) id")
	}
	c.required(at.with("tenantId"), o.TenantID, "set the tenant that the principal signs in to")
	c.required(at.with("subscriptionId"), o.SubscriptionID, "set the subscription that the principal deploys to")

	secret := path{keyPrincipalSecrets, name}
	if !o.Principal.UseOIDC && !o.Principal.ClientSecret.IsSet() {
		c.add(secret, nil, "missing, though "+name+" has a principal",
			"run pulumi config set --secret --path '"+secret.String()+"', or set "+
				at.with("principal").with("useOidc").String()+" to true")
	}
}

// unknownOrganization is the remedy for the name of an unknown organization.
func unknownOrganization(name string, s *Settings) string {
	names := slices.Sorted(maps.Keys(s.Organizations))
	if near := stackfile.Nearest(name, names); near != "" {
		return `did you mean "` + near + `"?`
	}
	if len(names) == 0 {
		return "add it to " + Namespace + ":organizations"
	}
	return "add it to " + Namespace + ":organizations, or use one of " + strings.Join(names, ", ")
}

// organization reports the name of an unknown organization, unless the organizations themselves are unreadable.
func (c *collector) organization(at path, name string, s *Settings) bool {
	if !c.required(at, name, "name one of the organizations") {
		return false
	}
	if _, known := s.Organizations[name]; !known && !c.broken(path{keyOrganizations}) {
		c.add(at, name, "no such organization", unknownOrganization(name, s))
		return false
	}
	return true
}
