package checks_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/assert"

	"github.com/crossorg/crossorg/internal/checks"
)

func TestRowsComeInTheOrderOfTheQuestions(t *testing.T) {
	var questions []checks.Question
	for i := range 30 {
		questions = append(questions, checks.Question{Label: "q", Ask: func(context.Context) []checks.Check {
			time.Sleep(time.Duration(30-i) * 100 * time.Microsecond)
			return []checks.Check{{Resource: string(rune('A' + i)), OK: i != 7}}
		}})
	}
	report := checks.Ask(context.Background(), questions, io.Discard)
	for i, c := range report.Checks {
		assert.Equal(t, string(rune('A'+i)), c.Resource)
	}
	assert.Equal(t, 29, report.Passed)
	assert.Equal(t, 1, report.Failed)
	assert.False(t, report.OK())
}

func TestNothingCheckedIsNotFine(t *testing.T) {
	assert.True(t, checks.Ask(context.Background(), nil, io.Discard).OK(), "nothing to check is nothing wrong")
}

func TestWhatCannotBeReadFailsWithTheErrorsCode(t *testing.T) {
	subject := checks.About("contoso", "/a")
	gone := subject.Unreadable("vault", "there", "make it again",
		&azcore.ResponseError{StatusCode: http.StatusNotFound, ErrorCode: "ResourceNotFound"})
	assert.False(t, gone.OK)
	assert.Equal(t, "404 ResourceNotFound", gone.Seen)
	assert.Equal(t, "make it again", gone.Advice)
	denied := subject.Unreadable("vault", "there", "",
		&azcore.ResponseError{StatusCode: http.StatusForbidden, ErrorCode: "AuthorizationFailed"})
	assert.Contains(t, denied.Advice, "Reader")
	assert.Equal(t, "no route", subject.Unreadable("vault", "there", "", errors.New("no route\nat all")).Seen)
}
