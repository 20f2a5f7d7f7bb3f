package kql_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/kql"
)

var now = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

// events is a small table to ask questions about.
func events() *kql.Table {
	at := func(hours int) time.Time { return now.Add(time.Duration(hours) * time.Hour) }
	return &kql.Table{
		Columns: []kql.Column{
			{Name: "TimeGenerated", Type: kql.DateTime}, {Name: "Status", Type: kql.String},
			{Name: "Size", Type: kql.Long},
			{Name: "Ratio", Type: kql.Real}, {Name: "Detail", Type: kql.Dynamic},
		},
		Rows: [][]any{
			{at(-1), "Succeeded", int64(10), 0.5, map[string]any{"who": "Ann", "tags": []any{"x", "y"}}},
			{at(-2), "Failed", int64(3), 1.5, map[string]any{"who": "Bob"}},
			{at(-30), "succeeded", int64(7), nil, nil},
		},
	}
}

func run(query string) (*kql.Table, error) {
	q, err := kql.Parse(query)
	if err != nil {
		return nil, err
	}
	return q.Run(kql.Environment{Now: now, Table: func(name string) (*kql.Table, error) {
		if name == "Events" {
			return events(), nil
		}
		return nil, nil
	}})
}

// rows is a result as text, a row a line.
func rows(t *kql.Table) []string {
	var out []string
	for _, row := range t.Rows {
		line := ""
		for i, v := range row {
			if i > 0 {
				line += "|"
			}
			line += kql.Text(v)
		}
		out = append(out, line)
	}
	return out
}

