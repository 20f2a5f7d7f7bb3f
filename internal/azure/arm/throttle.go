package arm

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of Azure Resource Manager, per subscription and principal: a bucket's size, and the tokens that flow into it
// each second. Deletes have a bucket of their own. Paths outside of subscriptions have the tenant's buckets, which are
// equal.
// Source: https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
var limits = map[string]struct{ size, refill float64 }{
	"reads":   {250, 25},
	"writes":  {200, 10},
	"deletes": {200, 10},
}

// maxBuckets bounds the memory for buckets: when there are more, all start anew.
const maxBuckets = 10_000

// throttle keeps the token buckets of the requests. They live in memory, because within ten seconds they are full
// again.
type throttle struct {
	mu      sync.Mutex
	buckets map[string]*bucket
	// refuse makes it refuse requests; otherwise it only counts.
	refuse bool
	// speed multiplies the refill, for a cloud with scaled latency.
	speed float64
}

type bucket struct {
	tokens float64
	filled time.Time
}

func newThrottle(refuse bool, scale float64) *throttle {
	t := &throttle{buckets: map[string]*bucket{}, refuse: refuse, speed: 1}
	if scale > 0 && scale < 1 {
		t.speed = 1 / scale
	}
	return t
}

// take takes a token. left is the number of tokens afterwards. wait is positive for a request to refuse: the time until
// the next token.
func (t *throttle) take(subscription, principal, kind string, now time.Time) (left int, wait time.Duration) {
	limit := limits[kind]
	refill := limit.refill * t.speed
	key := strings.ToLower(subscription) + "|" + principal + "|" + kind
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buckets[key]
	if b == nil {
		if len(t.buckets) >= maxBuckets {
			t.buckets = map[string]*bucket{}
		}
		b = &bucket{tokens: limit.size, filled: now}
		t.buckets[key] = b
	}
	if passed := now.Sub(b.filled).Seconds(); passed > 0 {
		b.tokens, b.filled = min(limit.size, b.tokens+passed*refill), now
	}
	if b.tokens < 1 {
		if t.refuse {
			return 0, time.Duration((1 - b.tokens) / refill * float64(time.Second))
		}
		return 0, 0
	}
	b.tokens--
	return int(b.tokens), 0
}

// limit counts a request of an authenticated caller, puts the remaining tokens into the answer's header, and refuses
// the request with 429 when the bucket is empty.
func (s *Server) limit(c *Call, method string, parts []string) *Error {
	kind := "writes"
	switch method {
	case http.MethodGet, http.MethodHead:
		kind = "reads"
	case http.MethodDelete:
		kind = "deletes"
	}
	subscription, scope := "", "tenant"
	if len(parts) > 1 && strings.EqualFold(parts[0], "subscriptions") {
		subscription, scope = parts[1], "subscription"
	}
	left, wait := s.throttle.take(subscription, c.Caller.ObjectID, kind, c.Now)
	c.header("x-ms-ratelimit-remaining-"+scope+"-"+kind, strconv.Itoa(left))
	if wait == 0 {
		return nil
	}
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	c.header("Retry-After", seconds)
	if s.throttle.speed > 1 {
		c.header("x-ms-retry-after-ms", strconv.Itoa(int(math.Ceil(float64(wait)/float64(time.Millisecond)))))
	}
	code, whose := "SubscriptionRequestsThrottled", "subscription '"+subscription+"'"
	if subscription == "" {
		code, whose = "TenantRequestsThrottled", "tenant '"+c.Caller.TenantID+"'"
	}
	return Errorf(http.StatusTooManyRequests, code,
		"Number of requests for %s actor '%s' exceeded. Please try again after '%s' seconds after additional tokens "+
			"are available. Refer to https://aka.ms/arm-throttling for additional information.",
		whose, c.Caller.ObjectID, seconds)
}
