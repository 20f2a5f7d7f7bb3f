package components

import (
	"fmt"
	"strings"

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
		preamble: pulumi.Sprintf("let tolerance = %dh;\nlet firstRun = datetime(%s);\n",
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
		eventAlert("subscription-revoked", 2),
		eventAlert("vault-access-denied", 1),
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
	var actions queryrules.ActionsPtrInput
	if len(args.Recipients) > 0 {
		group, err := newActionGroup(ctx, name, args, m)
		if err != nil {
			return err
		}
		m.ActionGroupID = group.ID().ToStringOutput().ToStringPtrOutput()
		actions = queryrules.ActionsArgs{ActionGroups: pulumi.StringArray{group.ID().ToStringOutput()}}
	}
	ids := pulumi.StringMap{}
	for _, a := range args.alerts() {
		rule, err := newAlertRule(ctx, name+"-"+a.name, a, actions, args, m)
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

func newAlertRule(
	ctx *pulumi.Context, name string, a alert, actions queryrules.ActionsPtrInput, args *MonitoringArgs, m *Monitoring,
) (*queryrules.ScheduledQueryRule, error) {
	query, err := readQuery("alerts/" + a.name)
	if err != nil {
		return nil, err
	}
	text := pulumi.String(strings.TrimSpace(query.text)).ToStringOutput()
	if a.preamble != nil {
		text = pulumi.Sprintf("%s%s", a.preamble, text)
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
		// A new workspace does not have the tables yet.
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
	}, &queryrules.ScheduledQueryRule{}, pulumi.Parent(m), replaced("insights:ScheduledQueryRule"))
}
