package arm

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// tableRegistrations holds registrations by subscription and namespace in lower case. A namespace without a record is
// registered: that is the local default.
const tableRegistrations = "registrations"

// registrationTakes is how long a namespace is Registering under latency. Microsoft publishes no figure: this is an
// order of magnitude.
const registrationTakes = 30 * time.Second

// RegistrationFree reports whether every subscription has a namespace and cannot give it up.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types
func RegistrationFree(namespace string) bool {
	return strings.EqualFold(namespace, "Microsoft.Authorization") ||
		strings.EqualFold(namespace, "Microsoft.Resources")
}

// registration is the registration of one subscription for one namespace, where it differs from the default.
type registration struct {
	Registered bool `json:"registered"`
	// Since is when the change takes effect; until then it is in progress.
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

// RegistrationState is the state of a namespace in the words of Azure.
func (c *Call) RegistrationState(subscription, namespace string) string {
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

// SetRegistered registers a subscription for a namespace, or unregisters it. A namespace with resources in the
// subscription cannot be unregistered. Under latency the change takes registrationTakes.
func (c *Call) SetRegistered(subscription, namespace string, registered bool) *Error {
	if RegistrationFree(namespace) || registered == c.Registered(subscription, namespace) {
		return nil
	}
	if !registered {
		for _, r := range c.Under(ID{Subscription: subscription}) {
			if strings.EqualFold(r.ID.Namespace, namespace) {
				// The refusal is documented, its code is not.
				return Conflict("SubscriptionHasResources", "The subscription cannot be unregistered from the "+
					"namespace '%s' while it has resources of it, such as '%s'. Delete them first.", namespace, r.ID)
			}
		}
	}
	r := registration{Registered: registered, Since: c.Now.Add(c.Server.latency.scaled(registrationTakes))}
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
	if p, ok := s.Provider(namespace); ok {
		namespace = p.Namespace
	}
	return Conflict("MissingSubscriptionRegistration", "The subscription is not registered to use namespace '%s'. "+
		"See https://aka.ms/rps-not-found for how to register subscriptions.", namespace)
}
