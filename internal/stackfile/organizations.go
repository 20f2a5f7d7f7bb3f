package stackfile

import (
	"encoding/json"
	"fmt"
)

// Organization is where an organization is deployed, and as whom. Empty fields mean the login of the
// environment.
type Organization struct {
	SubscriptionID string     `json:"subscriptionId"`
	TenantID       string     `json:"tenantId"`
	Principal      *Principal `json:"principal"`
}

// Principal is a service principal that deploys an organization.
type Principal struct {
	ClientID string `json:"clientId"`
	// UseOIDC signs in with a federated token instead of a secret.
	UseOIDC bool `json:"useOidc"`
}

// ClientID is the client id of the organization's own principal, or empty.
func (o Organization) ClientID() string {
	if o.Principal == nil {
		return ""
	}
	return o.Principal.ClientID
}

// organizationsKey is the key of the organizations by name.
const organizationsKey = "organizations"

// Organizations are the stack's organizations by name.
func (f *File) Organizations() (map[string]Organization, error) {
	organizations := map[string]Organization{}
	return organizations, f.Decode(organizationsKey, &organizations)
}

// ParseOrganizations reads organizations by name from a value as Pulumi hands it to a program; an empty one has none.
func ParseOrganizations(value string) (map[string]Organization, error) {
	organizations := map[string]Organization{}
	if value == "" {
		return organizations, nil
	}
	if err := json.Unmarshal([]byte(value), &organizations); err != nil {
		return nil, fmt.Errorf("crossorg:%s: %w", organizationsKey, err)
	}
	return organizations, nil
}
