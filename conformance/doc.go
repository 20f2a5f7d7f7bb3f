// Package conformance is a list of promises about Azure, each written once with the official Azure SDK for Go clients
// and kept by any Azure that it is run against: the embedded one in every `go test`, a real subscription on request.
//
// A promise is a sentence, the page that says so, and a test. It knows the Azure before it through [Env] alone: a cloud
// configuration, credentials, subscriptions. Where the documentation names an error code the promise asserts it; where
// it does not, the promise asserts that the request is refused as the caller's fault (4xx) and says so.
//
// Against a real subscription (everything lies in one resource group, which is deleted at the end):
//
//	CROSSORG_CONFORMANCE_SUBSCRIPTION=… go test ./conformance -run TestAzureKeepsItsPromises -timeout 3h
//
// signs in as azidentity's DefaultAzureCredential does. See azure_test.go for the other variables: a second
// organization, a principal without roles, and CROSSORG_CONFORMANCE_CLUSTER=1 for what needs a running
// cluster.
//
// docs/conformance.md lists every promise with its source and the Azures that were seen to keep it.
package conformance

//go:generate go test . -count=1 -run TestEmbeddedAzureKeepsItsPromises -record
