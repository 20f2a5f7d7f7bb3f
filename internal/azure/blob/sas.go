package blob

import (
	"bytes"
	"encoding/base64"
	"net"
	"net/url"
	"strings"
	"time"
)

// SASVersion is the version that signatures made here carry.
const SASVersion = "2022-11-02"

// oldestSAS is the first version whose string to sign is the present one (it has the encryption scope).
const oldestSAS = "2020-12-06"

// SASParams say what a shared access signature grants.
type SASParams struct {
	// Container and Blob are what a service SAS is for; an empty Blob is the container with its blobs.
	Container, Blob string
	// Permissions are letters: r read, a add, c create, w write, d delete, l list.
	Permissions string
	// Start is when it begins to hold; zero is at once. Expiry is when it ends.
	Start, Expiry time.Time
	// Protocol is "https" or "https,http"; empty allows both.
	Protocol string
	// IP is an IPv4 address or a range "a-b"; empty allows all.
	IP string
	// Version is the service version; empty is SASVersion.
	Version string
	// Identifier names a stored access policy.
	Identifier string
	// CacheControl to ContentType override headers of the answer.
	CacheControl, ContentDisposition, ContentEncoding, ContentLanguage, ContentType string
	// Services and ResourceTypes make an account SAS: "b" and letters of s service, c container, o object.
	Services, ResourceTypes string
}

func (p SASParams) values() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format("2006-01-02T15:04:05Z"))
		}
	}
	version := p.Version
	if version == "" {
		version = SASVersion
	}
	set("sv", version)
	set("sp", p.Permissions)
	at("st", p.Start)
	at("se", p.Expiry)
	set("spr", p.Protocol)
	set("sip", p.IP)
	return v
}

// SignServiceSAS makes a service SAS for a container or a blob and returns it as a query string.
// Source: https://learn.microsoft.com/rest/api/storageservices/create-service-sas
func SignServiceSAS(account string, key []byte, params SASParams) string {
	v := params.values()
	v.Set("sr", "c")
	if params.Blob != "" {
		v.Set("sr", "b")
	}
	for name, value := range map[string]string{
		"si": params.Identifier, "rscc": params.CacheControl, "rscd": params.ContentDisposition,
		"rsce": params.ContentEncoding, "rscl": params.ContentLanguage, "rsct": params.ContentType,
	} {
		if value != "" {
			v.Set(name, value)
		}
	}
	v.Set("sig", base64.StdEncoding.EncodeToString(sign(key,
		serviceSASText(v, account, params.Container, params.Blob))))
	return v.Encode()
}

// SignAccountSAS makes an account SAS and returns it as a query string.
// Source: https://learn.microsoft.com/rest/api/storageservices/create-account-sas
func SignAccountSAS(account string, key []byte, params SASParams) string {
	v := params.values()
	v.Set("ss", params.Services)
	v.Set("srt", params.ResourceTypes)
	v.Set("sig", base64.StdEncoding.EncodeToString(sign(key, accountSASText(v, account))))
	return v.Encode()
}

func serviceSASText(v url.Values, account, container, blob string) string {
	resource := "/blob/" + account + "/" + container
	if v.Get("sr") == "b" {
		resource += "/" + blob
	}
	const snapshot = ""
	return strings.Join([]string{
		v.Get("sp"), v.Get("st"), v.Get("se"), resource, v.Get("si"), v.Get("sip"), v.Get("spr"), v.Get("sv"),
		v.Get("sr"),
		snapshot, v.Get("ses"), v.Get("rscc"), v.Get("rscd"), v.Get("rsce"), v.Get("rscl"), v.Get("rsct"),
	}, "\n")
}

func accountSASText(v url.Values, account string) string {
	return strings.Join([]string{
		account, v.Get("sp"), v.Get("ss"), v.Get("srt"), v.Get("st"), v.Get("se"), v.Get("sip"), v.Get("spr"),
		v.Get("sv"),
		v.Get("ses"), "",
	}, "\n")
}

