package checks

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Subject is the resource that rows are about.
type Subject struct {
	// Organization and Resource as in Check.
	Organization, Resource string
}

// About is the subject of a resource of an organization.
func About(organization, resource string) Subject { return Subject{organization, resource} }

// On is another resource of the same organization.
func (s Subject) On(resource string) Subject { return Subject{s.Organization, resource} }

// Is makes a row; advice counts only if it fails.
func (s Subject) Is(check, expected string, ok bool, seen, advice string) Check {
	c := Check{Check: check, Organization: s.Organization, Resource: s.Resource, Expected: expected, Seen: seen, OK: ok}
	if !ok {
		c.Advice = advice
	}
	return c
}

// Equal makes a row that passes when exactly the expected is seen, in any case of letters.
func (s Subject) Equal(check, expected, seen, advice string) Check {
	if seen == "" {
		seen = "nothing"
	}
	return s.Is(check, expected, strings.EqualFold(expected, seen), seen, advice)
}

// Unreadable is the failed row of an unreadable resource, and shows the error's code. The advice is for a missing
// resource; other errors have an advice of their own.
func (s Subject) Unreadable(check, expected, advice string, err error) Check {
	var answer *azcore.ResponseError
	isAnswer := errors.As(err, &answer)
	switch {
	case isAnswer && answer.StatusCode == http.StatusNotFound:
		if advice == "" {
			advice = "it is gone: bring it back"
		}
	case isAnswer && (answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusUnauthorized):
		advice = "sign in as somebody who may read it: " +
			"Reader on the subscription, and Storage Account Key Operator for blobs"
	default:
		advice = "see that Azure is reached and the login is valid, then try again"
	}
	return s.Is(check, expected, false, errorText(err), advice)
}

// errorText is an error in a few words: status and code of an Azure error, the first line of any other.
func errorText(err error) string {
	var answer *azcore.ResponseError
	if errors.As(err, &answer) {
		return fmt.Sprintf("%d %s", answer.StatusCode, answer.ErrorCode)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}
