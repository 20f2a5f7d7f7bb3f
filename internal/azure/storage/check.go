package storage

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/store"
)

// CheckState calls found for every account name and every blob's container that leads nowhere. container is a name such
// as "account/container".
func CheckState(tx *store.Tx, containers []string, found func(what string)) error {
	resource := func(id string) bool {
		parsed, err := arm.ParseID(id)
		return err == nil && arm.IsStored(tx, parsed)
	}
	accounts := map[string]string{}
	err := tx.Scan(tableAccounts, "", func(name string, _ []byte) error {
		id, ok, err := accountID(tx, name)
		if err != nil || !ok || !arm.IsStored(tx, id) {
			found("the storage account of the name " + name + " is missing")
		}
		accounts[name] = id.String()
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range containers {
		account, container, _ := strings.Cut(name, "/")
		if id := accounts[account]; id == "" || !resource(id+"/blobServices/default/containers/"+container) {
			found("container " + name + " is missing, and there are blobs in it")
		}
	}
	return nil
}
