package conformance

const (
	managedIdentityVersion = "2023-01-31"
	managedIdentityType    = "Microsoft.ManagedIdentity/userAssignedIdentities"
	docsManagedIdentity    = "https://learn.microsoft.com/rest/api/managedidentity/"
)

// managedIdentity is a user-assigned identity that several promises give credentials to.
func (t *T) managedIdentity() string {
	t.Helper()
	return share(t, "managed identity", func() string { return t.madeIdentity(t.group(t.Env.Provider)) })
}

// ownManagedIdentity is a user-assigned identity for one promise.
func (t *T) ownManagedIdentity() string {
	t.Helper()
	return t.madeIdentity(t.ownGroup(t.Env.Provider))
}

func (t *T) madeIdentity(group string) string {
	t.Helper()
	o := t.Env.Provider
	id := groupID(o, group) + "/providers/" + managedIdentityType + "/" + t.name(20)
	t.made(o, id, managedIdentityVersion, object{"location": t.Env.Location})
	return id
}

// credentialBody trusts an issuer's tokens about a subject that no other credential names.
func (t *T) credentialBody() object {
	return object{"properties": object{
		"issuer":  "https://token.actions.githubusercontent.com",
		"subject": "repo:contoso/" + t.name(20) + ":ref:refs/heads/main",
		// A list of any, as JSON has it.
		"audiences": []any{"api://AzureADTokenExchange"},
	}}
}

func managedIdentityTypes() []*lifecycle {
	provider := func(t *T) *Org { return t.Env.Provider }
	return []*lifecycle{
		{
			area: managedIdentityType, version: managedIdentityVersion,
			source:        docsManagedIdentity + "user-assigned-identities/create-or-update",
			parent:        func(t *T) string { return groupID(provider(t), t.group(provider(t))) },
			fresh:         func(t *T) string { return groupID(provider(t), t.ownGroup(provider(t))) },
			parentVersion: groupsVersion,
			body: func(t *T, _ string) object {
				return object{"location": t.Env.Location, "tags": object{"made-by": "conformance"}}
			},
			update:  func(b object) object { return with(b, object{"made-by": "conformance", "stage": "two"}, "tags") },
			invalid: func(t *T, b object) object { return with(b, t.Env.OtherLocation, "location") },
			why:     "to another location",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.managedIdentities(o).NewUserAssignedIdentitiesClient().Get(t.ctx(), groupOf(id),
					nameOf(id), nil)
				return res.Identity, err
			},
			ids: func(t *T, o *Org, id string) []string {
				pager := t.managedIdentities(o).NewUserAssignedIdentitiesClient().
					NewListByResourceGroupPager(groupOf(id), nil)
				return listedIDs(t, pager)
			},
		},
		{
			area: managedIdentityType + "/federatedIdentityCredentials", version: managedIdentityVersion,
			source:        docsManagedIdentity + "federated-identity-credentials/create-or-update",
			parent:        func(t *T) string { return t.managedIdentity() },
			fresh:         func(t *T) string { return t.ownManagedIdentity() },
			parentVersion: managedIdentityVersion,
			body:          func(t *T, _ string) object { return t.credentialBody() },
			update: func(b object) object {
				return with(b, "repo:contoso/elsewhere:environment:prod", "properties", "subject")
			},
			invalid: func(_ *T, b object) object { return with(b, []any{}, "properties", "audiences") },
			why:     "without an audience",
			get: func(t *T, o *Org, id string) (any, error) {
				res, err := t.managedIdentities(o).NewFederatedIdentityCredentialsClient().Get(t.ctx(), groupOf(id),
					segment(id, "userAssignedIdentities"), nameOf(id), nil)
				return res.FederatedIdentityCredential, err
			},
			ids: func(t *T, o *Org, id string) []string {
				pager := t.managedIdentities(o).NewFederatedIdentityCredentialsClient().NewListPager(groupOf(id),
					segment(id, "userAssignedIdentities"), nil)
				return listedIDs(t, pager)
			},
		},
	}
}
