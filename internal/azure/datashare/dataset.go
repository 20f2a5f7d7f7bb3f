package datashare

import (
	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

func (p *provider) dataSets() *arm.Type {
	return &arm.Type{
		Name:        namespace + "/accounts/shares/dataSets",
		NoPatch:     true,
		NoUpdate:    noUpdate,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         p.putDataSet,
	}
}

// putDataSet adds data to a share. The account's identity must be able to read the storage account already.
func (p *provider) putDataSet(c *arm.Call, w *arm.Write) *arm.Error {
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
	w.New.Properties()["dataSetId"] = uuid.NewString()
	return nil
}
