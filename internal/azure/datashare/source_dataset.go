package datashare

import (
	"net/http"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// consumerSourceDataSetRoute lists the data sets of the share behind a subscription, as far as the consumer may know them.
// Source: https://learn.microsoft.com/rest/api/datashare/consumer-source-data-sets
func (p *provider) consumerSourceDataSetRoute() arm.Route {
	return arm.Route{
		Method: http.MethodGet,
		Path: "/subscriptions/{subscriptionId}/resourceGroups/{resourceGroupName}/providers/Microsoft.DataShare/" +
			"accounts/{accountName}/shareSubscriptions/{shareSubscriptionName}/consumerSourceDataSets",
		Permission: "Microsoft.DataShare/accounts/shareSubscriptions/consumerSourceDataSets/read",
		Handle:     p.listSourceDataSets,
	}
}

func (p *provider) listSourceDataSets(c *arm.Call, params map[string]string, _ map[string]any) (any, *arm.Error) {
	id := arm.ID{
		Subscription: params["subscriptionId"], ResourceGroup: params["resourceGroupName"], Namespace: namespace,
		Types: []string{"accounts", "shareSubscriptions"},
		Names: []string{params["accountName"], params["shareSubscriptionName"]},
	}
	sub, ok := c.Get(id)
	if !ok {
		return nil, arm.NotFound(id)
	}
	var out []any
	share, ok := source(c, sub)
	if !ok {
		return list(out), nil
	}
	account, _, err := p.account(c, share.ID)
	if err != nil {
		return nil, err
	}
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
		out = append(out, map[string]any{
			"id":   sub.ID.Child("consumerSourceDataSets", dataSetID).String(),
			"name": dataSetID,
			"type": namespace + "/accounts/shareSubscriptions/consumerSourceDataSets",
			"properties": map[string]any{
				"dataSetId":       dataSetID,
				"dataSetName":     d.ID.Name(),
				"dataSetType":     pl.kind,
				"dataSetPath":     path,
				"dataSetLocation": account.String("location"),
			},
		})
	}
	return list(out), nil
}
