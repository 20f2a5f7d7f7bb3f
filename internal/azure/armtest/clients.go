package armtest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/stretchr/testify/require"
)

// Done waits for the operation that an official client has begun. Its arguments are the results of a Begin method. The
// clients' own waiting has a granularity of a second.
func Done[T any](p *runtime.Poller[T], err error) (T, error) {
	if err != nil {
		return *new(T), err
	}
	for !p.Done() {
		if _, err := p.Poll(context.Background()); err != nil {
			return *new(T), err
		}
		time.Sleep(2 * time.Millisecond)
	}
	return p.Result(context.Background())
}

// Must is Done for an operation that has to succeed.
func Must[T any](t testing.TB, p *runtime.Poller[T], err error) T {
	t.Helper()
	out, err := Done(p, err)
	require.NoError(t, err)
	return out
}

// Refused requires that an official client reports an error of this status and code. It returns the message.
func Refused(t testing.TB, err error, status int, code string) string {
	t.Helper()
	var response *azcore.ResponseError
	require.ErrorAs(t, err, &response)
	require.Equal(t, code, response.ErrorCode, response.Error())
	require.Equal(t, status, response.StatusCode, response.Error())
	return response.Error()
}

// All collects a list page by page. V is an element of the field Value that the official clients' pages have.
func All[V, P any](t testing.TB, pager *runtime.Pager[P]) []V {
	t.Helper()
	var out []V
	for pager.More() {
		page, err := pager.NextPage(context.Background())
		require.NoError(t, err)
		value := reflect.ValueOf(page).FieldByName("Value")
		require.True(t, value.IsValid(), "%T has no field Value", page)
		items, ok := value.Interface().([]V)
		require.True(t, ok, "the field Value of %T is %s", page, value.Type())
		out = append(out, items...)
	}
	return out
}