// sas is a signature that has been verified.
type sas struct {
	service       bool // a service SAS; else an account SAS
	permissions   string
	resourceTypes string
}

// checkSAS verifies the shared access signature of a query for a place in an account.
func checkSAS(v url.Values, account Account, at target, https bool, remote string, now time.Time) (*sas, *Error) {
	for name := range v {
		if len(v[name]) > 1 {
			return nil, errQueryValue(name)
		}
	}
	switch {
	case v.Get("skoid") != "":
		return nil, errAuthentication("User delegation signatures are not supported here: no user delegation key has " +
			"been given out.")
	case v.Get("sv") < oldestSAS:
		return nil, errAuthentication("Signatures need version " + oldestSAS + " or later in sv.")
	case v.Get("si") != "":
		return nil, errAuthentication("The stored access policy that si names does not exist.")
	case v.Get("se") == "" || v.Get("sp") == "":
		return nil, errAuthentication("se and sp are mandatory. Cannot be empty.")
	case v.Get("ses") != "":
		return nil, errAuthentication("Encryption scopes are not supported here.")
	}
	out := &sas{permissions: v.Get("sp"), resourceTypes: v.Get("srt")}
	if v.Get("sr") == "b" && v.Has("versionid") { // which takes a signature for the container, or for the version
		return nil, errAuthentication("Signature did not match.")
	}
	text := ""
	if v.Get("ss") != "" || v.Get("srt") != "" {
		text = accountSASText(v, account.Name)
	} else {
		out.service = true
		if sr := v.Get("sr"); sr != "b" && sr != "c" {
			return nil, errAuthentication("sr must be b or c.")
		}
		if at.container == "" {
			return nil, errAuthentication("Signature did not match.")
		}
		text = serviceSASText(v, account.Name, at.container, at.blob)
	}
	if !signedByAny(account.Keys, v.Get("sig"), text) {
		return nil, errAuthentication("Signature did not match.")
	}
	expiry, ok := parseSASTime(v.Get("se"))
	start, okStart := parseSASTime(v.Get("st"))
	if !ok || v.Get("st") != "" && !okStart {
		return nil, errAuthentication("st and se must be UTC times in ISO 8601.")
	}
	if now.Before(start) || !now.Before(expiry) {
		return nil, errAuthentication("Signature not valid in the specified time frame: Start [" + v.Get("st") +
			"] - Expiry [" + v.Get("se") +
			"] - Current [" + now.UTC().Format(time.RFC1123) + "]")
	}
	switch v.Get("spr") {
	case "", "https,http":
	case "https":
		if !https {
			return nil, errAuthorizationProto
		}
	default:
		return nil, errAuthentication("spr must be https or https,http.")
	}
	if v.Get("sip") != "" && !ipAllowed(v.Get("sip"), remote) {
		return nil, errAuthorizationIP
	}
	if !out.service && !strings.Contains(v.Get("ss"), "b") {
		return nil, errAuthorizationSvc
	}
	return out, nil
}

// permits checks that the signature covers an operation. create tells of an operation that only makes something new.
func (s *sas) permits(op *operation) *Error {
	if s.service {
		if op.level != levelBlob && !op.containerSAS {
			return errAuthorization
		}
	} else if !strings.Contains(s.resourceTypes, op.level.letter()) {
		return errAuthorizationType
	}
	if !strings.ContainsAny(s.permissions, op.permissions) {
		return errPermission
	}
	return nil
}

func parseSASTime(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05Z", "2006-01-02T15:04:05.0000000Z", "2006-01-02T15:04Z",
		"2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// ipAllowed reports whether the remote address (host:port) is the address, or lies in the range, that sip names.
func ipAllowed(sip, remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	from, to, isRange := strings.Cut(sip, "-")
	if !isRange {
		to = from
	}
	ip, low, high := net.ParseIP(host).To4(), net.ParseIP(from).To4(), net.ParseIP(to).To4()
	return ip != nil && low != nil && high != nil && bytes.Compare(low, ip) <= 0 && bytes.Compare(ip, high) <= 0
}
