package storage

import (
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// tableDeleted keeps deleted containers until their retention ends: account/container/version → deletedContainer.
const tableDeleted = "storage.containers.deleted"

// deletedContainer is a container that can be restored with its blobs, which blob.Content keeps under the version. The
// immutability policy of a container, which only an empty one can be deleted with, is not kept.
// Source: https://learn.microsoft.com/azure/storage/blobs/soft-delete-container-overview
type deletedContainer struct {
	Resource *arm.Resource `json:"resource"`
	Version  string        `json:"version"`
	Deleted  time.Time     `json:"deleted"`
	Purge    time.Time     `json:"purge"`
}

func (d deletedContainer) key(account string) string {
	return account + "/" + d.Resource.ID.Name() + "/" + d.Version
}

// daysKept is how long the blob service with the properties keeps deleted containers; 0 is not at all.
func daysKept(service map[string]any) int {
	policy, _ := service["containerDeleteRetentionPolicy"].(map[string]any)
	days, _ := policy["days"].(float64)
	if policy["enabled"] != true {
		return 0
	}
	return int(days)
}

// bury keeps a container that is being deleted, if its account keeps deleted containers, and says whether it did.
func (p *provider) bury(c *arm.Call, account, container *arm.Resource) (bool, error) {
	service, ok := c.Get(account.ID.Child("blobServices", "default"))
	if !ok {
		return false, nil
	}
	days := daysKept(service.Properties())
	if days == 0 {
		return false, nil
	}
	d := deletedContainer{Resource: container, Deleted: c.Now, Purge: c.Now.AddDate(0, 0, days)}
	for at := c.Now; ; at = at.Add(100 * time.Nanosecond) { // two in one instant differ all the same
		if d.Version = blob.DeletedVersion(at); !c.Tx.Has(tableDeleted, d.key(account.ID.Name())) {
			break
		}
	}
	if err := p.content.KeepDeletedContainer(c.Tx, account.ID.Name(), container.ID.Name(), d.Version); err != nil {
		return false, err
	}
	return true, c.Tx.Put(tableDeleted, d.key(account.ID.Name()), d)
}

// deletedIn lists an account's deleted containers, by name and then by version. With all, those whose retention has
// ended are among them.
func deletedIn(c *arm.Call, account string, all bool) ([]*deletedContainer, error) {
	out, err := store.All[deletedContainer](c.Tx, tableDeleted, account+"/")
	return slices.DeleteFunc(out, func(d *deletedContainer) bool { return !all && !c.Now.Before(d.Purge) }), err
}

// purgeContainers removes deleted containers whose retention has ended.
func (p *provider) purgeContainers(c *arm.Call, account string) error {
	all, err := deletedIn(c, account, true)
	if err != nil {
		return err
	}
	for _, d := range all {
		if c.Now.Before(d.Purge) {
			continue
		}
		if err := p.content.PurgeDeletedContainer(c.Tx, account, d.Resource.ID.Name(), d.Version); err != nil {
			return err
		}
		if err := c.Tx.Delete(tableDeleted, d.key(account)); err != nil {
			return err
		}
	}
	return nil
}

// forgetContainers drops the records of an account's deleted containers; their blobs go with the account's.
func forgetContainers(c *arm.Call, account string) error {
	return c.Tx.DeleteAll(tableDeleted, account+"/")
}

// listContainers adds an account's deleted containers to a list that asks for them with $include=deleted, and keeps the
// containers whose names begin with $filter, which is a plain text here.
// Source: https://learn.microsoft.com/rest/api/storagerp/blob-containers/list
func listContainers(c *arm.Call, found []*arm.Resource) ([]*arm.Resource, *arm.Error) {
	switch include := c.Option("$include"); {
	case strings.EqualFold(include, "deleted"):
		var aerr *arm.Error
		if found, aerr = withDeleted(c, found); aerr != nil {
			return nil, aerr
		}
	case include != "":
		return nil, arm.BadRequest("InvalidQueryParameterValue", "The value '%s' of the query parameter '$include' is "+
			"invalid: it may be deleted.", include)
	}
	prefix := c.Option("$filter")
	return slices.DeleteFunc(found, func(r *arm.Resource) bool { return !strings.HasPrefix(r.ID.Name(), prefix) }), nil
}

// withDeleted adds an account's deleted containers to a list.
func withDeleted(c *arm.Call, found []*arm.Resource) ([]*arm.Resource, *arm.Error) {
	deleted, err := deletedIn(c, c.ID.Names[0], false)
	if err != nil {
		return nil, arm.InternalError(err)
	}
	for _, d := range deleted {
		props := d.Resource.Properties()
		props["deleted"], props["deletedTime"], props["version"] = true, arm.Timestamp(d.Deleted), d.Version
		props["remainingRetentionDays"] = int(d.Purge.Sub(c.Now).Hours() / 24)
		found = append(found, d.Resource)
	}
	return found, nil
}

// DeletedContainers lists an account's deleted containers.
func (a *Accounts) DeletedContainers(of blob.Account) (out []blob.Container, err error) {
	err = a.server.View(func(c *arm.Call) error {
		r, ok := loadSame(c, of)
		if !ok {
			return nil
		}
		deleted, err := deletedIn(c, r.ID.Name(), false)
		for _, d := range deleted {
			container := containerOf(c, d.Resource)
			container.Version, container.Deleted, container.Purge, container.Immutable = d.Version, d.Deleted, d.Purge,
				0
			out = append(out, container)
		}
		return err
	})
	return out, err
}

// RestoreContainer brings a deleted container back with its blobs, metadata and access level.
// Source: https://learn.microsoft.com/rest/api/storageservices/restore-container
func (a *Accounts) RestoreContainer(of blob.Account, name, version, destination string) (blob.Container, error) {
	return a.write(of, destination, func(c *arm.Call, id arm.ID, old *arm.Resource) (*arm.Write, error) {
		if old != nil {
			return nil, blob.ErrContainerExists
		}
		deleted, err := deletedIn(c, of.Name, false)
		if err != nil {
			return nil, err
		}
		for _, d := range deleted {
			if d.Resource.ID.Name() != name || !strings.EqualFold(d.Version, version) {
				continue
			}
			if err := a.content.RestoreContainer(c.Tx, of.Name, name, d.Version, destination); err != nil {
				return nil, err
			}
			if err := c.Tx.Delete(tableDeleted, d.key(of.Name)); err != nil {
				return nil, err
			}
			d.Resource.ID = id
			setLease(d.Resource, nil)
			return &arm.Write{New: d.Resource}, nil
		}
		return nil, blob.ErrContainerNotFound
	})
}
