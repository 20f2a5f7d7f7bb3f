package datashare

import (
	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

func (p *provider) shares() *arm.Type {
	return &arm.Type{
		Name:        namespace + "/accounts/shares",
		NoPatch:     true,
		DeleteAsync: arm.AzureAsyncOperation,
		Put:         p.putShare,
		Delete:      p.deleteShare,
		Actions: map[string]arm.Action{
			"listsynchronizations": {Permission: "listSynchronizations/action", Run: p.listShareSynchronizations},
			"listsynchronizationdetails": {Permission: "listSynchronizationDetails/action",
				Run: p.listShareSynchronizationDetails},
		},
	}
}

func (p *provider) putShare(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	if jsonbody.Text(props, "shareKind") == "" {
		props["shareKind"] = "CopyBased"
	}
	if err := unchanged(w, "shareKind"); err != nil {
		return err
	}
	objectID(w)
	stamp(c, w, true)
	return nil
}

// deleteShare ends the share's history for the provider. Its children have told the consumers before.
func (p *provider) deleteShare(c *arm.Call, r *arm.Resource) *arm.Error {
	return forgetShareRuns(c, hidden(r, "objectId"))
}

func (p *provider) listShareSynchronizations(c *arm.Call, share *arm.Resource, _ map[string]any) (any, *arm.Error) {
	runs, err := runsOf(c, hidden(share, "objectId")+"/")
	if err != nil {
		return nil, err
	}
	var out []any
	for _, r := range runs {
		out = append(out, r.providerView())
	}
	return jsonbody.Collection(out), nil
}

func (p *provider) listShareSynchronizationDetails(
	c *arm.Call, share *arm.Resource, body map[string]any,
) (any, *arm.Error) {
	return detailsOf(c, hidden(share, "objectId")+"/", jsonbody.Text(body, "synchronizationId"))
}
