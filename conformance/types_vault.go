package conformance

const (
	vaultVersion = "2023-02-01"
	vaultType    = "Microsoft.KeyVault/vaults"
)

func (t *T) vaultBody(o *Org) object {
	return object{"location": t.Env.Location, "tags": object{"made-by": "conformance"}, "properties": object{
		"tenantId": o.Tenant, "sku": object{"family": "A", "name": "standard"}, "enableRbacAuthorization": true,
		"softDeleteRetentionInDays": 7,
	}}
}

// vault is a vault that several promises keep secrets in.
func (t *T) vault(o *Org) string {
	t.Helper()
	return share(t, "vault of "+o.Subscription, func() string {
		id := t.inGroup(o, vaultType, t.name(20))
		t.made(o, id, vaultVersion, t.vaultBody(o))
		t.atEnd(func(t *T) {
			if err := t.remove(o, id, vaultVersion); err == nil {
				t.purge(o, nameOf(id))
			}
		})
		return id
	})
}

// ownVault is a vault for one promise.
func (t *T) ownVault(o *Org) string {
	t.Helper()
	return t.ownVaultWith(o, t.vaultBody(o))
}

func (t *T) ownVaultWith(o *Org, body object) string {
	t.Helper()
	id := t.inGroup(o, vaultType, t.name(20))
	t.made(o, id, vaultVersion, body)
	t.Cleanup(func() {
		if err := t.remove(o, id, vaultVersion); err != nil {
			t.Logf("%s was not deleted: %v", id, err)
		}
		t.purge(o, nameOf(id))
	})
	return id
}

// purge frees the name of a deleted vault, if there is one and it is not protected.
func (t *T) purge(o *Org, name string) {
	p, err := t.vaults(o).NewVaultsClient().BeginPurgeDeleted(t.ctx(), name, t.Env.Location, nil)
	if _, err := done(t, p, err); err != nil {
		t.Logf("vault %s was not purged: %v", name, err)
	}
}

func vaultTypes() []*lifecycle {
	provider := func(t *T) *Org { return t.Env.Provider }
	return []*lifecycle{
		{
			area: vaultType, version: vaultVersion, reserved: true,
			source:        "https://learn.microsoft.com/rest/api/keyvault/keyvault/vaults/create-or-update",
			parent:        func(t *T) string { return groupID(provider(t), t.group(provider(t))) },
			fresh:         func(t *T) string { return groupID(provider(t), t.ownGroup(provider(t))) },
			parentVersion: groupsVersion,
			body:          func(t *T, _ string) object { return t.vaultBody(provider(t)) },
			update:        func(b object) object { return with(b, true, "properties", "enabledForDeployment") },
			invalid: func(_ *T, b object) object {
				return with(b, false, "properties", "enablePurgeProtection")
			},
			why: "that sets enablePurgeProtection to false",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.vaults(o).NewVaultsClient().Get(t.ctx(), groupOf(id), nameOf(id), nil)
				return res.Vault, err
			},
			ids: func(t *T, o *Org, id string) []string {
				return listedIDs(t, t.vaults(o).NewVaultsClient().NewListByResourceGroupPager(groupOf(id), nil))
			},
			removed: func(t *T, id string) { t.purge(provider(t), nameOf(id)) },
		},
		{
			area: vaultType + "/secrets", version: vaultVersion, kept: true,
			source:        "https://learn.microsoft.com/rest/api/keyvault/keyvault/secrets/create-or-update",
			parent:        func(t *T) string { return t.vault(provider(t)) },
			fresh:         func(t *T) string { return t.ownVault(provider(t)) },
			parentVersion: vaultVersion,
			body: func(*T, string) object {
				return object{"tags": object{"made-by": "conformance"}, "properties": object{
					"value": "not-a-secret", "contentType": "text/plain", "attributes": object{"enabled": true},
				}}
			},
			hidden: [][]string{{"properties", "value"}},
			update: func(b object) object { return with(b, "application/json", "properties", "contentType") },
			invalid: func(_ *T, b object) object {
				return with(b, "tomorrow", "properties", "attributes", "exp")
			},
			why: "with an expiry that is no number",
			get: func(t *T, o *Org, id string) (any, error) {
				client := t.vaults(o).NewSecretsClient()
				res, err := client.Get(t.ctx(), groupOf(id), segment(id, "vaults"), nameOf(id), nil)
				return res.Secret, err
			},
			ids: func(t *T, o *Org, id string) []string {
				client := t.vaults(o).NewSecretsClient()
				return listedIDs(t, client.NewListPager(groupOf(id), segment(id, "vaults"), nil))
			},
		},
	}
}
