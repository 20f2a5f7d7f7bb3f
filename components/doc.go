// Package components builds governed data sharing between organizations on Azure out of five Pulumi components:
//
//   - [ProviderOrg] is what an organization needs to offer data: storage, a vault, a Data Share account that may read.
//   - [ConsumerOrg] is what an organization needs to receive data: the same boundary, whose account may write.
//   - [ShareWithDataset] carries data sets from one provider to any number of consumers.
//   - [GovernanceCluster] is the Service Fabric managed cluster that governance services run on.
//   - [Monitoring] keeps an organization's audit logs, alerts and workbook.
//
// The components know Pulumi and Azure only: any Pulumi Go program can use them. Which subscription and tenant a
// component lands in is decided by the azure-native provider among its resource options, which its children inherit.
package components
