package arm_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/armtest"
)

// A job, and the result of an operation, are of the resource that they were begun for, and not of the one that has its
// id after a deletion.
func TestJobsAndOperationsAreOfOneResource(t *testing.T) {
	var ran []string
	waiting := &arm.Type{
		Name: "Microsoft.Any/things", PutAsync: arm.Location,
		Put: func(c *arm.Call, w *arm.Write) *arm.Error {
			return c.EnqueueDetached(w.New.ID, "work", c.Now.Add(time.Hour), nil)
		},
		Jobs: map[string]arm.Job{
			"work": func(_ context.Context, _ *arm.Server, r *arm.Resource, _ map[string]any) *arm.Error {
				ran = append(ran, r.String("tags", "of"))
				return nil
			}},
	}
	a := armtest.New(t, armtest.Config{APIVersion: "2022-01-01", Providers: func(*armtest.Azure) []*arm.Provider {
		return []*arm.Provider{{Namespace: "Microsoft.Any", Types: []*arm.Type{waiting}}}
	}})
	const id = armtest.Group + "/providers/Microsoft.Any/things/one"
	body := func(of string) map[string]any {
		return map[string]any{"location": "eastus", "tags": map[string]any{"of": of}}
	}
	result := a.Contoso.Put(id, body("the first")).OK().Header.Get("Location")
	require.NotEmpty(t, result)
	assert.Equal(t, http.StatusOK, a.Contoso.Get(result).Status)
	a.Advance(30 * time.Minute)
	a.Contoso.Delete(id).OK()
	a.Contoso.Put(id, body("the second")).OK()

	assert.Equal(t, http.StatusNoContent, a.Contoso.Get(result).Status, "Ensure the first's operation does not show it")
	a.Advance(45 * time.Minute)
	assert.Empty(t, ran, "Ensure the first's job does not run on the second")
	a.Contoso.Put(id, body("the second, updated")).OK()
	a.Advance(30 * time.Minute)
	assert.Equal(t, []string{"the second, updated"}, ran, "Ensure the second's own job runs, and an update keeps it")
}
