package datashare

import (
	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

func (p *provider) dataSets() *arm.Type {
	return &arm.Type{
		Name:        namespace + "/accounts/shares/dataSets",
		NoPatch:     true,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         p.putDataSet,
	}
}

// putDataSet adds data to a share. The account's identity must be able to read the storage account already.
func (p *provider) putDataSet(c *arm.Call, w *arm.Write) *arm.Error {
	if w.Old != nil && w.Old.String("kind") != w.New.String("kind") {
		return fixed(w.New.ID, "kind", w.Old.String("kind"))
	}
	if err := unchanged(w, "subscriptionId", "resourceGroup", "storageAccountName"); err != nil {
		return err
	}
	if err := unchanged(w, "containerName"); err != nil {
		return err
	}
	for _, n := range []string{"filePath", "prefix"} { // blob names know upper and lower case
		if w.Old != nil && w.Old.String("properties", n) != w.New.String("properties", n) {
			return fixed(w.New.ID, "properties."+n, w.Old.String("properties", n))
		}
	}
	pl, err := placeOf(w.New)
	if err != nil {
		return err
	}
	_, principal, err := p.account(c, w.New.ID)
	if err != nil {
		return err
	}
	if err := p.check(c, pl, principal, readBlobs); err != nil {
		return err
	}
	w.New.Properties()["containerName"] = pl.stored(c).container
	if w.Old != nil {
		keep(w, "dataSetId")
		return nil
	}
	w.New.Properties()["dataSetId"] = uuid.NewString()
	return nil
}
