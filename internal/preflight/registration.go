package preflight

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/stack"
)

// namespaces are the resource providers that every organization's subscription needs. Data Share's has to be registered
// in the subscription of the storage account too, which here is the same
// (learn.microsoft.com/azure/data-share/share-your-data).
var namespaces = []string{
	"Microsoft.DataShare", "Microsoft.Insights", "Microsoft.KeyVault", "Microsoft.OperationalInsights",
	"Microsoft.Storage",
}

// clusterNamespaces are further resource providers that the cluster's subscription needs.
var clusterNamespaces = []string{"Microsoft.Compute", "Microsoft.ServiceFabric"}

// provider is a resource provider as a subscription has it.
type provider struct {
	RegistrationState string `json:"registrationState"`
	ResourceTypes     []struct {
		ResourceType string   `json:"resourceType"`
		Locations    []string `json:"locations"`
	} `json:"resourceTypes"`
}

const registered = "Registered"

// registrationWait is how long a registration is waited for; Azure takes a minute or a few.
const registrationWait = 10 * time.Minute

func (r *run) registrations(ctx context.Context, a checks.Subject) []checks.Check {
	wanted := namespaces
	if g := r.settings.Governance; g != nil && g.Organization == a.Organization {
		wanted = append(slices.Clone(namespaces), clusterNamespaces...)
	}
	var rows []checks.Check
	for _, namespace := range wanted {
		on := a.On(a.Resource + "/providers/" + namespace)
		p, err := r.provider(ctx, a, namespace)
		if err == nil && p.RegistrationState != registered && r.Fix {
			p, err = r.register(ctx, a, namespace)
		}
		if err != nil {
			rows = append(rows, on.Unreadable("resource-provider", registered, nameAdvice, err))
			continue
		}
		rows = append(rows, on.Is("resource-provider", registered, p.RegistrationState == registered,
			p.RegistrationState,
			"crossorg preflight --fix, or az provider register --namespace "+namespace))
	}
	return rows
}

func (r *run) provider(ctx context.Context, a checks.Subject, namespace string) (provider, error) {
	var p provider
	err := r.reader.Do(ctx, a.Organization, http.MethodGet, a.Resource+"/providers/"+namespace,
		stack.SubscriptionsVersion, nil, nil, &p)
	return p, err
}

// register registers a namespace and waits for the end of the registration.
func (r *run) register(ctx context.Context, a checks.Subject, namespace string) (provider, error) {
	fmt.Fprintf(r.Progress, "registering %s for %s\n", namespace, a.Organization)
	var p provider
	if err := r.reader.Do(ctx, a.Organization, http.MethodPost, a.Resource+"/providers/"+namespace+"/register",
		stack.SubscriptionsVersion, nil, nil, &p); err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(ctx, registrationWait)
	defer cancel()
	for pause := 200 * time.Millisecond; p.RegistrationState != registered; pause = min(2*pause, 10*time.Second) {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return p, nil // the row shows the state
		}
		var err error
		if p, err = r.provider(ctx, a, namespace); err != nil {
			return p, err
		}
	}
	return p, nil
}
