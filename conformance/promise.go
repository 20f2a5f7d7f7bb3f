package conformance

import (
	"fmt"
	"regexp"
	"slices"
)

// Promise is one thing that Azure does.
type Promise struct {
	// Name tells the promise from all others: "5006 until the account's identity may read".
	Name string
	// Area is the resource type that it is about, or the part of Azure: "Microsoft.DataShare/accounts", "Identity".
	Area string
	// Statement is the promise itself, in one sentence.
	Statement string
	// Source is the page of the documentation that says so.
	Source string
	// Code is the error code that the documentation gives for what is refused here. Empty when nothing is refused, or
	// when no documentation gives the code: then Undocumented is set and any 4xx will do.
	Code string
	// CodeSource is where the code can be read, if that is not Source: another page, the official client's list of
	// codes, or an issue with the answer of the real service in it.
	CodeSource string
	// Undocumented marks a refusal whose code no documentation gives.
	Undocumented bool
	// Needs is what the Azure must offer for the promise to be asked of it.
	Needs []Need
	// Test asks the Azure before t.
	Test func(t *T)
}

// Need is something that not every Azure, or not every login to it, offers.
type Need string

// What a promise may need.
const (
	// TwoTenants is a second organization in another tenant.
	TwoTenants Need = "two tenants"
	// Stranger is a principal of the provider's tenant that holds no role on the provider's subscription.
	Stranger Need = "a principal without roles"
	// Spare is a subscription that registrations may be changed in.
	Spare Need = "a subscription to spare"
	// Cluster is a running managed cluster: five machines, half an hour, and the money for both.
	Cluster Need = "a running cluster"
	// Slow is an Azure whose operations take time.
	Slow Need = "operations that take time"
	// Limited is an Azure that refuses too many requests.
	Limited Need = "request limits"
	// Address is an Azure that sees an address that is known on the suite's requests.
	Address Need = "a known address"
	// Clock is an Azure whose clock can be moved: no real one.
	Clock Need = "a clock that can be moved"
)

// Promises lists them all, ordered by area and name.
func Promises() []Promise {
	all := slices.Concat(
		lifecyclePromises(),
		resourceManagerPromises(), identityPromises(), authorizationPromises(),
		storagePromises(), immutabilityPromises(), blobPromises(), leasePromises(), vaultPromises(), secretPromises(),
		datasharePromises(), snapshotPromises(),
		monitorPromises(), clusterPromises(), applicationPromises(),
		governancePromises(), slowPromises(), timePromises(),
		keepingPromises(), queryPromises(), discoveryPromises(),
		managedIdentityPromises(),
	)
	slices.SortStableFunc(all, func(a, b Promise) int {
		if a.Area != b.Area {
			return compareFold(a.Area, b.Area)
		}
		return compareFold(a.Name, b.Name)
	})
	return all
}

var sourcePattern = regexp.MustCompile(`^https://[a-z.]+/\S+$`)

// Check reports what a list of promises lacks to be a good one: every promise needs a name of its own, a sentence, a
// source and a test.
func Check(all []Promise) error {
	seen := map[string]bool{}
	for _, p := range all {
		key := p.Key()
		switch {
		case p.Name == "" || p.Area == "" || p.Statement == "" || p.Test == nil:
			return fmt.Errorf("the promise %q is incomplete: it needs Name, Area, Statement and Test", key)
		case seen[key]:
			return fmt.Errorf("two promises are called %q", key)
		case !sourcePattern.MatchString(p.Source):
			return fmt.Errorf("the promise %q has no source, or one that is no URL: %q", key, p.Source)
		case p.CodeSource != "" && (p.Code == "" || !sourcePattern.MatchString(p.CodeSource)):
			return fmt.Errorf("the promise %q has a source for no code, or one that is no URL: %q", key, p.CodeSource)
		case p.Code != "" && p.Undocumented:
			return fmt.Errorf("the promise %q has an error code and calls it undocumented", key)
		}
		seen[key] = true
	}
	return nil
}

// Key identifies a promise in records of runs.
func (p Promise) Key() string { return p.Area + ": " + p.Name }
