package conformance

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"
)

// slowPromises are about operations in progress and about too many requests.
func slowPromises() []Promise {
	return []Promise{
		{
			Name: "operation in progress", Area: areaARM, Source: docsAsync, Needs: []Need{Slow},
			Statement: "While an operation is in progress its status says so, and says when to ask again; the " +
				"resource is not Succeeded yet.",
			Test: func(t *T) {
				o := t.Env.Provider
				id := t.inGroup(o, shareAccounts, t.name(20))
				res, body := t.request(o, http.MethodPut, id+"?api-version="+shareVersion, t.shareAccountBody())
				require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, res.StatusCode, body)
				url := strings.TrimPrefix(res.Header.Get("Azure-AsyncOperation"), t.endpoint())
				res, status := t.request(o, http.MethodGet, url, nil)
				require.Equal(t, http.StatusOK, res.StatusCode, status)
				require.NotContains(t, []string{"", "Succeeded", "Failed", "Canceled"}, text(status, "status"))
				require.NotEmpty(t, res.Header.Get("Retry-After"))
				require.NotEqual(t, "Succeeded", text(t.there(o, id, shareVersion), "properties", "provisioningState"))
				t.eventually("the operation to end", func() bool {
					_, status := t.request(o, http.MethodGet, url, nil)
					return text(status, "status") == "Succeeded"
				})
				require.Equal(t, "Succeeded", text(t.there(o, id, shareVersion), "properties", "provisioningState"))
			},
		},
		{
			Name: "group being deleted", Area: areaARM, Source: docsErrors, Code: "ResourceGroupBeingDeleted",
			Needs:     []Need{Slow},
			Statement: "Nothing can be created in a resource group that is being deleted.",
			Test: func(t *T) {
				o := t.Env.Provider
				name := t.name(20)
				t.newGroup(o, name, func(func(*T)) {})
				t.made(o, groupID(o, name)+"/providers/"+storageType+"/"+t.name(20), storageVersion, t.accountBody())
				deleting, err := t.groups(o).BeginDelete(t.ctx(), name, nil)
				require.NoError(t, err)
				_, err = t.put(o, groupID(o, name)+"/providers/"+storageType+"/"+t.name(20), storageVersion,
					t.accountBody())
				t.refused(err, http.StatusConflict, "ResourceGroupBeingDeleted")
				must(t, deleting, nil)
				t.gone(o, groupID(o, name), groupsVersion)
			},
		},
		{
			Name: "another operation", Area: clusterType, Source: docsErrors, Undocumented: true,
			Needs:     []Need{Slow, Cluster},
			Statement: "A cluster that is being created takes no other change.",
			Test: func(t *T) {
				o := t.Env.Provider
				name := t.name(15)
				id := t.inGroup(o, clusterType, name)
				res, body := t.request(o, http.MethodPut, id+"?api-version="+fabricVersion, t.clusterBody(name))
				require.Contains(t, []int{http.StatusCreated, http.StatusAccepted}, res.StatusCode, body)
				res, body = t.request(o, http.MethodPut, id+"?api-version="+fabricVersion,
					with(t.clusterBody(name), object{"stage": "two"}, "tags"))
				t.answered(res, body, http.StatusConflict, "")
				t.eventually("the cluster to be made", func() bool {
					return text(t.there(o, id, fabricVersion), "properties", "provisioningState") == "Succeeded"
				})
				require.NoError(t, t.remove(o, id, fabricVersion))
			},
		},
		{
			Name: "too many requests", Area: areaARM, Source: docsLimits, Needs: []Need{Limited}, Undocumented: true,
			Statement: "A burst of reads beyond the bucket of 250 is refused with 429 and the time to wait; " +
				"then the next one passes.",
			Test: throttled,
		},
	}
}

// throttled reads until it is refused.
func throttled(t *T) {
	o := t.Env.Provider
	options := t.options()
	options.Retry.MaxRetries = -1 // the refusal itself is what is wanted
	pipeline, err := armruntime.NewPipeline("conformance", "v1.0.0", o.Credential, runtime.PipelineOptions{}, options)
	require.NoError(t, err)
	read := func() (*http.Response, error) {
		req, err := runtime.NewRequest(t.ctx(), http.MethodGet,
			t.endpoint()+groupID(o, "none")+"?api-version="+groupsVersion)
		if err != nil {
			return nil, err
		}
		res, err := pipeline.Do(req)
		if err == nil {
			err = res.Body.Close()
		}
		return res, err
	}
	const readers, each = 16, 100
	var mu sync.Mutex
	var refusal *http.Response
	passed := 0
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for range each {
				res, err := read()
				mu.Lock()
				if err == nil && res.StatusCode == http.StatusTooManyRequests {
					refusal = res
				} else {
					passed++
				}
				stop := refusal != nil
				mu.Unlock()
				if stop {
					return
				}
			}
		})
	}
	wg.Wait()
	require.NotNil(t, refusal, "none of %d reads was refused", readers*each)
	require.GreaterOrEqual(t, passed, 200, "the first requests pass")
	seconds, err := strconv.Atoi(refusal.Header.Get("Retry-After"))
	require.NoError(t, err, "Retry-After is %q", refusal.Header.Get("Retry-After"))
	require.Positive(t, seconds)
	time.Sleep(time.Duration(seconds) * time.Second)
	res, err := read()
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, res.StatusCode)
}
