package monitor

import "github.com/crossorg/crossorg/internal/azure/arm"

func actionGroups() *arm.Type {
	return &arm.Type{Name: actionGroupType}
}
