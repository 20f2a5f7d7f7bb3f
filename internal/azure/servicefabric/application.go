package servicefabric

import "github.com/crossorg/crossorg/internal/azure/arm"

func (p *provider) applications() *arm.Type {
	return &arm.Type{Name: applicationType, PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.AzureAsyncOperation}
}

func (p *provider) services() *arm.Type {
	return &arm.Type{Name: serviceType, PutAsync: arm.AzureAsyncOperation, DeleteAsync: arm.AzureAsyncOperation}
}
