package datashare

import (
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

func (p *provider) dataSetMappings() *arm.Type {
	return &arm.Type{
		Name:     namespace + "/accounts/shareSubscriptions/dataSetMappings",
		NoPatch:  true,
		NoUpdate: noUpdate,
		Put:      p.putMapping,
		Show:     p.showMapping,
		Delete:   p.deleteMapping,
	}
}

// putMapping says where a source data set lands. The account's identity must be able to write there already.
func (p *provider) putMapping(c *arm.Call, w *arm.Write) *arm.Error {
	pl, err := placeOf(w.New)
	if err != nil {
		return err
	}
	subID, _ := w.New.ID.Parent()
	sub, ok := c.Get(subID)
	if !ok {
		return arm.NotFound(subID)
	}
	wanted := w.New.String("properties", "dataSetId")
	set, ok := sourceDataSet(c, sub, wanted)
	if !ok {
		return arm.BadRequest("DataSetNotFound",
			"The share behind the share subscription '%s' has no data set with id '%s'. List consumerSourceDataSets "+
				"for the ids it has.", subID.Name(), wanted)
	}
	if set.String("kind") != pl.kind {
		return arm.BadRequest("DataSetMappingKindMismatch",
			"The data set '%s' is of kind '%s' and cannot be mapped with kind '%s'.", wanted, set.String("kind"),
			pl.kind)
	}
	for _, other := range c.Children(subID, "dataSetMappings") {
		if other.ID.Key() != w.New.ID.Key() && strings.EqualFold(other.String("properties", "dataSetId"), wanted) {
			return arm.Conflict("DataSetAlreadyMapped", "The data set '%s' is already mapped by '%s'.", wanted,
				other.ID.Name())
		}
	}
	_, principal, err := p.account(c, w.New.ID)
	if err != nil {
		return err
	}
	if err := p.check(c, pl, principal, writeBlobs); err != nil {
		return err
	}
	w.New.Properties()["containerName"] = pl.stored(c).container
	objectID(w)
	w.New.Properties()["provisioningState"] = "Succeeded"
	w.New.Properties()["dataSetMappingStatus"] = "Ok"
	return nil
}

// showMapping derives the status: a mapping breaks when its target or its source is gone.
func (p *provider) showMapping(c *arm.Call, r *arm.Resource, body map[string]any) {
	props, _ := body["properties"].(map[string]any)
	if props == nil {
		return
	}
	props["dataSetMappingStatus"] = "Ok"
	subID, _ := r.ID.Parent()
	sub, ok := c.Get(subID)
	if ok {
		_, ok = sourceDataSet(c, sub, r.String("properties", "dataSetId"))
	}
	pl, err := placeOf(r)
	if ok && err == nil {
		_, ok = c.Get(pl.containerID())
	}
	if !ok || err != nil {
		props["dataSetMappingStatus"] = "Broken"
	}
}

func (p *provider) deleteMapping(c *arm.Call, r *arm.Resource) *arm.Error {
	return forgetCopied(c, hidden(r, "objectId"))
}

// sourceDataSet finds a data set of the subscription's share by its data set id.
func sourceDataSet(c *arm.Call, sub *arm.Resource, dataSetID string) (*arm.Resource, bool) {
	share, ok := source(c, sub)
	if !ok {
		return nil, false
	}
	for _, d := range c.Children(share.ID, "dataSets") {
		if strings.EqualFold(d.String("properties", "dataSetId"), dataSetID) {
			return d, true
		}
	}
	return nil, false
}
