package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	armruntime "github.com/Azure/azure-sdk-for-go/sdk/azcore/arm/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// managementAudience is the audience of tokens for Azure Resource Manager, independent of its address.
const managementAudience = "https://management.azure.com"

// client speaks Azure Resource Manager's protocol. Retries of throttled, failed and lost requests, tokens and the state
// machine of asynchronous operations are azcore's.
type client struct {
	*bridge
	token    azcore.TokenCredential
	pipeline runtime.Pipeline
}

func (b *bridge) newClient(token azcore.TokenCredential) (*client, error) {
	pipeline, err := armruntime.NewPipeline(packageName, Version, token, runtime.PipelineOptions{}, &arm.ClientOptions{
		ClientOptions: policy.ClientOptions{
			Cloud: cloud.Configuration{
				ActiveDirectoryAuthorityHost: b.opts.Authority,
				Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
					cloud.ResourceManager: {Endpoint: b.opts.Management, Audience: managementAudience},
				},
			},
			Transport: b.http,
			Retry:     policy.RetryOptions{ShouldRetry: shouldRetry},
		},
	})
	if err != nil {
		return nil, err
	}
	return &client{bridge: b, token: token, pipeline: pipeline}, nil
}

// shouldRetry is azcore's own rule and the official provider's addition: a resource that is busy with another
// operation.
func shouldRetry(resp *http.Response, err error) bool {
	if err != nil {
		return true
	}
	if runtime.HasStatusCode(resp, http.StatusRequestTimeout, http.StatusTooManyRequests,
		http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout) {
		return true
	}
	if resp.StatusCode != http.StatusConflict {
		return false
	}
	var failed *azcore.ResponseError
	return errors.As(runtime.NewResponseError(resp), &failed) && failed.ErrorCode == "AnotherOperationInProgress"
}

// send makes a request. The path is a resource id or begins with one; its subscription must be one of ours. A body of
// nil sends none. Responses of any status are returned, with their body read.
func (c *client) send(ctx context.Context, method, path, apiVersion string, body any) (*http.Response, error) {
	if subscription := subscriptionOf(path); subscription != "" {
		if err := c.allow(subscription); err != nil {
			return nil, err
		}
	}
	req, err := runtime.NewRequest(ctx, method, runtime.JoinPaths(c.opts.Management, path))
	if err != nil {
		return nil, err
	}
	req.Raw().URL.RawQuery = url.Values{"api-version": {apiVersion}}.Encode()
	req.Raw().Header.Set("Accept", "application/json")
	if body != nil {
		if err := runtime.MarshalAsJSON(req, body); err != nil {
			return nil, err
		}
	}
	return c.pipeline.Do(req)
}

// subscriptionOf returns the subscription a path lies in, or "" for one outside of subscriptions.
func subscriptionOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) > 1 && strings.EqualFold(parts[0], "subscriptions") {
		return parts[1]
	}
	return ""
}

// get reads a resource.
func (c *client) get(ctx context.Context, id, apiVersion string) (map[string]any, error) {
	resp, err := c.send(ctx, http.MethodGet, id, apiVersion, nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, newError(resp)
	}
	return decode(resp)
}

// post calls an action of a resource.
func (c *client) post(ctx context.Context, path, apiVersion string, body map[string]any) (map[string]any, error) {
	resp, err := c.send(ctx, http.MethodPost, path, apiVersion, body)
	if err != nil {
		return nil, err
	}
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusCreated) {
		return nil, newError(resp)
	}
	return decode(resp)
}

// written is the result of a write.
type written struct {
	// body is the resource.
	body map[string]any
	// read says that the body was read after the end of the operation; otherwise it is the answer to the write.
	read bool
	// accepted says that Azure took the request, even if the operation failed afterwards; then the resource may exist.
	accepted bool
}

// write makes a PUT or PATCH and waits for the operation it starts.
func (c *client) write(ctx context.Context, method, id, apiVersion string, body map[string]any) (written, error) {
	resp, err := c.send(ctx, method, id, apiVersion, body)
	if err != nil {
		return written{}, err
	}
	if !runtime.HasStatusCode(resp, http.StatusOK, http.StatusCreated, http.StatusAccepted) {
		return written{}, newError(resp)
	}
	result, polled, err := wait[map[string]any](ctx, c, resp)
	return written{body: result, read: polled, accepted: true}, err
}

// delete removes a resource and waits until it is gone. A missing resource is no error.
func (c *client) delete(ctx context.Context, id, apiVersion string) error {
	resp, err := c.send(ctx, http.MethodDelete, id, apiVersion, nil)
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusNoContent:
		return nil
	case http.StatusOK, http.StatusAccepted:
		_, _, err = wait[any](ctx, c, resp)
		if isNotFound(err) {
			return nil
		}
		return err
	default:
		return newError(resp)
	}
}

const (
	firstPoll = 5 * time.Millisecond // short, for servers that are done at once
	lastPoll  = 10 * time.Second     // the official provider's interval
)

