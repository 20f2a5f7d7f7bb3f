package storage

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
	"github.com/crossorg/crossorg/internal/azure/store"
)

const (
	// jobDaily applies an account's lifecycle policy, and removes deleted blobs and containers whose retention has
	// ended, once a day.
	jobDaily = "daily"
	// tableDaily says when an account's next daily job is: account name → time. A job of another time does nothing.
	tableDaily = "storage.daily"
)

// daily makes sure that the account's job runs every day.
func (p *provider) daily(c *arm.Call, account arm.ID) *arm.Error {
	if c.Tx.Has(tableDaily, account.Name()) {
		return nil
	}
	return p.tomorrow(c, account)
}

func (p *provider) tomorrow(c *arm.Call, account arm.ID) *arm.Error {
	at := c.Now.Add(24 * time.Hour)
	if err := c.Tx.Put(tableDaily, account.Name(), at); err != nil {
		return arm.InternalError(err)
	}
	return c.EnqueueDetached(account, jobDaily, at, map[string]any{"at": at.Format(time.RFC3339Nano)})
}

// runDaily is the daily job. It may be interrupted and run again at any point.
func (p *provider) runDaily(
	_ context.Context, s *arm.Server, account *arm.Resource, payload map[string]any,
) *arm.Error {
	var todo work
	mine := false
	err := s.View(func(c *arm.Call) error {
		if _, ok := c.Same(account); !ok {
			return nil
		}
		var at time.Time
		if _, err := c.Tx.Get(tableDaily, account.ID.Name(), &at); err != nil {
			return err
		}
		mine = at.Format(time.RFC3339Nano) == jsonbody.Text(payload, "at")
		todo = lifecycleOf(c, account.ID)
		todo.content, todo.account, todo.server = p.content, account.ID.Name(), s
		return nil
	})
	if err == nil && mine {
		err = todo.apply()
	}
	if err == nil && mine {
		err = s.Update(func(c *arm.Call) error {
			if _, ok := c.Same(account); !ok {
				return nil
			}
			if err := p.content.PurgeDeleted(c.Tx, account.ID.Name(), c.Now); err != nil {
				return err
			}
			if err := p.purgeContainers(c, account.ID.Name()); err != nil {
				return err
			}
			if err := p.tomorrow(c, account.ID); err != nil {
				return err
			}
			return nil
		})
	}
	if err != nil {
		return arm.Errorf(http.StatusInternalServerError, "InternalServerError",
			"The daily job of storage account %s failed: %v", account.ID.Name(), err)
	}
	return nil
}

// work is the list of actions that a lifecycle policy asks for at a time.
type work struct {
	content    *blob.Content
	server     *arm.Server
	account    string
	now        time.Time
	rules      []map[string]any
	containers []*arm.Resource
}

func lifecycleOf(c *arm.Call, account arm.ID) work {
	out := work{now: c.Now}
	policy, ok := c.Get(account.Child("managementPolicies", "default"))
	if !ok {
		return out
	}
	rules, _ := policy.Value("properties", "policy", "rules").([]any)
	for _, r := range rules {
		if rule, ok := r.(map[string]any); ok && rule["enabled"] != false {
			if definition, ok := rule["definition"].(map[string]any); ok {
				out.rules = append(out.rules, definition)
			}
		}
	}
	out.containers = c.Children(account.Child("blobServices", "default"), "containers")
	return out
}

// apply moves and deletes blobs by the rules. Where several actions fall due at once the cheapest wins: deletion, then
// the archive, then the cool tier.
// Source: https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-overview
func (w *work) apply() error {
	if len(w.rules) == 0 {
		return nil
	}
	for _, container := range w.containers {
		items, err := w.content.Versions(w.account, container.ID.Name(), "", false, w.now)
		if err != nil {
			return err
		}
		for _, item := range items {
			if err := w.one(container, item); err != nil && !errors.Is(err, blob.ErrNotFound) &&
				!errors.Is(err, blob.ErrCurrentVersion) && !errors.Is(err, blob.ErrSnapshotsPresent) &&
				!errors.Is(err, errSpared) {
				return err
			}
		}
	}
	return nil
}

// errSpared means that a blob is not the policy's to change: it is another one by now, or kept from changes.
var errSpared = errors.New("the blob is spared")

