// Package managedidentity is the resource provider Microsoft.ManagedIdentity: user-assigned identities, which are
// service principals that resources and workloads act as, and the federated credentials by which an identity trusts
// the tokens of another issuer.
package managedidentity

import (
	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

const (
	namespace    = "Microsoft.ManagedIdentity"
	identityType = namespace + "/userAssignedIdentities"
)

// New makes the provider over the directory that its identities' service principals are in.
func New(directory *identity.Directory) *arm.Provider {
	p := &provider{directory: directory}
	return &arm.Provider{
		Namespace: namespace,
		Types: []*arm.Type{
			{Name: identityType, CheckName: checkIdentityName, Put: p.putIdentity, Delete: p.deleteIdentity},
			{
				Name: identityType + "/federatedIdentityCredentials", NoPatch: true,
				CheckName: checkCredentialName, Put: p.putCredential, Delete: p.deleteCredential,
				Options: arm.QueryOptions{List: []string{"$top"}},
			},
		},
	}
}

type provider struct{ directory *identity.Directory }
