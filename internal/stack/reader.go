package stack

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// What requests name as their sender, in the user agent.
const (
	moduleName    = "github.com/crossorg/crossorg"
	moduleVersion = "v0.0.0"
)

// Reader reads resources through Azure Resource Manager, each once. It is safe for concurrent use.
type Reader struct {
	Access *Access

	mu      sync.Mutex
	clients map[string]*arm.Client
	read    map[string]func() (*Resource, error)
	now     time.Time
}

// Now is Azure's time, as of the last answer: that of an embedded Azure may have been moved. It is the machine's before
// the first answer.
func (r *Reader) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now.IsZero() {
		return time.Now()
	}
	return r.now
}

// Get reads a resource by its id, as the organization's principal.
func (r *Reader) Get(ctx context.Context, organization, id, apiVersion string) (*Resource, error) {
	key := organization + "\n" + strings.ToLower(id)
	r.mu.Lock()
	if r.read == nil {
		r.read = map[string]func() (*Resource, error){}
	}
	get := r.read[key]
	if get == nil {
		get = sync.OnceValues(func() (*Resource, error) {
			var resource Resource
			err := r.Do(ctx, organization, http.MethodGet, id, apiVersion, nil, nil, &resource)
			return &resource, err
		})
		r.read[key] = get
	}
	r.mu.Unlock()
	return get()
}

// List reads a collection, all pages of it.
func (r *Reader) List(ctx context.Context, organization, id, apiVersion string, query url.Values) ([]*Resource, error) {
	return List[*Resource](ctx, r, organization, id, apiVersion, query)
}

// List reads a collection of anything, all pages of it.
func List[T any](ctx context.Context, r *Reader, organization, id, apiVersion string, query url.Values) ([]T, error) {
	var all []T
	for next := ""; ; {
		var page struct {
			Value    []T    `json:"value"`
			NextLink string `json:"nextLink"`
		}
		var err error
		if next == "" {
			err = r.Do(ctx, organization, http.MethodGet, id, apiVersion, query, nil, &page)
		} else {
			err = r.follow(ctx, organization, next, &page)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, page.Value...)
		if next = page.NextLink; next == "" {
			return all, nil
		}
	}
}

// Do sends one request to Azure Resource Manager and decodes the answer, if into is not nil. Answers outside 2xx are
// *azcore.ResponseError.
func (r *Reader) Do(
	ctx context.Context, organization, method, id, apiVersion string, query url.Values, body, into any,
) error {
	client, err := r.client(organization)
	if err != nil {
		return err
	}
	values := url.Values{"api-version": {apiVersion}}
	for key, value := range query {
		values[key] = value
	}
	request, err := runtime.NewRequest(ctx, method, runtime.JoinPaths(client.Endpoint(), id))
	if err != nil {
		return err
	}
	// Azure takes no plus sign for a space in a filter.
	request.Raw().URL.RawQuery = strings.ReplaceAll(values.Encode(), "+", "%20")
	if body != nil {
		if err := runtime.MarshalAsJSON(request, body); err != nil {
			return err
		}
	}
	request.Raw().Header.Set("Accept", "application/json")
	response, err := client.Pipeline().Do(request)
	return r.answer(response, err, into)
}

func (r *Reader) follow(ctx context.Context, organization, link string, into any) error {
	client, err := r.client(organization)
	if err != nil {
		return err
	}
	// The token must not follow a link that leads elsewhere.
	if !strings.HasPrefix(strings.ToLower(link), strings.ToLower(strings.TrimSuffix(client.Endpoint(), "/"))+"/") {
		return fmt.Errorf("the next page is not on %s", client.Endpoint())
	}
	request, err := runtime.NewRequest(ctx, http.MethodGet, link)
	if err != nil {
		return err
	}
	response, err := client.Pipeline().Do(request)
	return r.answer(response, err, into)
}

func (r *Reader) answer(response *http.Response, err error, into any) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		r.mu.Lock()
		if at.After(r.now) {
			r.now = at
		}
		r.mu.Unlock()
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return runtime.NewResponseError(response)
	}
	if into == nil {
		return nil
	}
	return runtime.UnmarshalAsJSON(response, into)
}

func (r *Reader) client(organization string) (*arm.Client, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if client := r.clients[organization]; client != nil {
		return client, nil
	}
	credential, err := r.Access.credential(organization)
	if err != nil {
		return nil, err
	}
	client, err := arm.NewClient(moduleName, moduleVersion, credential, r.Access.ARMOptions())
	if err != nil {
		return nil, err
	}
	if r.clients == nil {
		r.clients = map[string]*arm.Client{}
	}
	r.clients[organization] = client
	return client, nil
}

// SubscriptionsVersion is the api-version of subscriptions and of their resource providers.
const SubscriptionsVersion = "2022-09-01"

// Subscriptions are the ids of the subscriptions that an organization's principal sees.
func (r *Reader) Subscriptions(ctx context.Context, organization string) ([]string, error) {
	found, err := List[struct {
		SubscriptionID string `json:"subscriptionId"`
	}](ctx, r, organization, "/subscriptions", SubscriptionsVersion, nil)
	ids := make([]string, len(found))
	for i, s := range found {
		ids[i] = s.SubscriptionID
	}
	return ids, err
}