// mayChange spares blobs of a container that was deleted since the policy was read, although another may have its name,
// and blobs that were written since they were found.
func (w *work) mayChange(container *arm.Resource, item blob.Item) func(*store.Tx, *blob.Properties) error {
	return func(tx *store.Tx, old *blob.Properties) error {
		if _, ok := (&arm.Call{Tx: tx, Server: w.server}).Same(container); !ok || old.ETag != item.ETag {
			return errSpared
		}
		return nil
	}
}

// mayDelete spares blobs that have a lease, or that their container keeps immutable, as well.
func (w *work) mayDelete(container *arm.Resource, item blob.Item) func(*store.Tx, *blob.Properties) error {
	mayChange := w.mayChange(container, item)
	return func(tx *store.Tx, old *blob.Properties) error {
		if err := mayChange(tx, old); err != nil {
			return err
		}
		kept := containerOf(&arm.Call{Tx: tx, Server: w.server}, container).Immutable
		if old.Lease.Active(w.now) || kept > 0 && w.now.Before(old.CreatedAt.Add(kept)) {
			return errSpared
		}
		return nil
	}
}

func (w *work) one(container *arm.Resource, item blob.Item) error {
	due := map[string]bool{}
	for _, rule := range w.rules {
		if !covers(rule, container.ID.Name()+"/"+item.Name, item.Tags) {
			continue
		}
		kind := "version"
		switch {
		case item.Current:
			kind = "baseBlob"
		case item.Snapshot != "":
			kind = "snapshot"
		}
		actions, _ := rule["actions"].(map[string]any)
		of, _ := actions[kind].(map[string]any)
		for action, v := range of {
			condition, _ := v.(map[string]any)
			if w.due(condition, item) {
				due[action] = true
			}
		}
	}
	key := blob.Key{Account: w.account, Container: container.ID.Name(), Name: item.Name}
	switch {
	case due["delete"] && item.Current:
		return w.content.DeleteIf(key, w.now, w.mayDelete(container, item))
	case due["delete"]:
		key.Version, key.Snapshot = item.VersionID, item.Snapshot
		return w.content.DeleteVersion(key, w.now, w.mayDelete(container, item))
	case !item.Current: // the tiers of versions are not kept apart here
	case due["tierToArchive"]:
		return w.tier(key, container, item, "Archive")
	case due["tierToCool"]:
		return w.tier(key, container, item, "Cool")
	}
	return nil
}

func (w *work) tier(key blob.Key, container *arm.Resource, item blob.Item, tier string) error {
	if item.Tier == tier || item.Tier == "Archive" {
		return nil
	}
	check := w.mayChange(container, item)
	_, err := w.content.Change(key, w.now, blob.ChangeTier, func(tx *store.Tx, p *blob.Properties) error {
		if err := check(tx, p); err != nil {
			return err
		}
		p.Tier = tier
		return nil
	})
	return err
}

// covers reports whether a rule's filters take a blob, named with its container, that has the index tags.
func covers(rule map[string]any, name string, tags map[string]string) bool {
	filters, _ := rule["filters"].(map[string]any)
	types, _ := filters["blobTypes"].([]any)
	if !slices.Contains(types, any("blockBlob")) {
		return false
	}
	for _, match := range jsonbody.Objects(filters, "blobIndexMatch") {
		value, has := tags[jsonbody.Text(match, "name")]
		if !has || jsonbody.Text(match, "op") != "==" || value != jsonbody.Text(match, "value") {
			return false
		}
	}
	prefixes, _ := filters["prefixMatch"].([]any)
	return len(prefixes) == 0 || slices.ContainsFunc(prefixes, func(p any) bool {
		prefix, _ := p.(string)
		return strings.HasPrefix(name, prefix)
	})
}

// due reports whether a condition's days have passed. Times of access are not tracked here, as they are not on Azure
// unless asked for.
func (w *work) due(condition map[string]any, item blob.Item) bool {
	older := func(since time.Time, days any) bool {
		n, ok := days.(float64)
		return ok && w.now.Sub(since) > time.Duration(n*24)*time.Hour
	}
	if days := condition["daysAfterModificationGreaterThan"]; days != nil {
		return older(item.LastModified, days)
	}
	if days := condition["daysAfterCreationGreaterThan"]; days != nil {
		if item.Current {
			return older(item.CreatedAt, days)
		}
		return older(item.VersionCreated(), days)
	}
	return false
}
