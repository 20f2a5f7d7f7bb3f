package blob

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSkew is the largest difference between a signed request's date and the present.
const maxSkew = 15 * time.Minute

func sign(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text)) // never fails
	return mac.Sum(nil)
}

// signedByAny reports, in time that does not depend on the signature, whether one of the keys made signature (base64)
// of one of the texts.
func signedByAny(keys [][]byte, signature string, texts ...string) bool {
	given, err := base64.StdEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	ok := false
	for _, key := range keys {
		for _, text := range texts {
			if hmac.Equal(given, sign(key, text)) {
				ok = true
			}
		}
	}
	return ok
}

// checkSharedKey verifies an Authorization header "SharedKey account:signature".
// Source: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
func checkSharedKey(r *http.Request, credentials string, account Account, now time.Time) *Error {
	name, signature, ok := strings.Cut(credentials, ":")
	if !ok || name == "" || signature == "" {
		return errInvalidAuth
	}
	if name != account.Name {
		return errAuthentication("The account named in the Authorization header is not the account of the request.")
	}
	date := r.Header.Get("x-ms-date")
	if date == "" {
		date = r.Header.Get("Date")
	}
	at, err := http.ParseTime(date)
	if err != nil {
		return errAuthentication("The Date or x-ms-date header is missing or not in RFC 1123 format.")
	}
	if at.Before(now.Add(-maxSkew)) {
		return errAuthentication("Request date header too old: '" + date + "'")
	}
	if at.After(now.Add(maxSkew)) {
		return errAuthentication("Request date header is in the future: '" + date + "'")
	}
	if !signedByAny(account.Keys, signature, sharedKeyTexts(r, account.Name)...) {
		return errAuthentication("The MAC signature found in the HTTP request is not the same as any computed " +
			"signature.")
	}
	return nil
}

// sharedKeyTexts returns the strings to sign of a request. There is one for each order of the x-ms- headers that
// clients use: the documented one (by bytes), and the one of the service itself, which weighs "_" before digits and
// letters and looks at "-" last. They are the same for nearly every request.
func sharedKeyTexts(r *http.Request, account string) []string {
	length := ""
	if r.ContentLength > 0 {
		length = strconv.FormatInt(r.ContentLength, 10)
	}
	date := r.Header.Get("Date")
	if r.Header.Get("x-ms-date") != "" {
		date = ""
	}
	head := strings.Join([]string{
		r.Method, r.Header.Get("Content-Encoding"), r.Header.Get("Content-Language"), length,
		r.Header.Get("Content-MD5"),
		r.Header.Get("Content-Type"), date, r.Header.Get("If-Modified-Since"), r.Header.Get("If-Match"),
		r.Header.Get("If-None-Match"), r.Header.Get("If-Unmodified-Since"), r.Header.Get("Range"),
	}, "\n") + "\n"
	resource := canonicalizedResource(r.URL, account)
	byBytes := head + canonicalizedHeaders(r.Header, strings.Compare) + resource
	byWeight := head + canonicalizedHeaders(r.Header, compareWeighted) + resource
	if byBytes == byWeight {
		return []string{byBytes}
	}
	return []string{byBytes, byWeight}
}

func canonicalizedHeaders(h http.Header, order func(a, b string) int) string {
	names := []string{}
	values := map[string]string{}
	for name, v := range h {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-ms-") {
			names = append(names, name)
			values[name] = strings.TrimSpace(strings.Join(v, ","))
		}
	}
	slices.SortFunc(names, order)
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + ":" + values[name] + "\n")
	}
	return b.String()
}

// canonicalizedResource is the account, then the path as it was sent (which in path style begins with the account
// again), then the query.
func canonicalizedResource(u *url.URL, account string) string {
	var b strings.Builder
	b.WriteString("/" + account)
	if path := u.EscapedPath(); path != "" {
		b.WriteString(path)
	} else {
		b.WriteString("/")
	}
	params := map[string][]string{}
	for name, v := range u.Query() {
		name = strings.ToLower(name)
		params[name] = append(params[name], v...)
	}
	names := make([]string, 0, len(params))
	for name := range params {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		slices.Sort(params[name])
		b.WriteString("\n" + name + ":" + strings.Join(params[name], ","))
	}
	return b.String()
}

// compareWeighted orders header names as the service does: without hyphens first, punctuation before digits before
// letters; of names that differ in hyphens alone, the one whose first hyphen comes later is first.
func compareWeighted(a, b string) int {
	weight := func(c byte) int {
		switch {
		case c >= 'a' && c <= 'z':
			return 512 + int(c)
		case c >= '0' && c <= '9':
			return 256 + int(c)
		}
		return int(c)
	}
	x, y := strings.ReplaceAll(a, "-", ""), strings.ReplaceAll(b, "-", "")
	for i := 0; i < len(x) && i < len(y); i++ {
		if c := cmp.Compare(weight(x[i]), weight(y[i])); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(len(x), len(y)); c != 0 {
		return c
	}
	for i := 0; i < len(a) && i < len(b); i++ {
		if a[i] != b[i] {
			if a[i] == '-' {
				return 1
			}
			return -1
		}
	}
	return cmp.Compare(len(a), len(b))
}
