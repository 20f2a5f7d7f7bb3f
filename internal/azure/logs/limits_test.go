package logs_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A query that exceeds a limit while it runs is answered in the form of the API: what there is, and a partial error.
func TestAQueryThatExceedsALimitIsAPartialError(t *testing.T) {
	a := newAzure(t)
	text := "print x = 'abcdefghijklmnop'" + strings.Repeat(" | extend x = strcat(x, x)", 16)
	rows := "let t0 = " + text + "; " + doubled(8) + "t8"
	for _, test := range []struct {
		query, code string
		rows        bool
	}{
		{rows + " | extend y = strcat(x, 1), z = strcat(x, 2)", "-2133196799", false},
		{rows, "-2133196797", true},
	} {
		status, body := a.ask(a.Contoso.Principal, test.query, "")
		require.Equal(t, http.StatusOK, status)
		problem := body["error"].(map[string]any)
		require.Equal(t, "PartialError", problem["code"])
		engine := problem["details"].([]any)[0].(map[string]any)
		require.Equal(t, "EngineError", engine["code"])
		require.Equal(t, test.code, engine["innererror"].(map[string]any)["code"])
		table := body["tables"].([]any)[0].(map[string]any)
		require.Equal(t, "PrimaryResult", table["name"])
		require.Equal(t, test.rows, len(table["rows"].([]any)) > 0)
	}
}

// doubled names tables of 2, 4, … 2^n rows.
func doubled(n int) string {
	var b strings.Builder
	for i := range n {
		from, to := string(rune('0'+i)), string(rune('1'+i))
		b.WriteString("let t" + to + " = union t" + from + ", t" + from + "; ")
	}
	return b.String()
}

func TestAQueryTakesNoLongerThanItsCallerWaits(t *testing.T) {
	a := newAzure(t)
	token := a.Token(a.Contoso.Principal, "https://api.loganalytics.io")
	ask := func(prefer string) int {
		return a.Send(http.MethodPost, "/v1/workspaces/"+a.customerID+"/query", `{"query": "let t0 = print x = '`+
			strings.Repeat("a", 100_000)+`'; `+doubled(9)+strings.ReplaceAll(`t9 | where strcat(x, '*') contains 'b*'`+
			strings.Repeat(" | where strcat(x, '*') !contains 'b*'", 40), "*", strings.Repeat("b", 1000))+`"}`,
			"Authorization", "Bearer "+token, "Prefer", prefer).Status
	}
	require.Equal(t, http.StatusBadRequest, ask("wait=soon"))
	require.Equal(t, http.StatusOK, ask("wait=600"))
}
