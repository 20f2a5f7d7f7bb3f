package monitor

import "github.com/crossorg/crossorg/internal/azure/arm"

func diagnosticSettings() *arm.Type {
	return &arm.Type{Name: diagnosticSettingType, Extension: true, NoPatch: true}
}
