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

// oldestDelegated is the first version with user delegation signatures.
const oldestDelegated = "2018-11-09"

// SASParams are the parameters of a shared access signature.
type SASParams struct {
	// Container and Blob are the resource of a service SAS; an empty Blob is the container with its blobs.
	Container, Blob string
	// Permissions are letters: r read, a add, c create, w write, d delete, l list.
	Permissions string
	// Start is the beginning of its validity; zero is at once. Expiry is the end.
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
	signature := sign(key, serviceSASText(v, account, params.Container, params.Blob))
	v.Set("sig", base64.StdEncoding.EncodeToString(signature))
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
	if v.Get("sr") == "b" || v.Get("sr") == "bs" {
		resource += "/" + blob
	}
	snapshot := ""
	if v.Get("sr") == "bs" {
		snapshot = v.Get("snapshot")
	}
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
	// delegate is the object id of the principal that a user delegation SAS stands for; empty for others. The signature
	// permits nothing that the principal's roles do not.
	delegate string
}

// checkSAS verifies the shared access signature of a query for a place in an account: its fields, the signature over
// them, and whether time, protocol, address and service are those that it was made for.
func checkSAS(v url.Values, account Account, at target, https bool, remote string, now time.Time) (*sas, *Error) {
	if e := checkSASFields(v); e != nil {
		return nil, e
	}
	verify := verifySAS
	if isDelegated(v) {
		verify = func(v url.Values, account Account, at target) (*sas, *Error) {
			return verifyDelegated(v, account, at, now)
		}
	}
	out, e := verify(v, account, at)
	if e == nil {
		e = checkSASTime(v, now)
	}
	if e == nil {
		e = checkSASOrigin(v, https, remote)
	}
	if e == nil && !out.service && !strings.Contains(v.Get("ss"), "b") {
		e = errAuthorizationSvc
	}
	if e != nil {
		return nil, e
	}
	return out, nil
}

// checkSASFields refuses queries whose fields are given twice, missing or not served here.
func checkSASFields(v url.Values) *Error {
	for name := range v {
		if len(v[name]) > 1 {
			return errQueryValue(name)
		}
	}
	switch {
	case isDelegated(v) && v.Get("sv") < oldestDelegated:
		return errAuthentication("User delegation signatures need version " + oldestDelegated + " or later in sv.")
	case !isDelegated(v) && v.Get("sv") < oldestSAS:
		return errAuthentication("Signatures need version " + oldestSAS + " or later in sv.")
	case v.Get("si") != "":
		return errAuthentication("The stored access policy that si names does not exist.")
	case v.Get("se") == "" || v.Get("sp") == "":
		return errAuthentication("se and sp are mandatory. Cannot be empty.")
	case v.Get("ses") != "":
		return errAuthentication("Encryption scopes are not supported here.")
	}
	return nil
}

// verifySAS checks the signature itself with the account's keys.
func verifySAS(v url.Values, account Account, at target) (*sas, *Error) {
	mismatch := errAuthentication("Signature did not match.")
	sr := v.Get("sr")
	if !namesPlace(v, at) {
		return nil, mismatch
	}
	out := &sas{permissions: v.Get("sp"), resourceTypes: v.Get("srt")}
	out.service = v.Get("ss") == "" && v.Get("srt") == ""
	text := ""
	switch {
	case !out.service:
		text = accountSASText(v, account.Name)
	case sr != "b" && sr != "c" && sr != "bs":
		return nil, errAuthentication("sr must be b, bs or c.")
	default:
		text = serviceSASText(v, account.Name, at.container, at.blob)
	}
	if !signedByAny(account.Keys, v.Get("sig"), text) {
		return nil, mismatch
	}
	return out, nil
}

// namesPlace reports whether a signature for a blob or a snapshot is used for one, and not for another state of it: a
// version needs a signature for itself or for the container, and so does a snapshot.
func namesPlace(v url.Values, at target) bool {
	switch v.Get("sr") {
	case "b":
		return at.blob != "" && !v.Has("versionid") && !v.Has("snapshot")
	case "bs":
		return at.blob != "" && !v.Has("versionid") && v.Get("snapshot") != ""
	case "c":
		return at.container != ""
	}
	return true // an account SAS
}

// hostLabel stands for the account's name in what the official Go client signs with a user delegation key: it takes the
// first label of the endpoint's host, which here is an address. The key is the account's own all the same.
const hostLabel = "127"

// verifyDelegated checks the signature itself with the user delegation key that it names.
func verifyDelegated(v url.Values, account Account, at target, now time.Time) (*sas, *Error) {
	d, e := delegated(v, account, now)
	if e != nil {
		return nil, e
	}
	resource, snapshot := "/"+at.container, ""
	switch sr := v.Get("sr"); {
	case sr != "b" && sr != "c" && sr != "bs":
		return nil, errAuthentication("sr must be b, bs or c.")
	case !namesPlace(v, at):
		return nil, errAuthentication("Signature did not match.")
	case sr == "bs":
		snapshot = v.Get("snapshot")
		fallthrough
	case sr == "b":
		resource += "/" + at.blob
	}
	if !signedByAny([][]byte{d.key(account.Delegation)}, v.Get("sig"),
		delegatedText(v, "/blob/"+account.Name+resource, snapshot),
		delegatedText(v, "/blob/"+hostLabel+resource, snapshot)) {
		return nil, errAuthentication("Signature did not match.")
	}
	return &sas{service: true, permissions: v.Get("sp"), delegate: d.objectID}, nil
}

// checkSASTime checks the period that a signature holds for.
func checkSASTime(v url.Values, now time.Time) *Error {
	expiry, ok := parseSASTime(v.Get("se"))
	start, okStart := parseSASTime(v.Get("st"))
	if !ok || v.Get("st") != "" && !okStart {
		return errAuthentication("st and se must be UTC times in ISO 8601.")
	}
	if now.Before(start) || !now.Before(expiry) {
		return errAuthentication("Signature not valid in the specified time frame: Start [" + v.Get("st") +
			"] - Expiry [" + v.Get("se") + "] - Current [" + now.UTC().Format(time.RFC1123) + "]")
	}
	return nil
}

// checkSASOrigin checks the protocol and the address that a signature is limited to.
func checkSASOrigin(v url.Values, https bool, remote string) *Error {
	switch v.Get("spr") {
	case "", "https,http":
	case "https":
		if !https {
			return errAuthorizationProto
		}
	default:
		return errAuthentication("spr must be https or https,http.")
	}
	if v.Get("sip") != "" && !ipAllowed(v.Get("sip"), remote) {
		return errAuthorizationIP
	}
	return nil
}

// permits checks that the signature gives a permission.
func (s *sas) permits(needed permission) *Error {
	if s.service {
		if needed.level != levelBlob && !needed.containerSAS {
			return errAuthorization
		}
	} else if !strings.Contains(s.resourceTypes, needed.level.letter()) {
		return errAuthorizationType
	}
	if !strings.ContainsAny(s.permissions, needed.sas) {
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
