package components

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/google/uuid"
	workbooks "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20220401"
	"github.com/pulumi/pulumi-azure-native-sdk/operationalinsights/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// queryFiles are the queries of alerts, those that are saved in the workspace, and the workbook.
//
//go:embed monitoring
var queryFiles embed.FS

// query is a .kql file: the first line, a comment, is its title; the comment lines that follow are its description.
type query struct{ title, description, text string }

// readQuery reads a query by its file's name without the extension.
func readQuery(name string) (query, error) {
	content, err := queryFiles.ReadFile("monitoring/" + name + ".kql")
	if err != nil {
		return query{}, err
	}
	q := query{text: string(content)}
	var comment []string
	for line := range strings.Lines(q.text) {
		words, isComment := strings.CutPrefix(strings.TrimSpace(line), "//")
		if !isComment {
			break
		}
		comment = append(comment, strings.TrimSpace(words))
	}
	if len(comment) == 0 {
		return query{}, fmt.Errorf("query %s has no title: begin it with a comment", name)
	}
	q.title, q.description = comment[0], strings.Join(comment[1:], " ")
	return q, nil
}

// newSavedQueries puts the queries of the folder queries into the workspace, where people find them under one category.
func newSavedQueries(ctx *pulumi.Context, name string, args *MonitoringArgs, m *Monitoring) error {
	files, err := queryFiles.ReadDir("monitoring/queries")
	if err != nil {
		return err
	}
	for _, file := range files {
		id := strings.TrimSuffix(file.Name(), path.Ext(file.Name()))
		query, err := readQuery("queries/" + id)
		if err != nil {
			return err
		}
		_, err = operationalinsights.NewSavedSearch(ctx, name+"-"+id, &operationalinsights.SavedSearchArgs{
			ResourceGroupName: args.ResourceGroupName,
			WorkspaceName:     m.WorkspaceName,
			SavedSearchId:     pulumi.String(id),
			Category:          pulumi.String("Data sharing"),
			DisplayName:       pulumi.String(query.title),
			Query:             pulumi.String(strings.TrimSpace(query.text)),
			Version:           pulumi.Float64(2),
		}, pulumi.Parent(m), replaced("operationalinsights:SavedSearch"))
		if err != nil {
			return err
		}
	}
	return nil
}

// newWorkbook registers the governance workbook on the workspace.
func newWorkbook(ctx *pulumi.Context, name string, args *MonitoringArgs, m *Monitoring) error {
	template, err := queryFiles.ReadFile("monitoring/governance_workbook.json")
	if err != nil {
		return err
	}
	workbook, err := register(ctx, "insights:Workbook", name+"-workbook", &workbooks.WorkbookArgs{
		ResourceGroupName: args.ResourceGroupName,
		Location:          args.Location.ToStringOutput(),
		// Azure wants a GUID here: always the same one for the same workspace.
		ResourceName: m.WorkspaceID.ApplyT(func(workspace string) string {
			return uuid.NewSHA1(uuid.NameSpaceURL, []byte(strings.ToLower(workspace)+"/"+name)).String()
		}).(pulumi.StringOutput),
		Kind:        pulumi.String(workbooks.WorkbookSharedTypeKindShared),
		Category:    pulumi.String("workbook"),
		DisplayName: pulumi.String("Data sharing governance"),
		Description: pulumi.String("Shares, snapshots, who received what, and failures"),
		Version:     pulumi.String("Notebook/1.0"),
		SerializedData: m.WorkspaceID.ApplyT(func(workspace string) (string, error) {
			return serializeWorkbook(template, workspace)
		}).(pulumi.StringOutput),
		// Azure stores it in lower case.
		SourceId: m.WorkspaceID.ApplyT(strings.ToLower).(pulumi.StringOutput),
		Tags:     args.Tags,
	}, &workbooks.Workbook{}, pulumi.Parent(m), replaced("insights:Workbook"))
	if err != nil {
		return err
	}
	m.WorkbookID = workbook.ID().ToStringOutput()
	return nil
}

// serializeWorkbook is the workbook as Azure takes it: text without line breaks that names the workspace.
func serializeWorkbook(template []byte, workspace string) (string, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, template); err != nil {
		return "", fmt.Errorf("governance workbook: %w", err)
	}
	return strings.ReplaceAll(compact.String(), "{{workspaceId}}", workspace), nil
}
