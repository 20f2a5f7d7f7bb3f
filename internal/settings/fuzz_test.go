package settings_test

import (
	"strings"
	"testing"

	"github.com/crossorg/crossorg/internal/settings"
)

// Whatever a configuration holds, it is either good or a list of problems, each with a key, a reason and a line of its
// own, in the order of keys; and the password is in none of them.
func FuzzParse(f *testing.F) {
	f.Add("organizations", `{"contoso":{"location":"eastus","principal":{"clientId":"x"}}}`)
	f.Add("shares", `{"s":{"provider":"contoso","consumers":["contoso"],"dataSets":{"d":{"kind":"blob","path":"/x"}}}}`)
	f.Add("shares", `{"s":{"expiration":"2020-01-01T00:00:00Z","schedule":{"interval":"Week","start":5}}}`)
	f.Add("governance", `{"adminCertificate":null,"nodeCount":1e9,"nodeCertificates":[null,{}],`+
		`"allowedAddressRanges":["::1%eth0/4"]}`)
	f.Add("monitoring", `{"dailyQuotaGb":1e400,"recipients":["@"]}`)
	f.Add("tags", "{\"\":\"\\u0000\",\"a\\nb\":\"c\"}")
	f.Add("storage", `{"sku":{"a":[1,2]}} trailing`)
	f.Add("principalSecrets", `{"contoso":7}`)
	f.Add("rolePropagation", "-1s")
	f.Add("organizations", `{"contoso\nx":{"location":"eastus"},"contos":{"principal":{}}}`)
	f.Add("a\nb", "x")
	empty := f.TempDir()
	f.Fuzz(func(t *testing.T, key, value string) {
		given := map[string]string{
			"organizations": `{"contoso":{"location":"eastus"}}`, "governance": `{"organization":"contoso"}`,
		}
		given[key] = value
		if key != "adminPassword" && !strings.Contains(value, password) {
			given["adminPassword"] = password
		}
		got, err := settings.Parse(given, settings.Options{Now: now, Root: empty})
		if err == nil {
			if got == nil {
				t.Fatal("neither settings nor problems")
			}
			return
		}
		problems, ok := err.(settings.Problems)
		if !ok || len(problems) == 0 || got != nil {
			t.Fatalf("not a list of problems: %v", err)
		}
		for i, problem := range problems {
			line := problem.String()
			if problem.Key == "" || problem.Reason == "" || strings.ContainsAny(line, "\r\n") {
				t.Errorf("not a line: %q", line)
			}
			if i > 0 && problems[i-1].Key > problem.Key {
				t.Errorf("%q comes after %q", problem.Key, problems[i-1].Key)
			}
			if given["adminPassword"] == password && strings.Contains(line, password) {
				t.Errorf("the password shows: %q", line)
			}
		}
	})
}
