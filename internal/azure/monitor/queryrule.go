package monitor

import "github.com/crossorg/crossorg/internal/azure/arm"

func scheduledQueryRules() *arm.Type {
	return &arm.Type{Name: scheduledQueryRuleType}
}
