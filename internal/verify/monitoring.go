package verify

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/stack"
)

// Log categories by what they are of (learn.microsoft.com/azure/azure-monitor/reference/logs-index).
var (
	shareLogs = []string{"Shares", "ShareSubscriptions", "SentShareSnapshots", "ReceivedShareSnapshots"}
	vaultLogs = []string{"AuditEvent"}
	blobLogs  = []string{"StorageRead", "StorageWrite", "StorageDelete"}
)

func (r *run) monitoring(organization string, m stack.Monitoring) []checks.Question {
	o := r.Outputs.Organizations[organization]
	group := ""
	for _, s := range o.Sides() {
		if strings.HasPrefix(strings.ToLower(m.WorkspaceID), strings.ToLower(s.GroupID())+"/") {
			group = s.GroupID()
		}
	}
	withTags := func(check, id, version string,
		judge func(checks.Subject, *stack.Resource) []checks.Check) checks.Question {
		a := checks.About(organization, id)
		return checks.Question{Label: short(id), Ask: func(ctx context.Context) []checks.Check {
			found, err := r.reader.Get(ctx, organization, id, version)
			if err != nil {
				return r.unreadable(a, check, "there", err)
			}
			return append(judge(a, found), r.tagged(ctx, a, group, found))
		}}
	}
	all := []checks.Question{withTags("workspace", m.WorkspaceID, workspaceVersion,
		func(a checks.Subject, found *stack.Resource) []checks.Check {
			return []checks.Check{a.Equal("workspace", succeeded, found.Text("provisioningState"),
				"wait for it, or "+r.restore())}
		})}
	for _, s := range o.Sides() {
		all = append(all,
			r.diagnostics("share-logs", organization, s.DataShareAccountID, m.WorkspaceID, shareLogs),
			r.diagnostics("vault-audited", organization, s.VaultID, m.WorkspaceID, vaultLogs),
			r.diagnostics("blob-logs", organization, s.StorageAccountID+"/blobServices/default",
				m.WorkspaceID, blobLogs))
	}
	for _, what := range slices.Sorted(maps.Keys(m.AlertIDs)) {
		all = append(all, r.alert(m.AlertIDs[what], m, o, withTags))
	}
	if m.ActionGroupID != "" {
		all = append(all, withTags("action-group", m.ActionGroupID, actionVersion,
			func(a checks.Subject, found *stack.Resource) []checks.Check {
				enabled, _ := found.Flag("enabled")
				return []checks.Check{a.Is("action-group", "enabled", enabled, onOff(enabled),
					"set enabled to true: "+r.restore())}
			}))
	}
	return all
}

// alert checks a rule on the workspace's logs, or on the activity log of the account that sends data: that it is
// enabled (Azure disables one whose query has failed for a week), what it watches, and whom it notifies.
func (r *run) alert(
	id string, m stack.Monitoring, o stack.Organization, ask func(check, id, version string,
		judge func(checks.Subject, *stack.Resource) []checks.Check) checks.Question,
) checks.Question {
	version, watched, expected := alertVersion, m.WorkspaceID, "watches the organization's workspace"
	onActivity := strings.Contains(strings.ToLower(id), "/activitylogalerts/")
	if onActivity {
		version, expected = activityAlertVersion, "watches the account that sends data"
		if o.Provider != nil {
			watched = o.Provider.DataShareAccountID
		}
	}
	return ask("alert", id, version, func(a checks.Subject, found *stack.Resource) []checks.Check {
		enabled, stated := found.Flag("enabled")
		rows := []checks.Check{a.Is("alert", "enabled", enabled || !stated, onOff(enabled || !stated),
			"set enabled to true: "+r.restore())}
		rows = append(rows, a.Is("alert-scope", expected, contains(found.Value("scopes"), watched),
			text(found.Value("scopes")), r.restore()))
		groups := found.Value("actions", "actionGroups")
		if onActivity { // objects, each with the id of a group
			var ids []any
			for _, group := range objects(groups) {
				ids = append(ids, group["actionGroupId"])
			}
			groups = ids
		}
		if m.ActionGroupID != "" {
			rows = append(rows, a.Is("alert-action", "notifies the action group", contains(groups, m.ActionGroupID),
				text(groups), r.restore()))
		}
		return rows
	})
}

// diagnostics checks that a resource sends all categories to the workspace, by one setting or by several.
func (r *run) diagnostics(check, organization, id, workspace string, categories []string) checks.Question {
	return r.list(check, organization, id, "/providers/Microsoft.Insights/diagnosticSettings", diagnosticVersion, nil,
		func(a checks.Subject, settings []*stack.Resource) []checks.Check {
			expected := strings.Join(categories, ", ") + " to the organization's workspace"
			sent, elsewhere := map[string]bool{}, ""
			for _, setting := range settings {
				to := setting.Text("workspaceId")
				if !strings.EqualFold(to, workspace) {
					elsewhere = " (a setting sends to " + orNothing(to) + ")"
					continue
				}
				for _, log := range objects(setting.Value("logs")) {
					if on, _ := log["enabled"].(bool); !on {
						continue
					}
					category, _ := log["category"].(string)
					sent[category] = true
					switch group, _ := log["categoryGroup"].(string); strings.ToLower(group) {
					case "alllogs":
						for _, c := range categories {
							sent[c] = true
						}
					case "audit":
						if check == "vault-audited" {
							sent["AuditEvent"] = true
						}
					}
				}
			}
			var missing []string
			for _, c := range categories {
				if !sent[c] {
					missing = append(missing, c)
				}
			}
			if len(missing) > 0 {
				return []checks.Check{a.Is(check, expected, false, "not sent: "+strings.Join(missing, ", ")+elsewhere,
					"add the diagnostic setting again: "+r.restore())}
			}
			return []checks.Check{a.Is(check, expected, true, "all sent", "")}
		})
}

func objects(v any) []map[string]any {
	list, _ := v.([]any)
	var out []map[string]any
	for _, e := range list {
		if object, ok := e.(map[string]any); ok {
			out = append(out, object)
		}
	}
	return out
}

// contains reports whether a list of ids has an id.
func contains(v any, id string) bool {
	list, _ := v.([]any)
	for _, e := range list {
		if s, ok := e.(string); ok && strings.EqualFold(s, id) {
			return true
		}
	}
	return false
}

func text(v any) string {
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		if s, ok := e.(string); ok {
			out = append(out, short(s))
		}
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}
