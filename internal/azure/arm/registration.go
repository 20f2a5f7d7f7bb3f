package arm

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// tableRegistrations holds, by subscription and namespace in lower case, what differs from the local default: that
// every namespace is registered.
const tableRegistrations = "registrations"

// registrationTakes is how long a namespace is Registering under latency; an order of magnitude, as none is published.
const registrationTakes = 30 * time.Second

// registrationFree are namespaces that every subscription has and cannot give up.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
var registrationFree = map[string]bool{"microsoft.authorization": true, "microsoft.resources": true}

type registration struct {
	Registered bool `json:"registered"`
	// Since is from when on it is; before it is on its way there.
	Since time.Time `json:"since"`
}

func registrationKey(subscription, namespace string) string {
	return strings.ToLower(subscription + "|" + namespace)
}

// Registered reports whether a subscription may use a resource provider's namespace. One that is still Registering may
// be used, as on Azure.
func (c *Call) Registered(subscription, namespace string) bool {
	r, known := registrationOf(c.Tx, subscription, namespace)
	return !known || r.Registered
}

func registrationOf(tx *store.Tx, subscription, namespace string) (r registration, known bool) {
	ok, err := tx.Get(tableRegistrations, registrationKey(subscription, namespace), &r)
	return r, ok && err == nil
}

// registrationState is the state in the words of Azure.
func (c *Call) registrationState(subscription, namespace string) string {
	r, known := registrationOf(c.Tx, subscription, namespace)
	passed := !c.Now.Before(r.Since)
	switch {
	case !known, r.Registered && passed:
		return "Registered"
	case r.Registered:
		return "Registering"
	case passed:
		return "NotRegistered"
	}
	return "Unregistering"
}

// register answers POST …/register and …/unregister.
func (s *Server) register(c *Call, subscription, namespace string, registered bool) *Error {
	if registrationFree[strings.ToLower(namespace)] || registered == c.Registered(subscription, namespace) {
		return nil
	}
	if !registered {
		for _, r := range c.Under(ID{Subscription: subscription}) {
			if strings.EqualFold(r.ID.Namespace, namespace) {
				// That it is refused is documented, the code is not: it is ours.
				return Conflict("SubscriptionHasResources", "The subscription cannot be unregistered from the "+
					"namespace '%s' while it has resources of it, such as '%s'. Delete them first.", namespace, r.ID)
			}
		}
	}
	r := registration{Registered: registered, Since: c.Now.Add(s.latency.scaled(registrationTakes))}
	if err := c.Tx.Put(tableRegistrations, registrationKey(subscription, namespace), r); err != nil {
		return InternalError(err)
	}
	return nil
}

// checkRegistered refuses a write or an action of a namespace that the subscription is not registered for.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-register-resource-provider
func (s *Server) checkRegistered(c *Call, id ID, method string) *Error {
	if method == http.MethodGet || method == http.MethodHead || method == http.MethodDelete || id.Subscription == "" ||
		c.Registered(id.Subscription, id.Namespace) {
		return nil
	}
	namespace := id.Namespace
	if p := s.providers[strings.ToLower(namespace)]; p != nil {
		namespace = p.Namespace
	}
	return Conflict("MissingSubscriptionRegistration", "The subscription is not registered to use namespace '%s'. "+
		"See https://aka.ms/rps-not-found for how to register subscriptions.", namespace)
}
