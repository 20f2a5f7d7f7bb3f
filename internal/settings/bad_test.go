package settings_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// share is the way to the share of good.
func share(path ...string) []string { return append([]string{"shares", "ledger"}, path...) }

// A mistake is named with its key, its value, what is wrong and what to do, and nothing else is.
func TestBadConfigurations(t *testing.T) {
	long := strings.Repeat("x", 2000)
	tooMany := object{}
	for i := range 50 {
		tooMany["t"+strings.Repeat("x", i)] = "v"
	}
	cases := []struct {
		name  string
		path  []string
		value any
		want  []string
	}{
		// Types and unknown keys.
		{"top-level key", []string{"shars"}, object{}, []string{
			`crossorg:shars: unknown key; did you mean "shares"?`}},
		{"top-level key like nothing", []string{"frobnicate"}, "x", []string{
			`crossorg:frobnicate: unknown key; remove it; ` +
				`known here are adminPassword, environment, governance, keyVault, ` +
				`monitoring, organizations, principalSecrets, protect, rolePropagation, shares, ` +
				`sourceFolders, storage, tags`}},
		{"nested key", share("dataSets", "archive"), object{"knd": "container", "container": "archive"}, []string{
			`crossorg:shares.ledger.dataSets.archive.knd: unknown key; did you mean "kind"?`}},
		{"nested key like nothing", []string{"keyVault", "frobnicate"}, 1, []string{
			`crossorg:keyVault.frobnicate: unknown key; remove it; ` +
				`known here are allowedAddressRanges, enabledForDeployment, ` +
				`enabledForTemplateDeployment, purgeProtection, sku, softDeleteDays`}},
		{"key in another case", []string{"storage", "Sku"}, "Standard_LRS", []string{
			`crossorg:storage.Sku: unknown key; did you mean "sku"?`}},
		{"key in a list", []string{"governance", "nodeCertificates"}, list{object{"uri": nodeSecretURL}}, []string{
			`crossorg:governance.nodeCertificates[0].uri: unknown key; did you mean "url"?`}},
		{"no JSON", []string{"tags"}, "purpose=x", []string{
			`crossorg:tags: not an object; ` +
				`write it as YAML in the stack file or set it with pulumi config set --path`}},
		{"two JSON values", []string{"tags"}, "{} {}", []string{
			`crossorg:tags: not an object; ` +
				`write it as YAML in the stack file or set it with pulumi config set --path`}},
		{"list for object", []string{"organizations"}, list{"contoso"}, []string{
			`crossorg:organizations: not an object; write an object`}},
		{"text for list", share("consumers"), "fabrikam", []string{
			`crossorg:shares.ledger.consumers = "fabrikam": not a list; ` +
				`write each item on a line of its own behind a dash`}},
		{"text for number", []string{"governance", "nodeCount"}, "5", []string{
			`crossorg:governance.nodeCount = "5": not a whole number; write it without quotes`}},
		{"text for fraction", []string{"monitoring", "dailyQuotaGb"}, "NaN", []string{
			`crossorg:monitoring.dailyQuotaGb = "NaN": not a number; write a number`}},
		{"fraction for whole number", []string{"governance", "nodeCount"}, 5.5, []string{
			`crossorg:governance.nodeCount = 5.5: not a whole number; write a whole number`}},
		{"number for text", []string{"governance", "package", "version"}, 1.0, []string{
			`crossorg:governance.package.version = 1: not text; put it in quotes`}},
		{"object for text", []string{"storage", "sku"}, object{"name": "Standard_LRS"}, []string{
			`crossorg:storage.sku: not text; give a single value`}},
		{"text for truth", []string{"keyVault", "purgeProtection"}, "true", []string{
			`crossorg:keyVault.purgeProtection = "true": not true or false; write it without quotes`}},
		{"protect", []string{"protect"}, "maybe", []string{
			`crossorg:protect = "maybe": not true or false; ` +
				`write it as YAML in the stack file or set it with pulumi config set --path`}},

		// Stack.
		{"tag with a refused character", []string{"tags", "cost/center"}, "x", []string{
			`crossorg:tags.cost/center: tag name with a character that Azure refuses; leave out <>%&\?/`}},
		{"long tag name", []string{"tags"}, object{long[:129]: "x"}, []string{
			`crossorg:tags.` + long[:129] +
				`: tag name of 129 characters; use at most 128, the limit of storage accounts`}},
		{"long tag value", []string{"tags", "purpose"}, long[:257], []string{
			`crossorg:tags.purpose = "` + long[:119] + `…: tag value of 257 characters; use at most 256`}},
		{"tag value on two lines", []string{"tags", "purpose"}, "a\nb", []string{
			`crossorg:tags.purpose = "a\nb": tag value with a control character; write it on one line`}},
		{"reserved tag", []string{"tags", "Azure-owner"}, "x", []string{
			`crossorg:tags.Azure-owner: tag name with a prefix that Azure reserves; ` +
				`do not begin it with microsoft, azure, windows`}},
		{"environment as tag", []string{"tags", "Environment"}, "dev", []string{
			`crossorg:tags.Environment = "dev": ` +
				`the environment tag is set by crossorg:environment; set that key instead`}},
		{"tag twice", []string{"tags", "Purpose"}, "x", []string{
			`crossorg:tags.purpose = "sharing": ` +
				`the same tag as Purpose for Azure, which ignores case; remove one of them`}},
		{"dotted key is quoted", []string{"tags", "a.b?"}, "x", []string{
			`crossorg:tags["a.b?"]: tag name with a character that Azure refuses; leave out <>%&\?/`}},
		{"too many tags", []string{"tags"}, tooMany, []string{
			`crossorg:organizations.contoso.tags: 52 tags with those of the stack; use at most 50`,
			`crossorg:organizations.adatum.tags: 51 tags with those of the stack; use at most 50`,
			`crossorg:organizations.fabrikam.tags: 51 tags with those of the stack; use at most 50`,
			`crossorg:tags: 51 tags with the environment tag; use at most 50`}},
		{"role propagation without unit", []string{"rolePropagation"}, "5", []string{
			`crossorg:rolePropagation = "5": not a duration; write a number with its unit, such as "5m" or "90s"`}},
		{"role propagation too long", []string{"rolePropagation"}, "61m", []string{
			`crossorg:rolePropagation = "61m": outside 0s to 1h; write a number with its unit, such as "5m" or "90s"`}},

		// Organizations.
		{"no organizations", []string{"organizations"}, absent, []string{
			`crossorg:organizations: missing; name at least one organization with its location, below config: in the ` +
				`stack file; a share needs two`}},
		{"no shares", []string{"shares"}, absent, []string{
			`crossorg:shares: missing; describe what is shared below config: in the stack file; ` +
				`{} stands for no shares`}},
		{"namespace", []string{"crosorg:shares"}, object{}, []string{
			`crosorg:shares: unknown namespace, which nothing reads; did you mean "crossorg:shares"?`}},
		{"namespace like nothing", []string{"aws:region"}, "us-east-1", []string{
			`aws:region: unknown namespace, which nothing reads; remove it; ` +
				`known namespaces are crossorg, pulumi, azure-native`}},
		{"long organization name", []string{"organizations", "northwindtraders"}, object{"location": "eastus"},
			[]string{
				`crossorg:organizations.northwindtraders: not a valid organization name; ` +
					`use 3 to 10 lowercase letters and digits, ` +
					`a letter first: names of vaults and storage accounts begin with it`}},
		{"organization name with a hyphen", []string{"organizations", "north-w"}, object{"location": "eastus"},
			[]string{
				`crossorg:organizations.north-w: not a valid organization name; ` +
					`use 3 to 10 lowercase letters and digits, ` +
					`a letter first: names of vaults and storage accounts begin with it`}},
		{"reserved organization name", []string{"organizations", "xboxlive"}, object{"location": "eastus"}, []string{
			`crossorg:organizations.xboxlive: a name with the word xbox, which Azure reserves; name it otherwise`}},
		{"no location", []string{"organizations", "adatum", "location"}, absent, []string{
			`crossorg:organizations.adatum.location: missing; set an Azure region, such as eastus`}},
		{"display name of a region", []string{"organizations", "adatum", "location"}, "East US", []string{
			`crossorg:organizations.adatum.location = "East US": not the name of an Azure region; ` +
				`did you mean "eastus"?`}},
		{"region like nothing", []string{"organizations", "adatum", "location"}, "mars", []string{
			`crossorg:organizations.adatum.location = "mars": not the name of an Azure region; ` +
				`use the short form, such as eastus; az account list-locations lists them`}},
		{"subscription by name", []string{"organizations", "adatum", "subscriptionId"}, "production", []string{
			`crossorg:organizations.adatum.subscriptionId = "production": not a GUID; ` +
				`az account list shows the ids of subscriptions`}},
		{"tenant by domain", []string{"organizations", "adatum", "tenantId"}, "adatum.example", []string{
			`crossorg:organizations.adatum.subscriptionId: missing, though there is a tenantId; set it too: the ` +
				`login's subscription may belong to another tenant`,
			`crossorg:organizations.adatum.tenantId = "adatum.example": not a GUID; ` +
				`az account tenant list shows the ids of tenants`}},
		{"principal without client", []string{"organizations", "contoso", "principal", "clientId"}, absent, []string{
			`crossorg:organizations.contoso.principal.clientId: missing; ` +
				`set the application (client) id of the service principal`}},
		{"principal by name", []string{"organizations", "contoso", "principal", "clientId"}, "deployer", []string{
			`crossorg:organizations.contoso.principal.clientId: not a GUID; ` +
				`use the application (client) id, not the name or the secret`}},
		{"principal without tenant and subscription", []string{"organizations", "adatum", "principal"},
			object{"clientId": guid, "useOidc": true}, []string{
				`crossorg:organizations.adatum.subscriptionId: missing; ` +
					`set the subscription that the principal deploys to`,
				`crossorg:organizations.adatum.tenantId: missing; set the tenant that the principal signs in to`}},
		{"principal without secret", []string{"principalSecrets"}, absent, []string{
			`crossorg:principalSecrets.contoso: missing, though contoso has a principal; ` +
				`run pulumi config set --secret ` +
				`--path 'crossorg:principalSecrets.contoso', ` +
				`or set crossorg:organizations.contoso.principal.useOidc to true`}},
		{"secret beside a federated token", []string{"organizations", "contoso", "principal", "useOidc"}, true,
			[]string{
				`crossorg:principalSecrets.contoso: ` +
					`the principal of contoso signs in with a federated token (useOidc), which ` +
					`excludes a secret; remove the secret, or set useOidc to false`}},
		{"secret without principal", []string{"principalSecrets", "adatum"}, clientSecret, []string{
			`crossorg:principalSecrets.adatum: organization adatum has no principal that would use it; ` +
				`set crossorg:organizations.adatum.principal.clientId or remove the secret`}},
		{"secret of nobody", []string{"principalSecrets", "fabricam"}, clientSecret, []string{
			`crossorg:principalSecrets.fabricam: no such organization; did you mean "fabrikam"?`}},
		{"secret of the wrong type", []string{"principalSecrets", "contoso"}, list{clientSecret}, []string{
			`crossorg:principalSecrets.contoso: not text; give a single value`}},
		{"secrets not as an object", []string{"principalSecrets"}, clientSecret, []string{
			`crossorg:principalSecrets: not an object; ` +
				`write it as YAML in the stack file or set it with pulumi config set --path`}},
		{"organization tag in another case", []string{"organizations", "adatum", "tags"}, object{"Purpose": "x"},
			[]string{
				`crossorg:organizations.adatum.tags.Purpose = "x": the same tag as crossorg:tags.purpose for Azure, ` +
					`which ignores case; write it purpose`}},

		// Shares.
		{"share name", []string{"shares", "Ledger_2"}, good()["shares"].(object)["ledger"], []string{
			`crossorg:shares.Ledger_2: not a valid name; ` +
				`use 3 to 63 lowercase letters, digits and single hyphens, ` +
				`with a letter or digit at both ends`}},
		{"other sources for the same blobs", []string{"shares", "journal"}, func() any {
			other := good()["shares"].(object)["ledger"].(object)
			other["dataSets"].(object)["entries"].(object)["source"] = "folder/deep/b.csv"
			return other
		}(), []string{
			`crossorg:shares.ledger.dataSets.entries.source = "a.csv": uploads the same blobs as data set entries of ` +
				`share journal; drop one of the two sources, or upload the same files in both`}},
		{"no provider", share("provider"), absent, []string{
			`crossorg:shares.ledger.provider: missing; name one of the organizations`}},
		{"unknown provider", share("provider"), "contso", []string{
			`crossorg:shares.ledger.provider = "contso": no such organization; did you mean "contoso"?`}},
		{"unknown consumer", share("consumers"), list{"adatum", "northwind"}, []string{
			`crossorg:shares.ledger.consumers[1] = "northwind": no such organization; ` +
				`add it to crossorg:organizations, or use one of adatum, contoso, fabrikam`}},
		{"no consumer", share("consumers"), list{}, []string{
			`crossorg:shares.ledger.consumers: missing; name at least one organization that receives the data`}},
		{"shared with itself", share("consumers"), list{"adatum", "contoso"}, []string{
			`crossorg:shares.ledger.consumers[1] = "contoso": the provider itself; name another organization`}},
		{"consumer twice", share("consumers"), list{"adatum", "adatum"}, []string{
			`crossorg:shares.ledger.consumers[1] = "adatum": named twice; remove it`}},
		{"kind of share", share("kind"), "InPlace", []string{
			`crossorg:shares.ledger.kind = "InPlace": not allowed; use CopyBased`}},
		{"no interval", share("schedule", "interval"), absent, []string{
			`crossorg:shares.ledger.schedule.interval: missing; use Hour or Day`}},
		{"interval in lowercase", share("schedule", "interval"), "day", []string{
			`crossorg:shares.ledger.schedule.interval = "day": not allowed; write it Day`}},
		{"no schedule", share("schedule"), absent, []string{
			`crossorg:shares.ledger.schedule.interval: missing; use Hour or Day`,
			`crossorg:shares.ledger.schedule.start: missing; ` +
				`set the first run in UTC, such as "2025-02-01T02:00:00Z"`}},
		{"start without time", share("schedule", "start"), "2025-02-01", []string{
			`crossorg:shares.ledger.schedule.start = "2025-02-01": not a time; ` +
				`write it as RFC 3339 in UTC, such as "2025-02-01T02:00:00Z"`}},
		{"start in local time", share("schedule", "start"), "2025-02-01T02:00:00+01:00", []string{
			`crossorg:shares.ledger.schedule.start = "2025-02-01T02:00:00+01:00": not in UTC; ` +
				`write it as "2025-02-01T01:00:00Z"`}},
		{"expired", share("expiration"), "2026-03-01T12:00:00Z", []string{
			`crossorg:shares.ledger.expiration = "2026-03-01T12:00:00Z": in the past; set a time to come, or remove ` +
				`it so that the share does not expire`}},
		{"expires before it starts", share("schedule", "start"), "2027-06-01T00:00:00Z", []string{
			`crossorg:shares.ledger.expiration = "2027-01-01T00:00:00Z": before the first snapshot; ` +
				`set a time after schedule.start`}},
		{"no data sets", share("dataSets"), object{}, []string{
			`crossorg:shares.ledger.dataSets: missing; add at least one data set`}},
		{"data set name", share("dataSets", "a_b"), object{"kind": "container", "container": "other"}, []string{
			`crossorg:shares.ledger.dataSets.a_b = "a_b": not a valid name; ` +
				`use 3 to 63 lowercase letters, digits and single hyphens, ` +
				`with a letter or digit at both ends`}},
		{"no kind", share("dataSets", "entries", "kind"), absent, []string{
			`crossorg:shares.ledger.dataSets.entries.kind: missing; use blob, folder or container`}},
		{"kind of data set", share("dataSets", "entries", "kind"), "table", []string{
			`crossorg:shares.ledger.dataSets.entries.kind = "table": not allowed; use blob, folder or container`}},
		{"no container", share("dataSets", "entries", "container"), absent, []string{
			`crossorg:shares.ledger.dataSets.entries.container: missing; name the provider's container`}},
		{"container name", share("dataSets", "entries", "container"), "my--books", []string{
			`crossorg:shares.ledger.dataSets.entries.container = "my--books": not a valid name; ` +
				`use 3 to 63 lowercase letters, ` +
				`digits and single hyphens, with a letter or digit at both ends`}},
		{"blob without path", share("dataSets", "entries", "path"), absent, []string{
			`crossorg:shares.ledger.dataSets.entries.path: missing; ` +
				`set the blob's name (kind blob) or the folder (kind folder)`}},
		{"container with path", share("dataSets", "archive", "path"), "x", []string{
			`crossorg:shares.ledger.dataSets.archive.path = "x": ` +
				`not for kind container, which shares the whole container; ` +
				`remove it, or use kind folder or blob`}},
		{"leading slash", share("dataSets", "entries", "path"), "/a.csv", []string{
			`crossorg:shares.ledger.dataSets.entries.path = "/a.csv": a slash at the start; ` +
				`begin with the first folder or the file: the container is the root`}},
		{"leading backslash", share("dataSets", "entries", "path"), `\a.csv`, []string{
			`crossorg:shares.ledger.dataSets.entries.path = "\\a.csv": a slash at the start; ` +
				`begin with the first folder or the file: the container is the root`}},
		{"backslash", share("dataSets", "entries", "path"), `a\b.csv`, []string{
			`crossorg:shares.ledger.dataSets.entries.path = "a\\b.csv": a backslash; separate folders with /`}},
		{"trailing slash", share("dataSets", "scans", "path"), "scans/", []string{
			`crossorg:shares.ledger.dataSets.scans.path = "scans/": a slash at the end; leave it out`}},
		{"empty segment", share("dataSets", "entries", "path"), "a//b.csv", []string{
			`crossorg:shares.ledger.dataSets.entries.path = "a//b.csv": an empty folder name; ` +
				`write one slash between names`}},
		{"parent folder", share("dataSets", "entries", "path"), "../b.csv", []string{
			`crossorg:shares.ledger.dataSets.entries.path = "../b.csv": a segment that ends in a dot; ` +
				`leave out the dot, and . and .. as segments`}},
		{"blob name that gets too long on arrival", share("dataSets", "entries", "path"), long[:1012], []string{
			`crossorg:shares.ledger.dataSets.entries.path = "` + long[:119] + `…: a name of 1012 characters; ` +
				`use at most 1011: it lands as ledger/books/<path>, and Azure takes 1024`}},
		{"too deep", share("dataSets", "entries", "path"), strings.Repeat("x/", 252) + "x", []string{
			`crossorg:shares.ledger.dataSets.entries.path = "` + strings.Repeat("x/", 59) +
				`x…: a name of 253 segments; ` +
				`use at most 252: it lands as ledger/books/<path>, and Azure takes 254`}},
		{"source that is not there", share("dataSets", "entries", "source"), "b.csv", []string{
			`crossorg:shares.ledger.dataSets.entries.source = "b.csv": no such file or folder; ` +
				`paths are relative to the project's folder`}},
		{"folder as source of a blob", share("dataSets", "entries", "source"), "folder", []string{
			`crossorg:shares.ledger.dataSets.entries.source = "folder": not a file; ` +
				`name a file, or use kind folder or container for a folder`}},
		{"file as source of a folder", share("dataSets", "scans", "source"), "a.csv", []string{
			`crossorg:shares.ledger.dataSets.scans.source = "a.csv": not a folder; ` +
				`name a folder, or use kind blob for a single file`}},
		{"empty folder as source", share("dataSets", "archive", "source"), "empty", []string{
			`crossorg:shares.ledger.dataSets.archive.source = "empty": a folder without files; ` +
				`add some, or remove the source`}},
		{"the same blob twice", share("dataSets", "more"),
			object{"kind": "blob", "container": "books", "path": "2025/a.csv"}, []string{
				`crossorg:shares.ledger.dataSets.more: lands on the same blobs as data set entries; ` +
					`give them paths or containers that do not overlap, or drop one`}},
		{"blob within a folder", share("dataSets", "more"),
			object{"kind": "folder", "container": "books", "path": "2025"}, []string{
				`crossorg:shares.ledger.dataSets.more: lands on the same blobs as data set entries; ` +
					`give them paths or containers that do not overlap, or drop one`}},
		{"folder within a folder", share("dataSets", "zoo"),
			object{"kind": "folder", "container": "books", "path": "scans/2025"}, []string{
				`crossorg:shares.ledger.dataSets.zoo: lands on the same blobs as data set scans; ` +
					`give them paths or containers that do not overlap, or drop one`}},
		{"blob within a container", share("dataSets", "more"),
			object{"kind": "blob", "container": "archive", "path": "a.csv"}, []string{
				`crossorg:shares.ledger.dataSets.more: lands on the same blobs as data set archive; ` +
					`give them paths or containers that do not overlap, or drop one`}},
		{"invitee twice over", share("invitees", "adatum", "objectId"), guid, []string{
			`crossorg:shares.ledger.invitees.adatum: both an e-mail address and a directory object; keep email, or ` +
				`keep tenantId with objectId`}},
		{"empty invitee", share("invitees", "adatum"), object{}, []string{
			`crossorg:shares.ledger.invitees.adatum: nobody to invite; set email, or tenantId with objectId; ` +
				`without an entry the deploying principal is invited`}},
		{"directory without object", share("invitees", "adatum"), object{"tenantId": guid}, []string{
			`crossorg:shares.ledger.invitees.adatum.objectId: missing; ` +
				`set the object id of the user or service principal`}},
		{"object without directory", share("invitees", "adatum"), object{"objectId": "someone"}, []string{
			`crossorg:shares.ledger.invitees.adatum.objectId = "someone": not a GUID; ` +
				`use the object id of the user or service principal`,
			`crossorg:shares.ledger.invitees.adatum.tenantId: missing; set the directory of the object`}},
		{"invitee without address", share("invitees", "adatum", "email"), "data team", []string{
			`crossorg:shares.ledger.invitees.adatum.email = "data team": not an e-mail address; ` +
				`write it as name@example.com`}},
		{"invitee who is no consumer", share("invitees", "contoso"), object{"email": "a@b.example"}, []string{
			`crossorg:shares.ledger.invitees.contoso: no consumer of this share; ` +
				`add contoso to crossorg:shares.ledger.consumers or remove the invitee`}},

		// Storage, vault, monitoring.
		{"storage sku", []string{"storage", "sku"}, "Premium_LRS", []string{
			`crossorg:storage.sku = "Premium_LRS": not allowed; ` +
				`use Standard_LRS, Standard_ZRS, Standard_GRS, Standard_RAGRS, ` +
				`Standard_GZRS or Standard_RAGZRS`}},
		{"access tier", []string{"storage", "accessTier"}, "Archive", []string{
			`crossorg:storage.accessTier = "Archive": not allowed; use Hot or Cool`}},
		{"soft delete of blobs off", []string{"storage", "softDeleteDays"}, 0, []string{
			`crossorg:storage.softDeleteDays = 0: out of range; use 1 to 365 days`}},
		{"soft delete of blobs too long", []string{"storage", "softDeleteDays"}, 366, []string{
			`crossorg:storage.softDeleteDays = 366: out of range; use 1 to 365 days`}},
		{"cool before it is written", []string{"storage", "coolAfterDays"}, -1, []string{
			`crossorg:storage.coolAfterDays = -1: out of range; use 0 to 99999 days; 0 means never`}},
		{"versions", []string{"storage", "deleteVersionsAfterDays"}, 100000, []string{
			`crossorg:storage.deleteVersionsAfterDays = 100000: out of range; use 0 to 99999 days; 0 means never`}},
		{"vault sku", []string{"keyVault", "sku"}, "Standard", []string{
			`crossorg:keyVault.sku = "Standard": not allowed; write it standard`}},
		{"soft delete of vaults too short", []string{"keyVault", "softDeleteDays"}, 6, []string{
			`crossorg:keyVault.softDeleteDays = 6: out of range; use 7 to 90 days`}},
		{"soft delete of vaults too long", []string{"keyVault", "softDeleteDays"}, 91, []string{
			`crossorg:keyVault.softDeleteDays = 91: out of range; use 7 to 90 days`}},
		{"private addresses in a vault", []string{"keyVault", "allowedAddressRanges"},
			list{"10.1.2.0/24", "172.16.0.1", "192.168.0.0/15", "127.0.0.1"}, []string{
				`crossorg:keyVault.allowedAddressRanges[0] = "10.1.2.0/24": not public; use the address that is seen ` +
					`on the internet: Azure refuses private ranges`,
				`crossorg:keyVault.allowedAddressRanges[1] = "172.16.0.1": not public; use the address that is seen ` +
					`on the internet: Azure refuses private ranges`,
				`crossorg:keyVault.allowedAddressRanges[2] = "192.168.0.0/15": not public; use the address that is ` +
					`seen on the internet: Azure refuses private ranges`,
				`crossorg:keyVault.allowedAddressRanges[3] = "127.0.0.1": not public; use the address that is seen ` +
					`on the internet: Azure refuses private ranges`}},
		{"no addresses in a vault", []string{"keyVault", "allowedAddressRanges"},
			list{"contoso.example", "2001:db8::/48", "0.0.0.0/0", "203.0.113.7/24"}, []string{
				`crossorg:keyVault.allowedAddressRanges[0] = "contoso.example": not an address range; ` +
					`write an IPv4 address, such as 203.0.113.7, or CIDR, such as 203.0.113.0/24`,
				`crossorg:keyVault.allowedAddressRanges[1] = "2001:db8::/48": not IPv4; ` +
					`use IPv4: Azure takes nothing else here`,
				`crossorg:keyVault.allowedAddressRanges[2] = "0.0.0.0/0": lets everyone in; ` +
					`name the ranges that are to get in`,
				`crossorg:keyVault.allowedAddressRanges[3] = "203.0.113.7/24": an address inside a range; ` +
					`write it as 203.0.113.0/24`}},
		{"an address twice in a vault", []string{"keyVault", "allowedAddressRanges"},
			list{"203.0.113.7", "203.0.113.7/32"}, []string{
				`crossorg:keyVault.allowedAddressRanges[1] = "203.0.113.7/32": named twice; remove it`}},
		{"too many addresses in a vault", []string{"keyVault", "allowedAddressRanges"}, addresses(1001), []string{
			`crossorg:keyVault.allowedAddressRanges: 1001 address ranges; use at most 1000, the limit of Azure`}},
		{"workspace sku", []string{"monitoring", "sku"}, "Free", []string{
			`crossorg:monitoring.sku = "Free": not allowed; use PerGB2018`}},
		{"retention too short", []string{"monitoring", "retentionDays"}, 29, []string{
			`crossorg:monitoring.retentionDays = 29: out of range; use 30 to 730 days`}},
		{"retention too long", []string{"monitoring", "retentionDays"}, 731, []string{
			`crossorg:monitoring.retentionDays = 731: out of range; use 30 to 730 days`}},
		{"quota", []string{"monitoring", "dailyQuotaGb"}, 0.01, []string{
			`crossorg:monitoring.dailyQuotaGb = 0.01: out of range; use 0.023 to 1000000, or -1 for no cap`}},
		{"recipient", []string{"monitoring", "recipients"}, list{"On call <oncall@contoso.example>"}, []string{
			`crossorg:monitoring.recipients[0]: not an e-mail address; ` +
				`write it as name@example.com`}},
		{"recipient twice", []string{"monitoring", "recipients"}, list{"a@b.example", "A@b.example"}, []string{
			`crossorg:monitoring.recipients[1] = "A@b.example": named twice; remove it`}},
		{"protected without recipients", []string{"monitoring", "recipients"}, absent, []string{
			`crossorg:monitoring.recipients: missing, though crossorg:protect is set; ` +
				`name who gets the alerts, such as data-oncall@example.com`}},

		// Governance.
		{"unknown host", []string{"governance", "organization"}, "northwind", []string{
			`crossorg:governance.organization = "northwind": no such organization; ` +
				`add it to crossorg:organizations, or use one of adatum, contoso, fabrikam`}},
		{"host of nothing else", []string{"shares"}, object{}, []string{
			`crossorg:governance.organization = "contoso": ` +
				`takes part in no share, and so has no vault for the cluster; ` +
				`name the provider or a consumer of a share, or set crossorg:governance to {}`}},
		{"Standard is five", []string{"governance", "sku"}, "Standard", []string{
			`crossorg:governance.nodeCount = 3: too few nodes for the sku Standard; use at least 5`}},
		{"Basic is three", []string{"governance", "nodeCount"}, 2, []string{
			`crossorg:governance.nodeCount = 2: too few nodes for the sku Basic; use at least 3`}},
		{"cluster sku", []string{"governance", "sku"}, "Premium", []string{
			`crossorg:governance.sku = "Premium": not allowed; use Basic or Standard`}},
		{"vm size", []string{"governance", "vmSize"}, "D2s_v3", []string{
			`crossorg:governance.vmSize = "D2s_v3": not the name of a VM size; use one such as Standard_D2s_v3; ` +
				`az vm list-sizes lists them`}},
		{"image", []string{"governance", "image"}, object{"version": ""}, []string{
			`crossorg:governance.image.version: missing; set it, such as latest`}},
		{"admin user", []string{"governance", "adminUser"}, "Administrator", []string{
			`crossorg:governance.adminUser = "Administrator": a user name that Azure refuses; ` +
				`choose one that is less common`}},
		{"no admin user", []string{"governance", "adminUser"}, "", []string{
			`crossorg:governance.adminUser: missing; name the administrator of the nodes`}},
		{"long admin user", []string{"governance", "adminUser"}, long[:21], []string{
			`crossorg:governance.adminUser = "` + long[:21] + `": too long for Windows; use at most 20 characters`}},
		{"dot at the end of the admin user", []string{"governance", "adminUser"}, "op.", []string{
			`crossorg:governance.adminUser = "op.": a dot at the end; leave it out`}},
		{"admin user with a refused character", []string{"governance", "adminUser"}, "op@contoso", []string{
			`crossorg:governance.adminUser = "op@contoso": a character that Windows refuses in user names; leave out ` +
				`spaces and \/"[]:|<>+=;,?*@&`}},
		{"no password", []string{"adminPassword"}, absent, []string{
			`crossorg:adminPassword: missing, though there is a cluster to administer; run pulumi config set ` +
				`--secret crossorg:adminPassword`}},
		{"short and simple password", []string{"adminPassword"}, "abcdefg", []string{
			`crossorg:adminPassword: ` +
				`not 8 to 123 characters long and not of three of the classes lowercase, uppercase, digit and ` +
				`special character; run pulumi config set --secret crossorg:adminPassword`}},
		{"long password", []string{"adminPassword"}, "A1" + long[:122], []string{
			`crossorg:adminPassword: not 8 to 123 characters long; ` +
				`run pulumi config set --secret crossorg:adminPassword`}},
		{"refused password", []string{"adminPassword"}, "P@ssw0rd", []string{
			`crossorg:adminPassword: one of the well-known passwords that Azure refuses; run pulumi config set ` +
				`--secret crossorg:adminPassword`}},
		{"no administrator", []string{"governance", "adminCertificate"}, absent, []string{
			`crossorg:governance.adminCertificate: missing, and so is azureActiveDirectory: ` +
				`nobody could administer the cluster; ` +
				`run pulumi config set --path crossorg:governance.adminCertificate.thumbprint ` +
				`with the certificate's SHA-1 thumbprint`}},
		{"thumbprint", []string{"governance", "adminCertificate", "thumbprint"}, "AB:CD", []string{
			`crossorg:governance.adminCertificate.thumbprint = "AB:CD": not a certificate thumbprint; ` +
				`use the SHA-1 thumbprint: 40 hexadecimal digits without separators`}},
		{"thumbprint and common name", []string{"governance", "adminCertificate", "commonName"}, "admin", []string{
			`crossorg:governance.adminCertificate: both a thumbprint and a common name; keep one of them`}},
		{"thumbprint and issuer", []string{"governance", "adminCertificate", "issuerThumbprint"}, thumb, []string{
			`crossorg:governance.adminCertificate.issuerThumbprint` +
				`: only goes with commonName; remove it`}},
		{"common name of any issuer", []string{"governance", "adminCertificate"}, object{"commonName": "admin"},
			[]string{
				`crossorg:governance.adminCertificate.issuerThumbprint: missing; ` +
					`set the issuer's thumbprint: any issuer could sign that name otherwise`}},
		{"empty certificate", []string{"governance", "adminCertificate"}, object{}, []string{
			`crossorg:governance.adminCertificate: names no certificate; ` +
				`set thumbprint, or commonName with issuerThumbprint`}},
		{"half a directory", []string{"governance", "azureActiveDirectory"},
			object{"tenantId": "contoso", "clusterApplication": guid}, []string{
				`crossorg:governance.azureActiveDirectory.clientApplication: missing; set the application (client) id`,
				`crossorg:governance.azureActiveDirectory.tenantId = "contoso": not a GUID; ` +
					`set the id of the directory`}},
		{"everyone", []string{"governance", "allowedAddressRanges"}, list{"0.0.0.0/0", "::/0"}, []string{
			`crossorg:governance.allowedAddressRanges[0] = "0.0.0.0/0": opens the management ports to everyone; name ` +
				`the ranges that administrators come from`,
			`crossorg:governance.allowedAddressRanges[1] = "::/0": opens the management ports to everyone; name the ` +
				`ranges that administrators come from`}},
		{"single addresses", []string{"governance", "allowedAddressRanges"}, list{"203.0.113.7", "2001:db8::1", "*"},
			[]string{
				`crossorg:governance.allowedAddressRanges[0] = "203.0.113.7": not an address range; ` +
					`write it as 203.0.113.7/32`,
				`crossorg:governance.allowedAddressRanges[1] = "2001:db8::1": not an address range; write it as ` +
					`CIDR, such as 203.0.113.0/24`,
				`crossorg:governance.allowedAddressRanges[2] = "*": not an address range; ` +
					`write it as CIDR, such as 203.0.113.0/24`}},
		{"IPv6", []string{"governance", "allowedAddressRanges"}, list{"2001:db8::/48"}, []string{
			`crossorg:governance.allowedAddressRanges[0] = "2001:db8::/48": not IPv4; ` +
				`use IPv4: the cluster's network has nothing else`}},
		{"host bits", []string{"governance", "allowedAddressRanges"}, list{"203.0.113.7/24"}, []string{
			`crossorg:governance.allowedAddressRanges[0] = "203.0.113.7/24": an address inside a range; ` +
				`write it as 203.0.113.0/24`}},
		{"certificate instead of its secret", []string{"governance", "nodeCertificates"},
			list{object{"url": strings.Replace(nodeSecretURL, "secrets", "certificates", 1), "store": "My Store"}},
			[]string{
				`crossorg:governance.nodeCertificates[0].store = "My Store": not a Windows certificate store; use My`,
				`crossorg:governance.nodeCertificates[0].url: not the URL of a certificate's secret; ` +
					`use the secret id of a certificate's version: ` +
					`https://<vault>.vault.azure.net/secrets/<name>/<version>`}},
		{"vault closed to nodes", []string{"keyVault", "enabledForDeployment"}, false, []string{
			`crossorg:keyVault.enabledForDeployment = false: nodes could not fetch ` +
				`crossorg:governance.nodeCertificates; set it to true`}},
		{"no package file", []string{"governance", "package", "path"}, "other.sfpkg", []string{
			`crossorg:governance.package.path = "other.sfpkg": no such file or folder; ` +
				`paths are relative to the project's folder`}},
		{"folder as package", []string{"governance", "package", "path"}, "folder", []string{
			`crossorg:governance.package.path = "folder": not a file; ` +
				`name the .sfpkg file, not the folder that it is made of`}},
		{"empty package", []string{"governance", "package"}, object{}, []string{
			`crossorg:governance.package.path: missing; name the .sfpkg file`,
			`crossorg:governance.package.services: missing; name at least one service of the package`,
			`crossorg:governance.package.typeName: missing; set ApplicationTypeName of ApplicationManifest.xml`,
			`crossorg:governance.package.version: missing; set ApplicationTypeVersion of ApplicationManifest.xml`}},
		{"no instances", []string{"governance", "package", "services", "audit", "instanceCount"}, 0, []string{
			`crossorg:governance.package.services.audit.instanceCount = 0: out of range; ` +
				`use -1 for every node, or 1 and more`}},
		{"service without type", []string{"governance", "package", "services", "audit"}, object{}, []string{
			`crossorg:governance.package.services.audit.typeName: missing; ` +
				`set ServiceTypeName of ServiceManifest.xml`}},
		{"nothing where a list closes the network", []string{"storage", "allowedAddressRanges"}, nil, []string{
			`crossorg:storage.allowedAddressRanges: without a value; write one, or leave the key out`}},
		{"nothing where protection was", []string{"protect"}, "", []string{
			`crossorg:protect: without a value; write one, or leave the key out`}},
		{"a list for the environment", []string{"environment"}, list{"dev"}, []string{
			`crossorg:environment: not text; give a single value`}},
		{"a list for the password", []string{"adminPassword"}, list{"Correct-horse-9"}, []string{
			`crossorg:adminPassword: an object or a list, and a password is one text; run pulumi config set --secret ` +
				`crossorg:adminPassword`}},
		{"service name", []string{"governance", "package", "services", "a b"}, object{"typeName": "AuditType"},
			[]string{
				`crossorg:governance.package.services["a b"]: not a valid service name; ` +
					`use 1 to 63 letters, digits, hyphens, dots and underscores, a letter or digit first`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, set(good(), c.value, c.path...))
			require.Error(t, err)
			assert.ElementsMatch(t, c.want, lines(t, err))
			assert.NotContains(t, err.Error(), password)
			assert.NotContains(t, err.Error(), clientSecret)
		})
	}
}

