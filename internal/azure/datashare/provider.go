// Package datashare is the resource provider Microsoft.DataShare (API 2021-08-01): accounts, the shares that a provider
// sends, the share subscriptions through which a consumer receives them, and the snapshots that copy the data.
//
// The two sides live in different subscriptions, usually in different tenants, and neither may read the other's
// resources. What joins them is kept here: an index of invitations by their id, and on each share subscription and
// provider share subscription the id of its counterpart, which is never shown.
//
// Sources: https://learn.microsoft.com/rest/api/datashare/ and https://learn.microsoft.com/azure/data-share/
package datashare

import (
	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/blob"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

const namespace = "Microsoft.DataShare"

// provider is the state that the handlers of all types share.
type provider struct {
	content *blob.Content
	dir     *identity.Directory
	options Options
}

// Options are readings of what Microsoft's pages leave open.
type Options struct {
	// FirstAtOnce lets a new trigger take a snapshot as soon as it is made, beside those of its schedule.
	FirstAtOnce bool
}

// New makes the resource provider. Snapshots read and write content; dir decides whether the managed identities of the
// two accounts may.
func New(content *blob.Content, dir *identity.Directory, options Options) *arm.Provider {
	p := &provider{content: content, dir: dir, options: options}
	return &arm.Provider{
		Namespace: namespace,
		Types: []*arm.Type{
			p.accounts(),
			logged(p.shares()),
			logged(p.dataSets()),
			logged(p.invitations()),
			logged(p.synchronizationSettings()),
			logged(p.providerShareSubscriptions()),
			logged(p.shareSubscriptions()),
			logged(p.dataSetMappings()),
			logged(p.triggers()),
			p.sourceDataSets(),
		},
		Routes: p.consumerInvitationRoutes(),
	}
}
