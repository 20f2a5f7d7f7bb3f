package storage

import (
	"encoding/json"
	"maps"
	"net/netip"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/identity"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// Accounts gives the blob data plane the control plane's accounts, containers and permissions. It is a blob.Accounts
// and a blob.Authorizer.
type Accounts struct {
	server  *arm.Server
	content *blob.Content
}

var (
	_ blob.Accounts   = (*Accounts)(nil)
	_ blob.Authorizer = (*Accounts)(nil)
)

// NewAccounts makes the data plane's view of the server's accounts, whose blobs are in content.
func NewAccounts(server *arm.Server, content *blob.Content) *Accounts {
	return &Accounts{server: server, content: content}
}

// load finds an account's resource by name.
func load(c *arm.Call, name string) (*arm.Resource, bool) {
	id, ok, err := accountID(c.Tx, name)
	if err != nil || !ok {
		return nil, false
	}
	return c.Get(id)
}

// Account finds an account by name.
func (a *Accounts) Account(name string) (out blob.Account, ok bool) {
	err := a.server.View(func(c *arm.Call) error {
		r, found := load(c, name)
		if !found {
			return nil
		}
		ok = true
		props := r.Properties()
		sku := r.String("sku", "name")
		out = blob.Account{
			Name: r.ID.Name(), ID: r.ID.String(), Instance: r.Instance(),
			Keys:       [][]byte{keyOf(r, keyNames[0]), keyOf(r, keyNames[1])},
			Delegation: delegationOf(r),
			SharedKey:  props["allowSharedKeyAccess"] != false, HTTPSOnly: props["supportsHttpsTrafficOnly"] != false,
			PublicAccess: props["allowBlobPublicAccess"] == true, ReadableSecondary: strings.Contains(sku, "_RA"),
			HierarchicalNamespace: props["isHnsEnabled"] == true, Kind: jsonbody.Text(r.Body, "kind"), SKU: sku,
			AccessTier: jsonbody.Text(props, "accessTier"),
		}
		out.Closed, out.Admitted = network(props)
		if s, known := a.server.Directory().Subscription(c.Tx, r.ID.Subscription); known {
			out.TenantID = s.TenantID
		}
		return nil
	})
	return out, ok && err == nil
}

// network reads an account's network rules: whether it is closed to all but the addresses that it admits.
// Source: https://learn.microsoft.com/azure/storage/common/storage-network-security
func network(props map[string]any) (closed bool, admitted []netip.Prefix) {
	if strings.EqualFold(jsonbody.Text(props, "publicNetworkAccess"), "Disabled") {
		return true, nil
	}
	acls, _ := props["networkAcls"].(map[string]any)
	if jsonbody.Text(acls, "defaultAction") != "Deny" {
		return false, nil
	}
	rules, _ := acls["ipRules"].([]any)
	for _, r := range rules {
		rule, _ := r.(map[string]any)
		if prefix, err := netip.ParsePrefix(jsonbody.Text(rule, "value")); err == nil {
			admitted = append(admitted, prefix)
		} else if address, err := netip.ParseAddr(jsonbody.Text(rule, "value")); err == nil {
			admitted = append(admitted, netip.PrefixFrom(address, address.BitLen()))
		}
	}
	return true, admitted
}

// loadSame finds the resource of the very account, which is missing when another has its name.
func loadSame(c *arm.Call, of blob.Account) (*arm.Resource, bool) {
	r, ok := load(c, of.Name)
	return r, ok && r.Instance() == of.Instance
}

// Container finds a container; with a transaction, as that sees it.
func (a *Accounts) Container(tx *store.Tx, of blob.Account, name string) (out blob.Container, ok bool) {
	find := func(c *arm.Call) error {
		r, found := loadSame(c, of)
		if !found {
			return nil
		}
		// Resource ids are compared without regard to case, names in the data plane with it.
		if r, found = c.Get(containerID(r.ID, name)); found && r.ID.Name() == name {
			out, ok = containerOf(c, r), true
		}
		return nil
	}
	var err error
	if tx != nil {
		err = find(&arm.Call{Tx: tx, Server: a.server})
	} else {
		err = a.server.View(find)
	}
	return out, ok && err == nil
}

// containerOf is a container's resource as the data plane sees it.
func containerOf(c *arm.Call, r *arm.Resource) blob.Container {
	props := r.Properties()
	out := blob.Container{
		Name: r.ID.Name(), ID: r.ID.String(), Instance: r.Instance(),
		ETag:     strings.Trim(jsonbody.Text(r.Body, "etag"), `"`),
		Metadata: metadataOf(props), PublicAccess: jsonbody.Text(props, "publicAccess"),
	}
	out.Lease = leaseOf(r)
	if t, err := time.Parse(time.RFC3339Nano, jsonbody.Text(props, "lastModifiedTime")); err == nil {
		out.LastModified = t.Truncate(time.Second)
	}
	if policy, ok := c.Get(r.ID.Child("immutabilityPolicies", "default")); ok {
		days, _ := policy.Value("properties", "immutabilityPeriodSinceCreationInDays").(float64)
		out.Immutable = time.Duration(days) * 24 * time.Hour
	}
	return out
}

// Containers lists an account's containers in name order.
func (a *Accounts) Containers(of blob.Account) (out []blob.Container, err error) {
	err = a.server.View(func(c *arm.Call) error {
		r, ok := loadSame(c, of)
		if !ok {
			return nil
		}
		for _, r := range c.Children(r.ID.Child("blobServices", "default"), "containers") {
			out = append(out, containerOf(c, r))
		}
		return nil
	})
	return out, err
}

// CreateContainer makes the container's resource, with the same rules as a PUT on it.
func (a *Accounts) CreateContainer(of blob.Account, container blob.Container) (blob.Container, error) {
	return a.write(of, container.Name, func(c *arm.Call, id arm.ID, old *arm.Resource) (*arm.Write, error) {
		if old != nil {
			return nil, blob.ErrContainerExists
		}
		w := &arm.Write{New: &arm.Resource{
			ID: id, CreatedAt: c.Now, CreatedBy: c.Caller.Name, ModifiedBy: c.Caller.Name,
			Body: map[string]any{"properties": map[string]any{"publicAccess": container.PublicAccess}},
		}}
		setMetadata(w.New, container.Metadata)
		return w, nil
	})
}

// DelegationSecret is the secret of the account's user delegation keys, made if it has none yet.
func (a *Accounts) DelegationSecret(of blob.Account) (secret []byte, err error) {
	err = a.server.Update(func(c *arm.Call) error {
		r, ok := loadSame(c, of)
		if !ok {
			return blob.ErrContainerNotFound
		}
		if secret = delegationOf(r); len(secret) > 0 {
			return nil
		}
		if err := makeDelegation(r); err != nil {
			return serviceError(err)
		}
		secret = delegationOf(r)
		if err := c.Save(r); err != nil {
			return serviceError(err)
		}
		return nil
	})
	return secret, err
}

// privateLease is where a container keeps its lease.
const privateLease = "lease"

// leaseOf is the lease on a container; nil without one.
func leaseOf(r *arm.Resource) *blob.Lease {
	raw, err := json.Marshal(r.Private[privateLease])
	var l *blob.Lease
	if err != nil || json.Unmarshal(raw, &l) != nil {
		return nil
	}
	return l
}

func setLease(r *arm.Resource, l *blob.Lease) {
	if l == nil {
		delete(r.Private, privateLease)
		return
	}
	if r.Private == nil {
		r.Private = map[string]any{}
	}
	r.Private[privateLease] = l
}

// ChangeContainer changes a container's metadata and lease.
func (a *Accounts) ChangeContainer(
	of blob.Account, name string, change func(c *blob.Container) error,
) (blob.Container, error) {
	return a.write(of, name, func(c *arm.Call, id arm.ID, old *arm.Resource) (*arm.Write, error) {
		if old == nil || old.ID.Name() != name {
			return nil, blob.ErrContainerNotFound
		}
		changed := containerOf(c, old)
		if err := change(&changed); err != nil {
			return nil, err
		}
		fresh, _ := c.Get(id)
		if !maps.Equal(changed.Metadata, metadataOf(old.Properties())) {
			setMetadata(fresh, changed.Metadata)
		}
		setLease(fresh, changed.Lease)
		return &arm.Write{Old: old, New: fresh}, nil
	})
}

func setMetadata(r *arm.Resource, metadata map[string]string) {
	if len(metadata) == 0 {
		delete(r.Properties(), "metadata")
		return
	}
	out := map[string]any{}
	for name, value := range metadata {
		out[name] = value
	}
	r.Properties()["metadata"] = out
}

// write changes a container in one transaction.
func (a *Accounts) write(
	of blob.Account, name string, prepare func(c *arm.Call, id arm.ID, old *arm.Resource) (*arm.Write, error),
) (out blob.Container, err error) {
	err = a.server.Update(func(c *arm.Call) error {
		r, ok := loadSame(c, of)
		if !ok {
			return blob.ErrContainerNotFound
		}
		id := containerID(r.ID, name)
		old, _ := c.Get(id)
		w, err := prepare(c, id, old)
		if err != nil {
			return err
		}
		if err := putContainer(c, w); err != nil {
			return serviceError(err)
		}
		if err := c.Save(w.New); err != nil {
			return serviceError(err)
		}
		out = containerOf(c, w.New)
		return nil
	})
	return out, err
}

// DeleteContainer removes the container's resource, what belongs to it, and its blobs.
func (a *Accounts) DeleteContainer(of blob.Account, name string, check func(c blob.Container) error) error {
	return a.server.Update(func(c *arm.Call) error {
		c.Tx.MakesRoom()
		r, ok := loadSame(c, of)
		if !ok {
			return blob.ErrContainerNotFound
		}
		if r, ok = c.Get(containerID(r.ID, name)); !ok || r.ID.Name() != name {
			return blob.ErrContainerNotFound
		}
		if err := check(containerOf(c, r)); err != nil {
			return err
		}
		if err := a.server.RemoveTree(c, r); err != nil {
			return serviceError(err)
		}
		return nil
	})
}

// serviceError turns an error of the control plane into one of the data plane.
func serviceError(err *arm.Error) *blob.Error {
	return &blob.Error{Status: err.Status, Code: err.Code, Message: err.Message}
}

// audience is what tokens for the data plane are issued for.
// Source: https://learn.microsoft.com/azure/storage/blobs/authorize-access-azure-active-directory
const audience = "https://storage.azure.com"

// Bearer verifies a token for Azure Storage.
func (a *Accounts) Bearer(token string) (caller blob.Caller, err error) {
	err = a.server.View(func(c *arm.Call) error {
		p, err := a.server.Directory().Verify(c.Tx, token, audience)
		caller = blob.Caller{ObjectID: p.ObjectID, TenantID: p.TenantID, ClientID: p.ClientID}
		return err
	})
	return caller, err
}

// Claimed is whom a token names, verified or not.
func (a *Accounts) Claimed(token string) blob.Caller {
	p := identity.Claimed(token)
	return blob.Caller{ObjectID: p.ObjectID, TenantID: p.TenantID, ClientID: p.ClientID}
}

// Allowed reports whether the principal has a role that permits the action at the scope.
func (a *Accounts) Allowed(principalObjectID, scope, action string, data bool) (ok bool) {
	err := a.server.View(func(c *arm.Call) error {
		ok = a.server.Directory().Allowed(c.Tx, principalObjectID, scope, action, data)
		return nil
	})
	return ok && err == nil
}
