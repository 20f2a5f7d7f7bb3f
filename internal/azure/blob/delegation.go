package blob

import (
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// longestDelegation is how long a user delegation key may hold.
// Source: https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
const longestDelegation = 7 * 24 * time.Hour

// delegation is what a user delegation key says: whose it is, and from when to when it holds, as it is signed.
type delegation struct{ objectID, tenantID, start, expiry, service, version string }

// key is the key itself, of the account's secret. It is made anew whenever it is needed and is kept nowhere.
func (d delegation) key(secret []byte) []byte {
	return sign(secret, strings.Join([]string{d.objectID, d.tenantID, d.start, d.expiry, d.service, d.version}, "\n"))
}

type keyInfoXML struct {
	Start, Expiry string
}

type delegationKeyXML struct {
	XMLName       xml.Name `xml:"UserDelegationKey"`
	SignedOid     string
	SignedTid     string
	SignedStart   string
	SignedExpiry  string
	SignedService string
	SignedVersion string
	Value         string
}

// userDelegationKey is Get User Delegation Key: a key that signs for the principal of the request's token, with what
// the principal may do at the time of use.
// Source: https://learn.microsoft.com/rest/api/storageservices/get-user-delegation-key
func (x *exchange) userDelegationKey() error {
	document, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxSmallXML))
	if err != nil {
		return transferError(err)
	}
	var info keyInfoXML
	if err := xml.Unmarshal(document, &info); err != nil {
		return errInvalidXML
	}
	start, okStart := parseSASTime(info.Start)
	expiry, okExpiry := parseSASTime(info.Expiry)
	if info.Start == "" {
		start, okStart = x.at, true
	}
	if !okStart || !okExpiry || !start.Before(expiry) || !x.at.Before(expiry) ||
		expiry.After(x.at.Add(longestDelegation)) || expiry.Sub(start) > longestDelegation {
		return errXMLNode("Expiry")
	}
	secret, err := x.accounts.DelegationSecret(x.account)
	if err != nil {
		return err
	}
	version := x.r.Header.Get("x-ms-version")
	d := delegation{x.auth.caller.ObjectID, x.auth.caller.TenantID, sasTime(start), sasTime(expiry), "b", version}
	writeXML(x.w, http.StatusOK, delegationKeyXML{
		SignedOid: d.objectID, SignedTid: d.tenantID, SignedStart: d.start, SignedExpiry: d.expiry,
		SignedService: d.service, SignedVersion: d.version, Value: base64.StdEncoding.EncodeToString(d.key(secret)),
	})
	return nil
}

// maxSmallXML bounds the body of a request that has a small document.
const maxSmallXML = 64 << 10

func errXMLNode(name string) *Error {
	return serviceError(http.StatusBadRequest, "InvalidXmlNodeValue",
		"The value provided for one of the XML nodes in the request body was not in the correct format: "+name+".")
}

func sasTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// isDelegated reports whether a query has a signature by a user delegation key.
func isDelegated(v url.Values) bool { return v.Has("skoid") }

// delegated reads the key that a signature was made with, and checks that it is one of the account's and holds now.
// Source: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
func delegated(v url.Values, account Account, now time.Time) (delegation, *Error) {
	d := delegation{v.Get("skoid"), v.Get("sktid"), v.Get("skt"), v.Get("ske"), v.Get("sks"), v.Get("skv")}
	start, okStart := parseSASTime(d.start)
	expiry, okExpiry := parseSASTime(d.expiry)
	switch {
	case d.objectID == "" || d.tenantID == "" || d.service == "" || d.version == "" || !okStart || !okExpiry:
		return d, errAuthentication("skoid, sktid, skt, ske, sks and skv are mandatory in a user delegation SAS.")
	case d.service != "b":
		return d, errAuthorizationSvc
	case v.Get("si") != "":
		return d, errAuthentication("A user delegation SAS has no stored access policy.")
	case v.Get("sduoid") != "" || v.Get("skdutid") != "" || v.Get("suoid") != "":
		return d, errAuthentication("Signatures for one user alone are not supported here.")
	case account.TenantID != "" && !strings.EqualFold(account.TenantID, d.tenantID):
		return d, errAuthentication("The user delegation key is of another tenant.")
	case now.Before(start) || !now.Before(expiry) || expiry.Sub(start) > longestDelegation:
		return d, errAuthentication("The user delegation key is not valid in the specified time frame: Start [" +
			d.start + "] - Expiry [" + d.expiry + "] - Current [" + now.UTC().Format(time.RFC1123) + "]")
	case len(account.Delegation) == 0:
		return d, errAuthentication("Signature did not match.")
	}
	return d, nil
}

// delegatedText is the text of a user delegation SAS that is signed. It has grown with the versions of the service.
// Source: https://learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas
func delegatedText(v url.Values, resource, state string) string {
	version := v.Get("sv")
	text := []string{v.Get("sp"), v.Get("st"), v.Get("se"), resource, v.Get("skoid"), v.Get("sktid"), v.Get("skt"),
		v.Get("ske"), v.Get("sks"), v.Get("skv")}
	if version >= "2020-02-10" {
		text = append(text, v.Get("saoid"), v.Get("suoid"), v.Get("scid"))
	}
	if version >= "2025-07-05" {
		text = append(text, v.Get("skdutid"), v.Get("sduoid"))
	}
	text = append(text, v.Get("sip"), v.Get("spr"), version, v.Get("sr"), state)
	if version >= oldestSAS {
		text = append(text, v.Get("ses"))
	}
	return strings.Join(append(text, v.Get("rscc"), v.Get("rscd"), v.Get("rsce"), v.Get("rscl"), v.Get("rsct")), "\n")
}
