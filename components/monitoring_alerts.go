package components

import (
	"fmt"
	"strings"

	activityalerts "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20201001"
	actiongroups "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20230101"
	queryrules "github.com/pulumi/pulumi-azure-native-sdk/insights/v2/v20230315preview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/crossorg/crossorg/internal/rules"
)

// alertSender is how mails begin that alerts send, at most 12 characters.
const alertSender = "datasharing"

// alert is a rule that is raised while its query has rows. Azure takes durations from a fixed set only, a window of at
// most two days (learn.microsoft.com/azure/azure-monitor/alerts/alerts-create-log-alert-rule).
type alert struct {
	// name is that of the query's file.
	name string
	// severity is 0 (critical) to 4 (verbose).
	severity int
	// window is how far back the query sees and frequency how often it runs, in ISO 8601.
	window, frequency string
	// preamble goes before the query; nil for nothing.
	preamble pulumi.StringInput
	// former is the rule's name in older stacks; "" for the same.
	former string
}

// eventAlert is one that is raised by events: the window is wider than the frequency, as logs arrive late.
func eventAlert(name string, severity int) alert {
	return alert{name: name, severity: severity, window: "PT1H", frequency: "PT15M"}
}

// overdueAlert is one that is raised when no snapshot of a side succeeds for longer than its schedule allows.
func overdueAlert(side namedSide) alert {
	a := alert{
		name:     side.name + "-snapshot-overdue",
		severity: 2,
		preamble: pulumi.Sprintf("let tolerance = %dh;\nlet since = datetime(%s);\n",
			int(rules.SnapshotTolerance(side.SnapshotInterval).Hours()), side.start()),
		window: "PT2H", frequency: "PT15M",
	}
	if side.SnapshotInterval == rules.Day {
		a.window, a.frequency = "P2D", "PT1H"
	}
	return a
}

// alerts are the rules that args asks for.
func (a *MonitoringArgs) alerts() []alert {
	all := []alert{
		eventAlert("snapshot-failed", 1),
		eventAlert("vault-access-denied", 1),
	}
	if a.Consumer != nil {
		revoked := eventAlert("consumer-subscription-revoked", 2)
		revoked.former = "subscription-revoked"
		all = append(all, revoked)
	}
	for _, side := range a.sides() {
		if side.SnapshotInterval != "" {
			all = append(all, overdueAlert(side))
		}
	}
	return all
}

// newAlerts registers the action group, if there is anybody to notify, and the rules.
func newAlerts(ctx *pulumi.Context, name string, args *MonitoringArgs, m *Monitoring) error {
	m.ActionGroupID = none()
	var group *actiongroups.ActionGroup // nil without recipients
	if len(args.Recipients) > 0 {
		var err error
		if group, err = newActionGroup(ctx, name, args, m); err != nil {
			return err
		}
		m.ActionGroupID = group.ID().ToStringOutput().ToStringPtrOutput()
	}
	ids := pulumi.StringMap{}
	if args.Provider != nil {
		rule, err := newRevocationAlert(ctx, name+"-"+revocationAlert, group, args, m)
		if err != nil {
			return err
		}
		ids[revocationAlert] = rule.ID().ToStringOutput()
	}
	for _, a := range args.alerts() {
		rule, err := newAlertRule(ctx, name+"-"+a.name, a, group, args, m)
		if err != nil {
			return err
		}
		ids[a.name] = rule.ID().ToStringOutput()
	}
	m.AlertIDs = ids.ToStringMapOutput()
	return nil
}

func newActionGroup(
	ctx *pulumi.Context, name string, args *MonitoringArgs, m *Monitoring,
) (*actiongroups.ActionGroup, error) {
	receivers := actiongroups.EmailReceiverArray{}
	for i, address := range args.Recipients {
		receivers = append(receivers, actiongroups.EmailReceiverArgs{
			Name:                 pulumi.String(fmt.Sprintf("recipient-%d", i+1)),
			EmailAddress:         pulumi.String(address),
			UseCommonAlertSchema: pulumi.Bool(true),
		})
	}
	return register(ctx, "insights:ActionGroup", name+"-alerts", &actiongroups.ActionGroupArgs{
		ResourceGroupName: args.ResourceGroupName,
		// Action groups are not bound to a region.
		Location:       pulumi.String("global"),
		GroupShortName: pulumi.String(alertSender),
		Enabled:        pulumi.Bool(true),
		EmailReceivers: receivers,
		Tags:           args.Tags,
	}, &actiongroups.ActionGroup{}, pulumi.Parent(m), replaced("insights:ActionGroup"))
}

