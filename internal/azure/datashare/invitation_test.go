package datashare_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
	"github.com/crossorg/crossorg/internal/azure/roles"
)

func TestInvitationNamesOneRecipient(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	for name, c := range map[string]struct {
		props armdatashare.InvitationProperties
		code  string
	}{
		"nobody": {armdatashare.InvitationProperties{}, "InvalidInvitationTarget"},
		"e-mail and tenant": {armdatashare.InvitationProperties{TargetEmail: to.Ptr("a@fabrikam.com"),
			TargetActiveDirectoryID: &w.fabrikam.Tenant}, "InvalidInvitationTarget"},
		"object without tenant": {armdatashare.InvitationProperties{TargetObjectID: &w.fabrikam.Principal.ObjectID},
			"InvalidInvitationTarget"},
		"expired already": {armdatashare.InvitationProperties{TargetEmail: to.Ptr("a@fabrikam.com"),
			ExpirationDate: to.Ptr(w.Server().Now().Add(-time.Hour))}, "InvalidExpirationDate"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.contoso.client.NewInvitationsClient().Create(w.ctx, group, account, share, invite,
				armdatashare.Invitation{Properties: &c.props}, nil)
			armtest.Refused(t, err, http.StatusBadRequest, c.code)
		})
	}
}

// Whoever has the mailbox is invited, whatever their tenant.
func TestInvitationByEmailIsForThatUser(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	res, err := w.contoso.client.NewInvitationsClient().Create(w.ctx, group, account, share, invite,
		armdatashare.Invitation{
			Properties: &armdatashare.InvitationProperties{TargetEmail: to.Ptr("Ann@fabrikam.com")},
		}, nil)
	require.NoError(t, err)
	_, err = w.fabrikam.accept(*res.Properties.InvitationID, "eastus")
	armtest.Refused(t, err, http.StatusNotFound, "7001")

	ann := w.As(w.Principal(w.fabrikam.Tenant, "ann@fabrikam.com"))
	w.Grant(ann.Principal, roles.Owner, "/subscriptions/"+w.fabrikam.Subscription)
	w.fabrikam.client = w.client(ann, w.fabrikam.Subscription)
	got, err := w.fabrikam.accept(*res.Properties.InvitationID, "eastus")
	require.NoError(t, err)
	require.Equal(t, "ann@fabrikam.com", *got.Properties.UserEmail)
}

// The same invitation may be sent again; another one needs another name, or the first one gone.
func TestInvitationsAreSentAgainButNotChanged(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	until := w.Server().Now().Add(time.Hour).UTC().Truncate(time.Second)
	send := func(props armdatashare.InvitationProperties) (string, error) {
		res, err := w.contoso.client.NewInvitationsClient().Create(w.ctx, group, account, share, invite,
			armdatashare.Invitation{Properties: &props}, nil)
		if err != nil {
			return "", err
		}
		return *res.Properties.InvitationID, nil
	}
	props := armdatashare.InvitationProperties{TargetEmail: to.Ptr("ann@fabrikam.com"), ExpirationDate: &until}
	first, err := send(props)
	require.NoError(t, err)
	again, err := send(props)
	require.NoError(t, err)
	require.Equal(t, first, again)
	for _, change := range []func(*armdatashare.InvitationProperties){
		func(p *armdatashare.InvitationProperties) { p.TargetEmail = to.Ptr("bob@fabrikam.com") },
		func(p *armdatashare.InvitationProperties) { p.ExpirationDate = to.Ptr(until.Add(time.Hour)) },
		func(p *armdatashare.InvitationProperties) { p.ExpirationDate = nil },
	} {
		other := props
		change(&other)
		_, err = send(other)
		armtest.Refused(t, err, http.StatusConflict, "PropertyChangeNotAllowed")
	}
}

// A mapping is deleted and made anew, never written over.
func TestMappingsAreNotWrittenOver(t *testing.T) {
	w := newWorld(t)
	w.shared()
	for _, path := range []string{file, "elsewhere.csv"} {
		armtest.Refused(t, w.fabrikam.mapBlob(uuid.NewString(), path), http.StatusConflict, "ResourceAlreadyExists")
	}
}

func TestWithdrawnInvitationCannotBeAccepted(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	id := w.contoso.invite(w.fabrikam, nil)
	_, err := w.contoso.client.NewInvitationsClient().Delete(w.ctx, group, account, share, invite, nil)
	require.NoError(t, err)
	_, err = w.fabrikam.accept(id, "eastus")
	armtest.Refused(t, err, http.StatusNotFound, "7001")
}

func TestExpiredInvitationCannotBeAccepted(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	id := w.contoso.invite(w.fabrikam, to.Ptr(w.Server().Now().Add(time.Hour)))
	w.Elapse(2 * time.Hour)
	_, err := w.fabrikam.accept(id, "eastus")
	armtest.Refused(t, err, http.StatusNotFound, "7001")
}

func TestDeletingAnAcceptedInvitationChangesNothing(t *testing.T) {
	w := newWorld(t)
	w.shared()
	_, err := w.contoso.client.NewInvitationsClient().Delete(w.ctx, group, account, share, invite, nil)
	require.NoError(t, err)
	require.Equal(t, armdatashare.ShareSubscriptionStatusActive, *w.fabrikam.subscription().ShareSubscriptionStatus)
	require.NoError(t, w.fabrikam.synchronize(armdatashare.SynchronizationModeIncremental))
}

// The recipient sees and rejects invitations at the tenant's root, and nobody else sees them.
func TestRecipientSeesAndRejectsItsInvitations(t *testing.T) {
	w := newWorld(t)
	w.contoso.createShare()
	id := w.contoso.invite(w.fabrikam, nil)
	listed := func(o *org) []*armdatashare.ConsumerInvitation {
		return armtest.All[*armdatashare.ConsumerInvitation](t,
			o.client.NewConsumerInvitationsClient().NewListInvitationsPager(nil))
	}
	require.Empty(t, listed(w.contoso))
	mine := listed(w.fabrikam)
	require.Len(t, mine, 1)
	require.Equal(t, id, *mine[0].Properties.InvitationID)
	require.Equal(t, share, *mine[0].Properties.ShareName)

	client := w.fabrikam.client.NewConsumerInvitationsClient()
	_, err := w.contoso.client.NewConsumerInvitationsClient().Get(w.ctx, "eastus", id, nil)
	armtest.Refused(t, err, http.StatusNotFound, "7001")
	one, err := client.Get(w.ctx, "eastus", id, nil)
	require.NoError(t, err)
	require.Equal(t, "Internal use only", *one.Properties.TermsOfUse)

	rejected, err := client.RejectInvitation(w.ctx, "eastus", armdatashare.ConsumerInvitation{
		Properties: &armdatashare.ConsumerInvitationProperties{InvitationID: &id},
	}, nil)
	require.NoError(t, err)
	require.Equal(t, armdatashare.InvitationStatusRejected, *rejected.Properties.InvitationStatus)
	require.Empty(t, listed(w.fabrikam))
	_, err = w.fabrikam.accept(id, "eastus")
	armtest.Refused(t, err, http.StatusNotFound, "7001")
}
