package monitor

import (
	"net/http"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// savedSearches are the named queries of a workspace. They have no location and no tags of their own.
// Source: https://learn.microsoft.com/rest/api/loganalytics/saved-searches
func savedSearches() *arm.Type {
	return &arm.Type{
		Name: savedSearchType, Created: http.StatusOK, NoPatch: true, Put: putSavedSearch,
		NoUpdate: overSavedSearch,
		Show: func(_ *arm.Call, r *arm.Resource, body map[string]any) {
			body["etag"] = `W/"datetime'` + arm.Timestamp(r.ModifiedAt) + `'"`
		},
	}
}

// overSavedSearch refuses to write over a saved search without its etag.
// Source: https://github.com/MicrosoftDocs/azure-docs/issues/49275; the message is the one that
// https://github.com/ssc-spc-ccoe-cei/azure-guardrails-solution-accelerator/pull/61 quotes.
func overSavedSearch(c *arm.Call, w *arm.Write) *arm.Error {
	if c.MatchesEtag(w) {
		return nil
	}
	return arm.Conflict("Conflict", "Newer data exists in the Customer Configuration Store: the saved search '%s' is "+
		"there already, and a request that writes over it gives its etag.", w.Old.ID.Name())
}

func putSavedSearch(_ *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	for _, key := range []string{"category", "displayName", "query"} {
		if strings.TrimSpace(jsonbody.Text(props, key)) == "" {
			return arm.BadRequest("InvalidParameter", "The saved search '%s' has an empty '%s': give it a text.",
				w.New.ID.Name(), key)
		}
	}
	jsonbody.SetDefault(props, "version", 2.0)
	return nil
}