// newAlertRule registers a rule on the workspace's logs.
//
// Its query begins with a fuzzy union of an empty table, so that it resolves while a table of the workspace does not:
// before its first row and thirty days after its last. A rule that goes on failing is disabled after a week
// (learn.microsoft.com/azure/azure-monitor/alerts/alerts-troubleshoot-log). Microsoft's page says that rules with union
// are supported across resources only (learn.microsoft.com/azure/azure-monitor/alerts/alerts-log-query), though others
// deploy them without; so each table is named with its workspace, as across resources. That Azure takes the rule's own
// workspace for such a resource is unproven. The name is the ARM id, which a preview knows, and not the GUID, which it
// may not know (learn.microsoft.com/azure/azure-monitor/logs/cross-workspace-query has both).
func newAlertRule(
	ctx *pulumi.Context, name string, a alert, group *actiongroups.ActionGroup, args *MonitoringArgs, m *Monitoring,
) (*queryrules.ScheduledQueryRule, error) {
	query, err := readQuery("alerts/" + a.name)
	if err != nil {
		return nil, err
	}
	text := m.WorkspaceID.ApplyT(func(workspace string) string {
		return strings.ReplaceAll(strings.TrimSpace(query.text), "{{workspace}}", workspace)
	}).(pulumi.StringOutput)
	if a.preamble != nil {
		text = pulumi.Sprintf("%s%s", a.preamble, text)
	}
	opts := []pulumi.ResourceOption{pulumi.Parent(m), replaced("insights:ScheduledQueryRule")}
	if a.former != "" {
		former := strings.TrimSuffix(name, a.name) + a.former
		opts = append(opts, pulumi.Aliases([]pulumi.Alias{{Name: pulumi.String(former)}}))
	}
	var actions queryrules.ActionsPtrInput
	if group != nil {
		actions = queryrules.ActionsArgs{ActionGroups: pulumi.StringArray{group.ID().ToStringOutput()}}
	}
	return register(ctx, "insights:ScheduledQueryRule", name, &queryrules.ScheduledQueryRuleArgs{
		ResourceGroupName:   args.ResourceGroupName,
		Location:            args.Location.ToStringOutput(),
		Kind:                pulumi.String(queryrules.KindLogAlert),
		DisplayName:         pulumi.String(query.title),
		Description:         pulumi.String(query.description),
		Severity:            pulumi.Float64(a.severity),
		Enabled:             pulumi.Bool(true),
		Scopes:              pulumi.StringArray{m.WorkspaceID},
		WindowSize:          pulumi.String(a.window),
		EvaluationFrequency: pulumi.String(a.frequency),
		// It is raised once, and resolves by itself when the query has no rows any more.
		AutoMitigate: pulumi.Bool(true),
		// A new workspace does not have the tables yet. The query resolves without them, which one observer found to
		// matter even so.
		SkipQueryValidation: pulumi.Bool(true),
		Criteria: queryrules.ScheduledQueryRuleCriteriaArgs{AllOf: queryrules.ConditionArray{queryrules.ConditionArgs{
			Query:           text,
			TimeAggregation: pulumi.String(queryrules.TimeAggregationCount),
			Operator:        pulumi.String(queryrules.ConditionOperatorGreaterThan),
			Threshold:       pulumi.Float64(0),
			FailingPeriods: queryrules.ConditionFailingPeriodsArgs{
				NumberOfEvaluationPeriods: pulumi.Float64(1),
				MinFailingPeriodsToAlert:  pulumi.Float64(1),
			},
		}}},
		Actions: actions,
		Tags:    args.Tags,
	}, &queryrules.ScheduledQueryRule{}, opts...)
}

// revocationAlert is the rule that notices that the organization, as a provider, has revoked a consumer's access.
const revocationAlert = "provider-subscription-revoked"

// newRevocationAlert watches the activity log, the one place in which every revocation is: share subscriptions have no
// log table of their own
// (learn.microsoft.com/azure/azure-monitor/reference/supported-logs/microsoft-datashare-accounts-logs). The operation
// is asynchronous: whether its end is logged beside its acceptance is unproven, so either raises it.
func newRevocationAlert(
	ctx *pulumi.Context, name string, group *actiongroups.ActionGroup, args *MonitoringArgs, m *Monitoring,
) (*activityalerts.ActivityLogAlert, error) {
	equals := func(field, value string) (at activityalerts.AlertRuleLeafConditionArgs) {
		return activityalerts.AlertRuleLeafConditionArgs{Field: pulumi.String(field), Equals: pulumi.String(value)}
	}
	all := activityalerts.AlertRuleAnyOfOrLeafConditionArray{
		activityalerts.AlertRuleAnyOfOrLeafConditionArgs{
			Field: pulumi.String("category"), Equals: pulumi.String("Administrative")},
		activityalerts.AlertRuleAnyOfOrLeafConditionArgs{
			Field:  pulumi.String("operationName"),
			Equals: pulumi.String("Microsoft.DataShare/accounts/shares/providerShareSubscriptions/revoke/action")},
		activityalerts.AlertRuleAnyOfOrLeafConditionArgs{AnyOf: activityalerts.AlertRuleLeafConditionArray{
			equals("status", "Succeeded"), equals("status", "Accepted")}},
	}
	actions := activityalerts.ActionGroupArray{}
	if group != nil {
		actions = append(actions, activityalerts.ActionGroupArgs{ActionGroupId: group.ID().ToStringOutput()})
	}
	return register(ctx, "insights:ActivityLogAlert", name, &activityalerts.ActivityLogAlertArgs{
		ResourceGroupName: args.ResourceGroupName,
		// The activity log is not bound to a region.
		Location: pulumi.String("global"),
		Description: pulumi.String("A consumer's access to a share of this organization was revoked. Its future " +
			"snapshots stop; what was copied before stays with the consumer."),
		Enabled:   pulumi.Bool(true),
		Scopes:    pulumi.StringArray{args.Provider.DataShareAccountID.ToStringOutput()},
		Condition: activityalerts.AlertRuleAllOfConditionArgs{AllOf: all},
		Actions:   activityalerts.ActionListArgs{ActionGroups: actions},
		Tags:      args.Tags,
	}, &activityalerts.ActivityLogAlert{}, pulumi.Parent(m), replaced("insights:ActivityLogAlert"))
}