// wait follows the asynchronous operation that a response announces by Azure-AsyncOperation or Location, if any, and
// returns the final resource, and whether there was anything to follow. It waits as long as Retry-After asks, else in
// growing steps. azcore's PollUntilDone would wait at least a second each time.
func wait[T any](ctx context.Context, c *client, resp *http.Response) (result T, polled bool, err error) {
	status := resp.Header.Get("Azure-AsyncOperation")
	poller, err := runtime.NewPoller[T](resp, c.pipeline, nil)
	if err != nil {
		return result, false, asError(err)
	}
	step := firstPoll
	for !poller.Done() {
		polled = true
		pause := step
		if asked := retryAfter(resp); asked > 0 {
			pause = asked
		}
		select {
		case <-ctx.Done():
			return result, polled, ctx.Err()
		case <-time.After(pause):
		}
		step = min(step*3/2, lastPoll)
		if resp, err = poller.Poll(ctx); err != nil {
			return result, polled, asError(err)
		}
	}
	if result, err = poller.Result(ctx); err != nil {
		err = c.operationError(ctx, asError(err), status)
	}
	return result, polled, err
}

// operationError is the reason of a failed operation. Where the answer shows only a resource in state Failed, the
// reason is in the operation's status.
func (c *client) operationError(ctx context.Context, err error, status string) error {
	var failed *Error
	if !errors.As(err, &failed) || failed.Code != "" || failed.Status >= http.StatusMultipleChoices {
		return err
	}
	failed.Message = "the operation failed, and Azure does not say why; the resource is in state Failed"
	if status == "" {
		return failed
	}
	req, err := runtime.NewRequest(ctx, http.MethodGet, status)
	if err != nil {
		return failed
	}
	resp, err := c.pipeline.Do(req)
	if err != nil {
		return failed
	}
	var reason *Error
	if errors.As(newError(resp), &reason) && reason.Code != "" {
		return reason
	}
	return failed
}

// retryAfter is how long the server asks to wait; 0 if it does not.
func retryAfter(resp *http.Response) time.Duration {
	for _, header := range []struct {
		name string
		unit time.Duration
	}{{"retry-after-ms", time.Millisecond}, {"x-ms-retry-after-ms", time.Millisecond}, {"Retry-After", time.Second}} {
		value := resp.Header.Get(header.name)
		if value == "" {
			continue
		}
		if n, err := strconv.Atoi(value); err == nil {
			return time.Duration(n) * header.unit
		}
		if at, err := http.ParseTime(value); err == nil {
			return time.Until(at)
		}
	}
	return 0
}

// decode reads a body that has to be a JSON object; an empty one is nil.
func decode(resp *http.Response) (map[string]any, error) {
	payload, err := runtime.Payload(resp)
	if err != nil {
		return nil, err
	}
	if len(payload) == 0 {
		return nil, nil
	}
	var body map[string]any
	if err := json.Unmarshal(payload, &body); err != nil {
		return nil, fmt.Errorf("unexpected response from Azure: '%s', HTTP status: %s", payload, resp.Status)
	}
	return body, nil
}

// Error is an answer of Azure that refuses or fails a request.
type Error struct {
	Status  int    // the HTTP status
	Code    string // Azure's error code, such as ResourceNotFound; may be empty
	Message string // Azure's message, or the whole body if it has none
}

// Error is the text that the official provider shows.
func (e *Error) Error() string {
	if e.Code == "" {
		return fmt.Sprintf(`Status=%d Message="%s"`, e.Status, e.Message)
	}
	return fmt.Sprintf(`Status=%d Code="%s" Message="%s"`, e.Status, e.Code, e.Message)
}

// newError reads a response in ARM's error envelope.
func newError(resp *http.Response) error {
	failed := &Error{Status: resp.StatusCode}
	var azure *azcore.ResponseError
	if errors.As(runtime.NewResponseError(resp), &azure) {
		failed.Code = azure.ErrorCode
	}
	payload, err := runtime.Payload(resp)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	failed.Message = string(payload)
	var envelope struct {
		Error struct{ Message string } `json:"error"`
	}
	if json.Unmarshal(payload, &envelope) == nil && envelope.Error.Message != "" {
		failed.Message = envelope.Error.Message
	}
	return failed
}

// asError turns azcore's error, a text of many lines, into an Error.
func asError(err error) error {
	var azure *azcore.ResponseError
	if errors.As(err, &azure) && azure.RawResponse != nil {
		return newError(azure.RawResponse)
	}
	return err
}

// isNotFound reports whether an error says that the resource does not exist.
func isNotFound(err error) bool {
	var failed *Error
	return errors.As(err, &failed) && failed.Status == http.StatusNotFound
}

// canCreate refuses to take over a resource that exists already: ARM's PUT would silently update it.
func (c *client) canCreate(ctx context.Context, t *resourceType, id string) error {
	resp, err := c.send(ctx, http.MethodGet, id, t.version, nil)
	if err != nil {
		return err
	}
	switch resp.StatusCode {
	case http.StatusNotFound, http.StatusNoContent:
		return nil
	case http.StatusOK:
		if t.singleton {
			return nil // it always exists
		}
		body, err := decode(resp)
		if err != nil || len(body) == 0 {
			return nil // the answer of some services for a resource that does not exist
		}
		if t.implicit != nil {
			// It is created with its parent, and can be taken over as long as it is unchanged.
			if !t.isDefault(body) {
				return fmt.Errorf("cannot create already existing subresource '%s'", id)
			}
			return nil
		}
		return fmt.Errorf("cannot create already existing resource '%s'", id)
	default:
		payload, _ := runtime.Payload(resp)
		return fmt.Errorf("cannot check existence of resource '%s': status code %d, %s", id, resp.StatusCode, payload)
	}
}
