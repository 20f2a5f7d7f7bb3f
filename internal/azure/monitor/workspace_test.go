package monitor_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	azarm "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/operationalinsights/armoperationalinsights"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/armtest"
)

const (
	workspaceVersion = "2022-10-01"
	searchVersion    = "2020-08-01"
	workspaces       = providers + "Microsoft.OperationalInsights/workspaces/"
	workspaceID      = workspaces + "contoso-logs"
)

// workspace creates the workspace that most tests send logs to.
func (a *azure) workspace() map[string]any {
	a.T.Helper()
	return a.ok(http.MethodPut, workspaceID, workspaceVersion,
		`{"location":"eastus","properties":{"sku":{"name":"PerGB2018"}}}`)
}

func TestAWorkspaceIsCompletedWithWhatAzureComputes(t *testing.T) {
	a := newAzure(t)
	a.workspace()
	w := a.ok(http.MethodGet, workspaceID, workspaceVersion, "")
	p := props(w)
	_, err := uuid.Parse(p["customerId"].(string))
	require.NoError(t, err)
	assert.Equal(t, "Succeeded", p["provisioningState"])
	assert.Equal(t, 30.0, p["retentionInDays"])
	assert.Equal(t, "Enabled", p["publicNetworkAccessForIngestion"])
	assert.Equal(t, "Enabled", p["publicNetworkAccessForQuery"])
	assert.Equal(t, true, p["features"].(map[string]any)["enableLogAccessUsingOnlyResourcePermissions"])
	capping := p["workspaceCapping"].(map[string]any)
	assert.Equal(t, -1.0, capping["dailyQuotaGb"])
	assert.Equal(t, "RespectQuota", capping["dataIngestionStatus"])
	reset, err := time.Parse(time.RFC3339, capping["quotaNextResetTime"].(string))
	require.NoError(t, err)
	assert.True(t, reset.After(time.Now()))
	for _, stamp := range []string{"createdDate", "modifiedDate"} {
		_, err := time.Parse(time.RFC3339, p[stamp].(string))
		assert.NoError(t, err, stamp)
	}
	assert.NotEmpty(t, w["etag"])
	assert.NotContains(t, p, "primarySharedKey")
}

func TestAnUpdateKeepsAWorkspacesIdAndSaysWhenItHappened(t *testing.T) {
	a := newAzure(t)
	before := props(a.workspace())
	a.Elapse(time.Minute)
	after := props(a.ok(http.MethodPut, workspaceID, workspaceVersion,
		`{"location":"eastus","properties":{"sku":{"name":"PerGB2018"},"retentionInDays":90}}`))
	assert.Equal(t, before["customerId"], after["customerId"])
	assert.Equal(t, before["createdDate"], after["createdDate"])
	assert.NotEqual(t, before["modifiedDate"], after["modifiedDate"])
	assert.Equal(t, 90.0, after["retentionInDays"])
}

func TestAWorkspaceOutsideOfItsLimitsIsRefused(t *testing.T) {
	a := newAzure(t)
	for name, properties := range map[string]string{
		"retention too short":        `"retentionInDays":29`,
		"retention too long":         `"retentionInDays":731`,
		"retired tier":               `"sku":{"name":"Free"}`,
		"no commitment size":         `"sku":{"name":"CapacityReservation","capacityReservationLevel":150}`,
		"commitment without tier":    `"sku":{"name":"PerGB2018","capacityReservationLevel":100}`,
		"a quota of next to nothing": `"workspaceCapping":{"dailyQuotaGb":0.01}`,
	} {
		code, message := a.refused(http.MethodPut, workspaceID, workspaceVersion,
			`{"location":"eastus","properties":{`+properties+`}}`)
		assert.Equal(t, "InvalidParameter", code, name)
		assert.NotEmpty(t, message, name)
	}
	for _, name := range []string{"abc", "-abcd", "abcd-", "under_score"} {
		code, _ := a.refused(http.MethodPut, workspaces+name, workspaceVersion, `{"location":"eastus"}`)
		assert.Equal(t, "InvalidWorkspaceName", code, name)
	}
}

func TestADeletedWorkspaceComesBackAsItselfWithinTwoWeeksUnlessTheDeletionWasForced(t *testing.T) {
	a := newAzure(t)
	first := props(a.workspace())["customerId"]
	a.ok(http.MethodDelete, workspaceID, workspaceVersion, "")
	a.Elapse(13 * 24 * time.Hour)
	assert.Equal(t, first, props(a.workspace())["customerId"], "recovered")

	a.ok(http.MethodDelete, workspaceID+"?force=true", workspaceVersion, "")
	second := props(a.workspace())["customerId"]
	assert.NotEqual(t, first, second, "forced")

	a.ok(http.MethodDelete, workspaceID, workspaceVersion, "")
	a.Elapse(15 * 24 * time.Hour)
	assert.NotEqual(t, second, props(a.workspace())["customerId"], "too late")
}

