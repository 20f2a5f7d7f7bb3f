package datashare

import (
	"github.com/crossorg/crossorg/internal/azure/arm"
)

// sourceDataSets are the data sets of the share behind a subscription, as far as the consumer may know them. They are
// listed only, with a permission on the share subscription.
// Source: https://learn.microsoft.com/rest/api/datashare/consumer-source-data-sets
func (p *provider) sourceDataSets() *arm.Type {
	return &arm.Type{
		Name:  namespace + "/accounts/shareSubscriptions/consumerSourceDataSets",
		NoGet: true, NoPut: true, NoPatch: true, NoDelete: true,
		List: p.listSourceDataSets,
	}
}

func (p *provider) listSourceDataSets(c *arm.Call, collection arm.ID) ([]*arm.Resource, *arm.Error) {
	sub, ok := c.Get(top(collection, 2))
	if !ok {
		return nil, arm.NotFound(top(collection, 2))
	}
	share, ok := source(c, sub)
	if !ok {
		return nil, nil
	}
	account, _, err := p.account(c, share.ID)
	if err != nil {
		return nil, err
	}
	var out []*arm.Resource
	for _, d := range c.Children(share.ID, "dataSets") {
		pl, err := placeOf(d)
		if err != nil {
			return nil, err
		}
		path := pl.container
		if pl.path != "" {
			path += "/" + pl.path
		}
		dataSetID := d.String("properties", "dataSetId")
		out = append(out, &arm.Resource{
			ID: sub.ID.Child("consumerSourceDataSets", dataSetID),
			Body: map[string]any{"properties": map[string]any{
				"dataSetId":       dataSetID,
				"dataSetName":     d.ID.Name(),
				"dataSetType":     pl.kind,
				"dataSetPath":     path,
				"dataSetLocation": account.String("location"),
			}},
		})
	}
	return out, nil
}
