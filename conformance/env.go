package conformance

import (
	"net/netip"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Env is an Azure to ask, and who asks. The zero value of a field means what the SDK takes for it.
type Env struct {
	// Cloud says where sign-in and Azure Resource Manager are.
	Cloud cloud.Configuration
	// Transport sends all requests; nil is the SDK's own.
	Transport policy.Transporter
	// Provider deploys to a subscription that it owns. It stands for the organization that shares data.
	Provider *Org
	// Consumer is the organization that receives data. It may be the provider itself; the promises that need two
	// tenants are asked only when its tenant is another.
	Consumer *Org
	// Stranger signs in to the provider's tenant and holds no role on its subscription; nil if there is none. Its own
	// subscription is not used.
	Stranger *Org
	// Spare is an organization's subscription in which nothing else is done, so that its registrations may be changed;
	// nil if there is none.
	Spare *Org
	// Location is the region for all resources; OtherLocation any other one.
	Location, OtherLocation string
	// Prefix begins the names of all resources: lowercase letters and digits, at most 6 characters.
	Prefix string
	// Cluster allows what runs machines.
	Cluster bool
	// Slow says that operations take their time, so that they can be met in progress; Limited, that requests beyond the
	// published limits are refused.
	Slow, Limited bool
	// Advance moves the clock of an Azure that has one to move, and signs the principals in again; nil if there is
	// none. It changes the world for everybody, so a promise that needs it must have its Azure for itself.
	Advance func(by time.Duration) error
	// Address is the public address that the suite's requests come from; none if it is not known.
	Address netip.Addr
	// Poll is the pause between two looks at something that takes time, and Patience how long that may take at most:
	// role assignments, for example, take up to ten minutes to hold.
	Poll, Patience time.Duration
}

// Org is an organization's login and subscription.
type Org struct {
	Tenant, Subscription string
	// ClientID and ObjectID of the principal behind the credential. ObjectID is read from its token when empty.
	ClientID, ObjectID string
	Credential         azcore.TokenCredential
}

// Offers reports whether the Azure has what a promise needs.
func (e *Env) Offers(n Need) bool {
	switch n {
	case TwoTenants:
		return e.Consumer.Tenant != e.Provider.Tenant
	case Stranger:
		return e.Stranger != nil
	case Spare:
		return e.Spare != nil
	case Cluster:
		return e.Cluster
	case Slow:
		return e.Slow
	case Limited:
		return e.Limited
	case Address:
		return e.Address.IsValid()
	case Clock:
		return e.Advance != nil
	}
	return false
}

// Asks reports whether a promise is asked of the Azure.
func (e *Env) Asks(p Promise) bool {
	for _, n := range p.Needs {
		if !e.Offers(n) {
			return false
		}
	}
	return true
}