func TestQueriesAnswerAsKusto(t *testing.T) {
	for query, want := range map[string][]string{
		// where
		`Events | where Status == "Succeeded" | project Size`: {"10"},
		`Events | where Status =~ "SUCCEEDED" | project Size`: {"10",
			"7"},
		`Events | where Status != "Failed" and Size < 8 | project Size`:                                     {"7"},
		`Events | where Status contains "CEED" | count`:                                                     {"2"},
		`Events | where Status contains_cs "CEED" | count`:                                                  {"0"},
		`Events | where Status !contains "ceed" | project Size`:                                             {"3"},
		`Events | where Status startswith "fail" | project Size`:                                            {"3"},
		`Events | where Status has "succ" | count`:                                                          {"0"},
		`Events | where strcat("a ", Status, "/b") has "failed" | count`:                                    {"1"},
		`Events | where Status in ("Failed", "nothing") | project Size`:                                     {"3"},
		`Events | where Status !in ("Failed") | count`:                                                      {"2"},
		`Events | where Status in~ ("FAILED") | count`:                                                      {"1"},
		`Events | where Status in (dynamic(["Failed", "Succeeded"])) | count`:                               {"2"},
		`Events | where not(Size > 5 or Status == "x") | project Size`:                                      {"3"},
		`Events | where TimeGenerated > ago(1d) | count`:                                                    {"2"},
		`Events | where TimeGenerated between (datetime(2025-03-01T10:00:00Z) .. now()) | count`:            {"2"},
		`Events | where TimeGenerated between (datetime(2025-03-01T09:30:00Z) .. 1h) | project Size`:        {"3"},
		`Events | where Size !between (4 .. 8) | count`:                                                     {"2"},
		`Events | where isnull(Ratio) | project Size`:                                                       {"7"},
		`Events | where Ratio > 0 | count`:                                                                  {"2"},
		`Events | where Detail.who == "Ann" | project Size`:                                                 {"10"},
		`Events | where tostring(Detail["who"]) startswith "b" | project Size`:                              {"3"},
		`Events | where Size > 2 // a comment` + "\n" + `| where Size < 5 | project Size`:                   {"3"},
		`let least = 5; let fresh = 1d; Events | where Size > least and TimeGenerated > ago(fresh) | count`: {"1"},
		// columns
		`Events | project Bytes = Size * 2, Status | take 1`:                     {"20|Succeeded"},
		`Events | extend Size = Size + 1 | project-keep Size | take 1`:           {"11"},
		`Events | project-away TimeGenerated, Ratio, Detail | take 1`:            {"Succeeded|10"},
		`Events | project-rename Bytes = Size | project Bytes | limit 1`:         {"10"},
		`Events | project Tag = Detail.tags[1], Last = Detail.tags[-1] | take 1`: {"y|y"},
		`Events | project Age = now() - TimeGenerated | take 1`:                  {"01:00:00"},
		`Events | project iff(Size > 5, "big", "small") | take 2`:                {"big", "small"},
		`Events | project case(Size > 9, "a", Size > 5, "b", "c")`:               {"a", "c", "b"},
		`print 7 / 2, 7.0 / 2, 7 % 2, -3 + 1, 1h / 30m, 2 * 1d`: {
			"3|3.5|1|-2|2|2.00:00:00"},
		`print coalesce("", "x"), strlen("abc"), substring("abcdef", 2, 3), toupper("a")`: {"x|3|cde|A"},
		`print tolong("12") + 1, todouble("1.5"), toint("x"), tobool("true")`:             {"13|1.5||true"},
		`print todatetime("2025-01-02") - todatetime("2025-01-01T12:00:00Z")`:             {"12:00:00"},
		`print bin(datetime(2025-03-01T12:34:56Z), 1h), bin(17, 5), bin(2.7, 1)`: {
			"2025-03-01T12:00:00.0000000Z|15|2"},
		`print split("a/b/c", "/"), split("a/b/c", "/", 1), extract("b=(\\d+)", 1, "a b=42")`: {
			`["a","b","c"]|["b"]|42`},
		`print datetime_diff("day", datetime(2025-03-02), datetime(2025-02-28T23:00))`: {"2"},
		`print parse_json('{"a":{"b":[1,2]}}').a.b[1]`:                                 {"2"},
		`print @"c:\x", 'it\'s'`:                                                       {`c:\x|it's`},
		// summarize
		`Events | summarize count()`: {"3"},
		`Events | summarize n = count(), sum(Size), max(Size), min(Size), avg(Size)`:   {"3|20|10|3|6.666666666666667"},
		`Events | where Size > 100 | summarize count(), sum(Size), max(TimeGenerated)`: {"0|0|"},
		`Events | where Size > 100 | summarize count() by Status`:                      nil,
		`Events | summarize count() by Status = tolower(Status) | order by count_`: {"succeeded|2",
			"failed|1"},
		`Events | summarize countif(Size > 5), dcount(Status), sumif(Size, Size > 5)`: {"2|3|17"},
		`Events | summarize make_set(tolower(Status)), make_list(Size)`: {
			`["succeeded","failed"]|[10,3,7]`},
		`Events | summarize arg_max(TimeGenerated, Size, Status)`: {
			"2025-03-01T11:00:00.0000000Z|10|Succeeded"},
		`Events | summarize arg_min(Size, *) | project Status`: {"Failed"},
		`Events | summarize Sizes = sum(Size) by bin(TimeGenerated, 1d) | order by TimeGenerated asc`: {
			"2025-02-28T00:00:00.0000000Z|7", "2025-03-01T00:00:00.0000000Z|13"},
		`Events | distinct tolower(Status)`: {"succeeded",
			"failed"},
		// order
		`Events | order by Size | project Size`:                  {"10", "7", "3"},
		`Events | sort by Size asc | project Size`:               {"3", "7", "10"},
		`Events | sort by Ratio asc | project Size`:              {"7", "10", "3"},
		`Events | sort by Ratio desc nulls first | project Size`: {"7", "3", "10"},
		`Events | top 2 by Size | project Size`:                  {"10", "7"},
		`Events | top 1 by TimeGenerated asc | project Size`:     {"7"},
		// union
		`union (Events | project Size), (Events | project Size, Status) | count`:             {"6"},
		`union isfuzzy=true Absent, (Events | take 1 | project Size)`:                        {"10"},
		`union withsource=From Events, (Events | take 1) | summarize count() by From`:        {"Events|4"},
		`union kind=inner (Events | project Size, Status), (Events | project Size) | take 1`: {"10"},
		`Events | union Events | count`:                                                      {"6"},
		`datatable(A: long, B: string)[1, "x", -2, "y"] | where A < 0`:                       {"-2|y"},
		`let big = Events | where Size > 5; big | count`:                                     {"2"},
		`let e = Events; e | count | render table`:                                           {"3"},
		// types that disagree become two columns
		`union (print A = 1), (print A = "x") | project A_long, A_string`: {"1|", "|x"},
	} {
		t.Run(query, func(t *testing.T) {
			got, err := run(query)
			require.NoError(t, err)
			require.Equal(t, want, rows(got))
		})
	}
}

// Queries that Azure refuses are refused here before any row is read, with the place of the error.
func TestInvalidQueriesAreRefused(t *testing.T) {
	for query, c := range map[string]struct {
		semantic bool
		message  string
	}{
		`Events | where Absent == 1`: {true,
			"line 1, column 16: Failed to resolve scalar expression named 'Absent'"},
		`Absent | count`:                                     {true, "'Absent'"},
		`Events | where Status == 403`:                       {true, "Cannot compare values of types string and long"},
		`Events | where Size contains "1"`:                   {true, "tostring()"},
		`Events | where Size`:                                {true, "condition"},
		`Events | project Size, Size`:                        {true, "twice"},
		`Events | extend x = nonsense(Size)`:                 {true, "Unknown function"},
		`Events | extend x = count()`:                        {true, "summarize"},
		`Events | summarize sum(Status)`:                     {true, "tolong()"},
		`Events | project Status.who`:                        {true, "parse_json()"},
		`Events | project iff(true)`:                         {true, "arguments"},
		`union Absent, Events`:                               {true, "'Absent'"},
		`union isfuzzy=true Absent, AlsoAbsent`:              {true, "could be resolved"},
		`Events | wher Size > 1`:                             {false, "'wher' is not known"},
		`Events | where`:                                     {false, "line 1, column 15"},
		"Events\n| where Size >":                             {false, "line 2, column 15"},
		`Events | where Status == "open`:                     {false, "no end"},
		`Events | take many`:                                 {false, "number of rows"},
		``:                                                   {false, "a name"},
		`Events | where Size > 5x`:                           {false, "5x"},
		`Events | where TimeGenerated > datetime(yesterday)`: {false, "no datetime literal"},
		`Events | where (Size > 1`:                           {false, "')'"},
		`Events | where Size # 1`:                            {false, "'#'"},
		`Events; Events`:                                     {false, "the end of the query"},
	} {
		t.Run(query, func(t *testing.T) {
			_, err := run(query)
			var refused *kql.Error
			require.ErrorAs(t, err, &refused)
			require.Contains(t, refused.Error(), c.message)
			require.Equal(t, c.semantic, refused.Semantic, refused.Error())
		})
	}
}

