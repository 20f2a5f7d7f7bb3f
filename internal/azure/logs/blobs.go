package logs

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

// Blobs logs what a blob endpoint is asked, whatever it answers. account finds the resource id of a storage account by
// its name, the first segment of a path; requests to accounts that do not exist are nobody's.
func Blobs(s *arm.Server, account func(name string) (id string, ok bool), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		body := &counting{from: r.Body}
		r.Body = body
		seen := &answer{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
		text, ok := account(parts[0])
		id, err := arm.ParseID(text)
		if !ok || err != nil {
			return
		}
		for len(parts) < 3 {
			parts = append(parts, "")
		}
		how, who := requester(r)
		head := w.Header()
		// The request has been answered by now: a row that cannot be written is lost, as on Azure, where logs are best
		// effort.
		_ = AppendBlob(s, id, BlobRequest{
			Operation: operation(r.Method, parts[1], parts[2], r.URL.Query(), r.Header), Container: parts[1],
			Blob:   parts[2],
			Status: seen.status, Code: head.Get("x-ms-error-code"), Authentication: how, Requester: who,
			URI: "https://" + r.Host + r.URL.RequestURI(), CallerIP: r.RemoteAddr, UserAgent: r.UserAgent(),
			Version:   r.Header.Get("x-ms-version"),
			RequestID: head.Get("x-ms-request-id"), RequestBytes: body.n, ResponseBytes: seen.n,
			Duration: time.Since(began),
		})
	})
}

// counting counts what is read of a request's body.
type counting struct {
	from interface {
		Read([]byte) (int, error)
		Close() error
	}
	n int64
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counting) Close() error { return c.from.Close() }

// answer remembers how a request was answered.
type answer struct {
	http.ResponseWriter
	status int
	n      int64
}

func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.n += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what the server's writer can do.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// operation is the logged name of a request.
// Source: https://learn.microsoft.com/rest/api/storageservices/storage-analytics-logged-operations-and-status-messages
func operation(method, container, blob string, q url.Values, h http.Header) string {
	verb := map[string]string{http.MethodGet: "Get", http.MethodHead: "Get", http.MethodPut: "Set",
		http.MethodDelete: "Delete"}[method]
	comp := q.Get("comp")
	switch {
	case container == "" && comp == "list":
		return "ListContainers"
	case container == "":
		return verb + "BlobServiceProperties"
	case blob == "" && comp == "list":
		return "ListBlobs"
	case blob == "" && comp == "acl":
		return verb + "ContainerACL"
	case blob == "" && comp == "metadata":
		return verb + "ContainerMetadata"
	case blob == "" && method == http.MethodPut:
		return "CreateContainer"
	case blob == "" && method == http.MethodDelete:
		return "DeleteContainer"
	case blob == "":
		return "GetContainerProperties"
	}
	switch comp {
	case "":
		switch {
		case method == http.MethodHead:
			return "GetBlobProperties"
		case method == http.MethodPut && h.Get("x-ms-copy-source") != "":
			return "CopyBlob"
		case method == http.MethodPut:
			return "PutBlob"
		}
		return verb + "Blob"
	case "block":
		return "PutBlock"
	case "blocklist":
		if method == http.MethodPut {
			return "PutBlockList"
		}
		return "GetBlockList"
	case "metadata":
		return verb + "BlobMetadata"
	case "properties":
		return verb + "BlobProperties"
	case "tags":
		return verb + "BlobTags"
	case "tier":
		return "SetBlobTier"
	case "undelete":
		return "UndeleteBlob"
	case "snapshot":
		return "SnapshotBlob"
	case "lease":
		return "LeaseBlob"
	}
	return "Unknown"
}

// requester tells how a request was signed and, for a token, whom it names. The endpoint has checked the token or
// refused it; here it is only quoted.
func requester(r *http.Request) (how string, who identity.Principal) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch strings.ToLower(scheme) {
	case "sharedkey", "sharedkeylite":
		return "AccountKey", who
	case "bearer":
		var claims struct{ OID, TID, AppID string }
		if parts := strings.Split(token, "."); len(parts) == 3 {
			if raw, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
				_ = json.Unmarshal(raw, &claims) // what is no token names nobody
			}
		}
		return "OAuth", identity.Principal{ObjectID: claims.OID, TenantID: claims.TID, ClientID: claims.AppID}
	}
	if r.URL.Query().Get("sig") != "" {
		return "SAS", who
	}
	return "Anonymous", who
}
