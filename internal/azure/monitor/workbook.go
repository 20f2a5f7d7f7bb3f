package monitor

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// workbooks are interactive reports; their content is a JSON document in a string.
// Source: https://learn.microsoft.com/azure/azure-monitor/visualize/workbooks-automate
func workbooks() *arm.Type {
	return &arm.Type{
		Name: workbookType,
		CheckName: func(name string) *arm.Error {
			if _, err := uuid.Parse(name); err != nil || len(name) != 36 {
				return arm.BadRequest("BadRequest", "The workbook resource name '%s' is not valid: it must be a GUID.",
					name)
			}
			return nil
		},
		Put: putWorkbook, Show: showWorkbook, More: filterWorkbooks,
		Options: arm.QueryOptions{
			List: []string{"category", "tags", "sourceId", withContent}, Get: []string{withContent},
			Put: []string{"sourceId"},
		},
	}
}

// withContent is the query parameter that asks for the content of workbooks, or not to have it.
const withContent = "canFetchContent"

// showWorkbook leaves out the content when the request does so.
func showWorkbook(c *arm.Call, _ *arm.Resource, body map[string]any) {
	if strings.EqualFold(c.Option(withContent), "false") {
		delete(jsonbody.Object(body, "properties"), "serializedData")
	}
}

// filterWorkbooks keeps the workbooks of a category, with tags and about a resource, as far as the request names them.
// Source: https://learn.microsoft.com/rest/api/application-insights/workbooks/list-by-subscription
func filterWorkbooks(c *arm.Call, found []*arm.Resource) ([]*arm.Resource, *arm.Error) {
	category, source, tags := c.Option("category"), c.Option("sourceId"), c.Option("tags")
	return slices.DeleteFunc(found, func(r *arm.Resource) bool {
		own := jsonbody.Texts(r.Properties(), "tags")
		lacks := func(tag string) bool { return !slices.Contains(own, strings.TrimSpace(tag)) }
		return category != "" && !strings.EqualFold(r.String("properties", "category"), category) ||
			source != "" && !strings.EqualFold(r.String("properties", "sourceId"), source) ||
			tags != "" && slices.ContainsFunc(strings.Split(tags, ","), lacks)
	}), nil
}

func putWorkbook(c *arm.Call, w *arm.Write) *arm.Error {
	props := w.New.Properties()
	for _, key := range []string{"category", "displayName"} {
		if strings.TrimSpace(jsonbody.Text(props, key)) == "" {
			return arm.BadRequest("BadRequest", "The workbook '%s' has an empty '%s': give it a text.", w.New.ID.Name(),
				key)
		}
	}
	var content map[string]any
	if err := json.Unmarshal([]byte(jsonbody.Text(props, "serializedData")), &content); err != nil {
		return arm.BadRequest("BadRequest", "The 'serializedData' of the workbook '%s' is not a JSON object: %v.",
			w.New.ID.Name(), err)
	}
	if err := c.CompleteIdentity(w); err != nil {
		return err
	}
	jsonbody.SetDefault(w.New.Body, "kind", "shared")
	jsonbody.SetDefault(props, "version", "Notebook/1.0")
	jsonbody.SetDefault(props, "sourceId", "azure monitor")
	props["sourceId"] = strings.ToLower(jsonbody.Text(props, "sourceId")) // Azure keeps it in lower case
	props["timeModified"] = arm.Timestamp(c.Now)
	props["userId"] = c.Caller.ObjectID
	props["revision"] = strings.ReplaceAll(uuid.NewString(), "-", "")
	return nil
}