func TestTheOfficialWorkspaceClientsWork(t *testing.T) {
	a := newAzure(t)
	ctx := context.Background()
	client, err := armoperationalinsights.NewWorkspacesClient(armtest.Subscription, a.Contoso, a.ClientOptions())
	require.NoError(t, err)
	making, err := client.BeginCreateOrUpdate(ctx, armtest.GroupName, "contoso-logs", armoperationalinsights.Workspace{
		Location:   to.Ptr("East US"),
		Properties: &armoperationalinsights.WorkspaceProperties{RetentionInDays: to.Ptr[int32](60)},
	}, nil)
	require.NoError(t, err)
	made, err := making.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Millisecond})
	require.NoError(t, err)
	assert.Equal(t, armoperationalinsights.WorkspaceEntityStatusSucceeded, *made.Properties.ProvisioningState)
	assert.Equal(t, "eastus", *made.Location)
	assert.Equal(t, int32(60), *made.Properties.RetentionInDays)

	a.ok(http.MethodPut, workspaceID+"/savedSearches/failures", searchVersion,
		`{"properties":{"category":"Sharing","displayName":"Failed","query":"T"}}`)
	searches, err := armoperationalinsights.NewSavedSearchesClient(armtest.Subscription, a.Contoso, a.ClientOptions())
	require.NoError(t, err)
	write := func(etag *string) (armoperationalinsights.SavedSearchesClientCreateOrUpdateResponse, error) {
		return searches.CreateOrUpdate(ctx, armtest.GroupName, "contoso-logs", "failures",
			armoperationalinsights.SavedSearch{
				Etag: etag,
				Properties: &armoperationalinsights.SavedSearchProperties{Category: to.Ptr("Sharing"),
					DisplayName: to.Ptr("Failures"), Query: to.Ptr("MicrosoftDataShareSentSnapshotLog")},
			}, nil)
	}
	for _, etag := range []*string{nil, to.Ptr(`W/"datetime'2020-01-01T00:00:00Z'"`)} {
		_, err = write(etag)
		armtest.Refused(t, err, http.StatusConflict, "Conflict")
	}
	there, err := searches.Get(ctx, armtest.GroupName, "contoso-logs", "failures", nil)
	require.NoError(t, err)
	_, err = write(there.Etag)
	require.NoError(t, err)
	search, err := write(to.Ptr("*"))
	require.NoError(t, err)
	assert.Equal(t, int64(2), *search.Properties.Version)
	assert.NotEmpty(t, *search.Etag)
	list, err := searches.ListByWorkspace(ctx, armtest.GroupName, "contoso-logs", nil)
	require.NoError(t, err)
	require.Len(t, list.Value, 1)
	assert.Equal(t, "failures", *list.Value[0].Name)

	options := *a.ClientOptions()
	options.APIVersion = workspaceVersion
	keys, err := armoperationalinsights.NewSharedKeysClient(armtest.Subscription, a.Contoso,
		(*azarm.ClientOptions)(&options))
	require.NoError(t, err)
	first, err := keys.GetSharedKeys(ctx, armtest.GroupName, "contoso-logs", nil)
	require.NoError(t, err)
	assert.NotEmpty(t, *first.PrimarySharedKey)
	assert.NotEqual(t, *first.PrimarySharedKey, *first.SecondarySharedKey)
	second, err := keys.Regenerate(ctx, armtest.GroupName, "contoso-logs", nil)
	require.NoError(t, err)
	assert.NotEqual(t, *first.PrimarySharedKey, *second.PrimarySharedKey)

	_, err = searches.Delete(ctx, armtest.GroupName, "contoso-logs", "failures", nil)
	require.NoError(t, err)
	deleting, err := client.BeginDelete(ctx, armtest.GroupName, "contoso-logs",
		&armoperationalinsights.WorkspacesClientBeginDeleteOptions{Force: to.Ptr(true)})
	require.NoError(t, err)
	_, err = deleting.PollUntilDone(ctx, &runtime.PollUntilDoneOptions{Frequency: time.Millisecond})
	require.NoError(t, err)
	status := a.do(http.MethodGet, workspaceID, workspaceVersion, "").Status
	assert.Equal(t, http.StatusNotFound, status)
}

func TestASavedSearchNeedsAWorkspaceAndAText(t *testing.T) {
	a := newAzure(t)
	search := workspaceID + "/savedSearches/failures"
	body := `{"properties":{"category":"Sharing","displayName":"Failures","query":"T | take 1"}}`
	code, _ := a.refused(http.MethodPut, search, searchVersion, body)
	assert.Equal(t, "ParentResourceNotFound", code)
	a.workspace()
	code, _ = a.refused(http.MethodPut, search, searchVersion,
		`{"properties":{"category":"Sharing","displayName":"Failures","query":" "}}`)
	assert.Equal(t, "InvalidParameter", code)
	a.ok(http.MethodPut, search, searchVersion, body)
	a.ok(http.MethodDelete, workspaceID, workspaceVersion, "")
	status := a.do(http.MethodGet, search, searchVersion, "").Status
	assert.Equal(t, http.StatusNotFound, status, "it goes with its workspace")
}
