package servicefabric

import "github.com/crossorg/crossorg/internal/azure/arm"

func (p *provider) applicationTypes() *arm.Type { return &arm.Type{Name: appTypeType} }

func (p *provider) versions() *arm.Type {
	return &arm.Type{Name: versionType, PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.AzureAsyncOperation}
}
