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
//
// Their arguments and outputs have the names in their pulumi tags, in every language. An argument is an Input wherever
// its value may be an output of another resource; it is plain where it decides which resources there are, or how they
// are named. Arguments are checked together when a component is registered, as far as they are known by then, and an
// error names them by those names. What is known later is checked when it is.
package components