// A result has its columns and types also when it has no rows.
func TestEmptyResultsKeepTheirColumns(t *testing.T) {
	got, err := run(`Events | where Size > 100 | project At = TimeGenerated, Age = now() - TimeGenerated,
		N = Size / 2.0, Big = Size > 1, D = Detail.x`)
	require.NoError(t, err)
	require.Empty(t, got.Rows)
	require.Equal(t, []kql.Column{
		{Name: "At", Type: kql.DateTime}, {Name: "Age", Type: kql.TimeSpan}, {Name: "N", Type: kql.Real},
		{Name: "Big", Type: kql.Bool}, {Name: "D", Type: kql.Dynamic},
	}, got.Columns)
}

// No query exhausts memory: what doubles at every step is stopped or cut off.
func TestQueriesAreBounded(t *testing.T) {
	rows, text := "let a = Events;", "let a = 'xx';"
	for i := range 60 {
		rows += fmt.Sprintf("let a%d = union %s, %s;", i, name("a", i), name("a", i))
		text += fmt.Sprintf("let a%d = strcat(%s, %s);", i, name("a", i), name("a", i))
	}
	_, err := run(rows + "a59 | count")
	require.ErrorContains(t, err, "narrow it down")
	got, err := run(text + "print strlen(a59)")
	require.NoError(t, err)
	require.Equal(t, int64(1<<20), got.Rows[0][0])
}

// name is the table of the step before.
func name(base string, i int) string {
	if i == 0 {
		return base
	}
	return fmt.Sprint(base, i-1)
}

// Columns that a query does not name are named as on Azure.
func TestColumnsNameThemselves(t *testing.T) {
	got, err := run(`Events | summarize count(), max(Size), make_set(Status), dcount(Status) by bin(TimeGenerated, 1d),
		tostring(Detail.who), strcat(Status, "x")`)
	require.NoError(t, err)
	var names []string
	for _, c := range got.Columns {
		names = append(names, c.Name)
	}
	require.Equal(t, []string{"TimeGenerated", "Detail_who", "Column1", "count_", "max_Size", "set_Status",
		"dcount_Status"}, names)
}

// An error of the environment is not an error of the query.
func TestErrorsOfTheEnvironmentPassThrough(t *testing.T) {
	broken := errors.New("the disk is gone")
	q, err := kql.Parse("union isfuzzy=true Events")
	require.NoError(t, err)
	_, err = q.Run(kql.Environment{Now: now, Table: func(string) (*kql.Table, error) { return nil, broken }})
	require.ErrorIs(t, err, broken)
}

// A query that parses runs without a panic, and every refusal is an *Error.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`Events | where Status == "a" and Size in (1, 2) | summarize n = count() by bin(TimeGenerated, 1d)
			| top 3 by n`,
		`union isfuzzy=true (datatable(A: datetime)[datetime(2025-01-01)]), (Events | project-away Size)`,
		`let a = 1h; print ago(a), dynamic({"x":[1]}).x[0], iff(true, 1, 2.5) // end`,
		`Events | where TimeGenerated !between (ago(1d) .. 5m) | extend X = -Size * 3 % 0 | order by X asc nulls last`,
		`Events | summarize arg_max(TimeGenerated, *) by Status, ['Size'] | render x`,
		`((((Events))))|count`, `print 9223372036854775807 * 2 / -1`, `print totimespan("99.23:59:59.9999999")`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		_, err := run(query)
		var refused *kql.Error
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("%v is no *kql.Error", err)
		}
	})
}

func ExampleQuery_Run() {
	q, err := kql.Parse(`datatable(City: string, People: long)["Oslo", 709000, "Bergen", 291000]
		| where People > 500000 | project City`)
	if err != nil {
		panic(err)
	}
	t, err := q.Run(kql.Environment{Now: time.Now(), Table: func(string) (*kql.Table, error) { return nil, nil }})
	if err != nil {
		panic(err)
	}
	fmt.Println(t.Columns[0].Name, t.Rows[0][0])
	// Output: City Oslo
}