// addresses are so many public ones.
func addresses(n int) list {
	all := list{}
	for i := range n {
		all = append(all, fmt.Sprintf("198.51.%d.%d", i/250, i%250))
	}
	return all
}

// Storage accounts take fewer and no smaller ranges than vaults do.
func TestBadStorageAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		ranges list
		want   []string
	}{
		"too small": {list{"203.0.113.6/31", "203.0.113.8/32"}, []string{
			`crossorg:storage.allowedAddressRanges[0] = "203.0.113.6/31": a range too small for Azure; ` +
				`write its addresses one by one, without a prefix, beginning with 203.0.113.6`,
			`crossorg:storage.allowedAddressRanges[1] = "203.0.113.8/32": a range too small for Azure; ` +
				`write its addresses one by one, without a prefix, beginning with 203.0.113.8`}},
		"private": {list{"192.168.1.0/24"}, []string{
			`crossorg:storage.allowedAddressRanges[0] = "192.168.1.0/24": not public; ` +
				`use the address that is seen on the internet: Azure refuses private ranges`}},
		"too many": {addresses(401), []string{
			`crossorg:storage.allowedAddressRanges: 401 address ranges; use at most 400, the limit of Azure`}},
	} {
		t.Run(name, func(t *testing.T) {
			configuration := set(good(), c.ranges, "storage", "allowedAddressRanges")
			_, err := parse(t, set(configuration, absent, "governance", "package"))
			assert.Equal(t, c.want, lines(t, err))
		})
	}
}

// A closed storage account and a package in it exclude each other: the cluster could not fetch it.
func TestPackageInAClosedStorageAccount(t *testing.T) {
	_, err := parse(t, set(good(), list{"203.0.113.0/24"}, "storage", "allowedAddressRanges"))
	assert.Equal(t, []string{`crossorg:storage.allowedAddressRanges: ` +
		`closes the storage account that the cluster fetches ` +
		`crossorg:governance.package from; remove one of the two`}, lines(t, err))
}
