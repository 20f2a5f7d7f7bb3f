package console_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/console"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestWithoutATerminal(t *testing.T) {
	s := console.On(&bytes.Buffer{}, environment(nil))
	assert.Equal(t, 100, s.Width())
	assert.False(t, s.Colour)
	assert.False(t, s.Moving)
	assert.True(t, s.Log)
	assert.Equal(t, 72, console.On(&bytes.Buffer{}, environment(map[string]string{"COLUMNS": "72"})).Width())
	assert.Equal(t, 100, console.On(&bytes.Buffer{}, environment(map[string]string{"COLUMNS": "wide"})).Width())
	assert.Equal(t, 40, console.On(&bytes.Buffer{}, environment(map[string]string{"COLUMNS": "5"})).Width())
}

// page prints what a test writes to a page of a width.
func page(t *testing.T, width int, colour bool, write func(*console.Page)) string {
	t.Helper()
	var out bytes.Buffer
	p := (&console.Screen{Writer: &out, Columns: width, Colour: colour}).Page()
	write(p)
	require.NoError(t, p.Print())
	return out.String()
}

func sample(p *console.Page) {
	p.Heading("A heading")
	p.Text("  ", console.Bad("It failed for a reason that takes more than one line to tell, at /subscriptions/"+
		"4f2a3a51-6a0c-4f0a-9d1c-0c8a6e0a7a11/resourceGroups/group/providers/Microsoft.KeyVault/vaults/vault-of-"+
		"somebody"))
	p.Facts("  ", console.Fact{Name: "Short", Value: 7}, console.Fact{Name: "A long name", Value: "one\ntwo"})
	t := console.NewTable(console.Column{Head: "PATH", Clip: console.AtStart}, console.Column{Head: "TEXT"},
		console.Column{Head: "NUMBER", Right: true}, console.Column{Head: "KEPT", Clip: console.Never},
		console.Column{Head: "NAME", Clip: console.AtMiddle})
	t.Row("container/folder/folder/folder/folder/file.csv", strings.Repeat("words ", 9), 12, console.Good("equal"),
		"contoso-provider-rg29e02ade")
	t.Row("日本語/ファイル.csv", "déjà vu\nin two lines", 123456, "", "日本語日本語日本語日本語")
	p.Blank()
	p.Table("  ", t)
}

func TestPageInAWidth(t *testing.T) {
	assert.Equal(t, `A heading
  It failed for a reason that takes more than one line to
  tell, at
  /subscriptions/4f2a3a51-6a0c-4f0a-9d1c-0c8a6e0a7a11/
  resourceGroups/group/providers/Microsoft.KeyVault/vaults/
  vault-of-somebody
  Short        7
  A long name  one
               two

  PATH           TEXT           NUMBER  KEPT   NAME
  …/file.csv     words words …      12  equal  contos…e02ade
  …ファイル.csv  déjà vu in t…  123456         日本語…日本語
`, page(t, 60, false, sample))
}

func TestNoLineIsWiderAndColourAddsNothingElse(t *testing.T) {
	for width := 40; width < 170; width++ {
		plain, coloured := page(t, width, false, sample), page(t, width, true, sample)
		assert.NotContains(t, plain, "\x1b")
		assert.Contains(t, coloured, "\x1b[1;31m")
		assert.Equal(t, plain, ansi.Strip(coloured))
		for line := range strings.Lines(plain) {
			assert.LessOrEqual(t, ansi.StringWidth(strings.TrimSuffix(line, "\n")), width, line)
		}
	}
}

func TestWhatComesFromElsewhereDoesNotSteerTheTerminal(t *testing.T) {
	out := page(t, 100, true, func(p *console.Page) {
		p.Text("", "evil\x1b[2J\x1b]0;title\x07\r\x08 text\u009b31m")
		p.Verbatim("", "evil\x1b[2J command")
	})
	assert.Equal(t, "evil text31m\nevil command\n", out)
}

func TestCommandsAreNeverCut(t *testing.T) {
	commands := []console.Command{{Line: "crossorg verify", Does: "checks it"},
		{Line: "crossorg local outputs", Does: "ids"}}
	assert.Equal(t, "  crossorg verify         # checks it\n  crossorg local outputs  # ids\n",
		page(t, 60, false, func(p *console.Page) { p.Commands("  ", commands...) }))
	commands[1].Line += " --home " + strings.Repeat("x", 60)
	assert.Equal(t, "  crossorg verify\n  "+commands[1].Line+"\n",
		page(t, 60, false, func(p *console.Page) { p.Commands("  ", commands...) }))
}

func TestMessagesInALogStayOnOneLine(t *testing.T) {
	var out bytes.Buffer
	message := strings.Repeat("a reason ", 30) + "end"
	for _, log := range []bool{true, false} {
		p := (&console.Screen{Writer: &out, Columns: 80, Log: log}).Page()
		p.Message("  ", "- ", message)
		require.NoError(t, p.Print())
		assert.Equal(t, log, strings.Contains(out.String(), message))
		out.Reset()
	}
}

func TestShortIDs(t *testing.T) {
	const group = "/subscriptions/s1/resourceGroups/g1/providers/"
	ids, want := []string{}, []string{}
	for id, short := range map[string]string{
		group + "Microsoft.KeyVault/vaults/v":                              "v",
		group + "Microsoft.KeyVault/vaults/x":                              "vaults/x",
		group + "Microsoft.Storage/storageAccounts/x":                      "storageAccounts/x",
		group + "Microsoft.Storage/storageAccounts/a/blobServices/default": "a/…/default",
		group + "Microsoft.Storage/storageAccounts/b/blobServices/default": "b/…/default",
		"/subscriptions/s1/resourceGroups/g2/providers/P/shares/same":      "g2/…/same",
		"/subscriptions/s1/resourceGroups/g3/providers/P/shares/same":      "s1/…/g3/…/same",
		"/subscriptions/s2/resourceGroups/g3/providers/P/shares/same":      "s2/…/g3/…/same",
		"account/container/file.csv":                                       "account/container/file.csv",
		"/":                                                                "",
		"":                                                                 "",
	} {
		ids, want = append(ids, id), append(want, short)
	}
	assert.Equal(t, want, console.ShortIDs(ids))
	assert.Equal(t, []string{"V", "v"}, console.ShortIDs([]string{"/a/V", "/A/v"}), "Azure's ids have no case")
}

func TestShortIDsStayApart(t *testing.T) {
	var ids []string
	for i := range 200 {
		ids = append(ids, fmt.Sprintf("/subscriptions/s%d/resourceGroups/g%d/providers/P/t/n%d", i%3, i%7, i%11))
	}
	seen := map[string]string{}
	for i, short := range console.ShortIDs(ids) {
		if before, ok := seen[short]; ok {
			assert.Equal(t, before, ids[i], short)
		}
		seen[short] = ids[i]
	}
}

func TestShortDigests(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("a", 20)+strings.Repeat("b", 44)
	assert.Equal(t, []string{strings.Repeat("a", 12)}, console.ShortDigests([]string{a}))
	assert.Equal(t, []string{strings.Repeat("a", 21), "", strings.Repeat("a", 20) + "b", "short"},
		console.ShortDigests([]string{a, "", b, "short"}))
}
