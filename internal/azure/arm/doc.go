// Package arm is the control plane of the embedded Azure: Azure Resource Manager's REST protocol over the resource
// types that resource providers register with it.
//
// It owns what is the same for every type: resource ids, api-version checks, authentication and authorization, request
// validation against the published types, parents and cascading deletes, the error envelope, asynchronous operations,
// durable jobs, locks, registration, request limits, latency, faults on request, and the request log. A resource
// provider (a sibling package) owns what is particular to its types.
//
// Protocol source: https://learn.microsoft.com/rest/api/resources and the Resource Provider Contract,
// https://github.com/cloud-and-ai-microsoft/resource-provider-contract.
package arm
