package arm_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
)

func TestRequestsBeyondTheLimitAreRefusedUntilTokensFlowIn(t *testing.T) {
	stopped := time.Now()
	c := newCloudOf(t, armtest.Config{Control: func(o *arm.Options) { o.Throttle = true },
		Now: func() time.Time { return stopped }})
	c.put(group, groupVersion, groupBody)
	for i := range 250 {
		r := c.get(group, groupVersion)
		require.Equal(t, http.StatusOK, r.Status, "read %d", i)
		require.Equal(t, strconv.Itoa(249-i), r.Header.Get("x-ms-ratelimit-remaining-subscription-reads"))
	}

	refused := c.get(group, groupVersion)

	require.Equal(t, http.StatusTooManyRequests, refused.Status)
	require.Equal(t, "SubscriptionRequestsThrottled", refused.Code())
	require.Equal(t, "1", refused.Header.Get("Retry-After"))
	require.Equal(t, "0", refused.Header.Get("x-ms-ratelimit-remaining-subscription-reads"))
	write := c.put(group, groupVersion, groupBody)
	require.Equal(t, http.StatusOK, write.Status, "writes have a bucket of their own")
	require.Equal(t, "198", write.Header.Get("x-ms-ratelimit-remaining-subscription-writes"))
	require.Equal(t, "199", c.del(group+"x", groupVersion).Header.Get("x-ms-ratelimit-remaining-subscription-deletes"))
	const missing = "/subscriptions/" + armtest.Tenant + "/resourceGroups"
	require.Equal(t, "SubscriptionNotFound", c.get(missing, groupVersion).Code(),
		"another subscription has its own")

	advance(t, c, time.Second)
	for i := range 25 {
		require.Equal(t, http.StatusOK, c.get(group, groupVersion).Status, "refilled read %d", i)
	}
	require.Equal(t, http.StatusTooManyRequests, c.get(group, groupVersion).Status)
}

func TestWithoutThrottlingRequestsAreOnlyCounted(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	var last response
	for range 400 {
		last = c.get(group, groupVersion)
		require.Equal(t, http.StatusOK, last.Status)
	}
	left, err := strconv.Atoi(last.Header.Get("x-ms-ratelimit-remaining-subscription-reads"))
	require.NoError(t, err)
	require.Less(t, left, 249)
}
