package bridge

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
)

// adopt reads a resource that is there already although this run, or an interrupted one before it, is to make it. It is
// ours if it is what was asked for: a PUT whose answer is lost is sent again, by azcore or by the next run, and Azure
// refuses the second one for resources that it has no update for. found is false for anything else.
func (t *resourceType) adopt(ctx context.Context, c *client, id string, asked map[string]any) (
	body map[string]any, found bool,
) {
	body, err := c.get(ctx, id, t.version)
	if err != nil {
		return nil, false
	}
	props, _ := body["properties"].(map[string]any)
	if state, _ := props["provisioningState"].(string); state != "" && !strings.EqualFold(state, "Succeeded") {
		return nil, false
	}
	return body, asAsked(body, withoutEmpty(asked))
}

// asAsked reports whether a value of Azure's has everything that was asked for. Azure may spell names and times in its
// own way, and adds values.
func asAsked(has, asked any) bool {
	switch asked := asked.(type) {
	case nil:
		return true
	case map[string]any:
		members, ok := has.(map[string]any)
		for name, member := range asked {
			ok = ok && asAsked(members[name], member)
		}
		return ok
	case []any:
		items, ok := has.([]any)
		ok = ok && len(items) == len(asked)
		for i, item := range asked {
			ok = ok && asAsked(items[i], item)
		}
		return ok
	case string:
		text, ok := has.(string)
		return ok && (strings.EqualFold(text, asked) || sameTime(text, asked))
	default:
		return has == asked
	}
}

func sameTime(a, b string) bool {
	first, err := time.Parse(time.RFC3339Nano, a)
	second, err2 := time.Parse(time.RFC3339Nano, b)
	return err == nil && err2 == nil && first.Equal(second)
}

// isConflict reports whether an error says that a write does not go with what is there.
func isConflict(err error) bool {
	var failed *Error
	return errors.As(err, &failed) && failed.Status == http.StatusConflict
}
