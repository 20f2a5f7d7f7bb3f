package blob

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azure/store"
)

// one is an account, contoso, that is closed to the address of its callers.
type one struct{ Accounts }

func (one) Account(name string) (Account, bool) {
	return Account{Name: "contoso", ID: "/contoso", Closed: true}, name == "contoso"
}

func (one) Container(*store.Tx, Account, string) (Container, bool) { return Container{}, false }

// request is one that the table should find the operation for.
func (o *operation) request(method string) *http.Request {
	q := url.Values{}
	for name, value := range map[string]string{"restype": o.restype, "comp": o.comp, o.query: "1"} {
		if name != "" && value != "" {
			q.Set(name, value)
		}
	}
	path := [...]string{"/contoso/", "/contoso/data", "/contoso/data/a/b.csv"}[o.permission.level]
	r := httptest.NewRequest(method, path+"?"+q.Encode(), http.NoBody)
	if o.header != "" {
		r.Header.Set(o.header, cmp.Or(o.value, "1"))
	}
	return r
}

// Every operation is routed to its row, needs a permission, and is logged under its own name.
func TestEveryOperationIsRoutedAuthorizedAndLogged(t *testing.T) {
	var records []Record
	h := NewHandler(nil, one{}, nil).CallersAt(netip.MustParseAddr("203.0.113.1")).
		RecordTo(func(r Record) { records = append(records, r) })
	names := map[string]bool{}
	for i := range operations {
		op := &operations[i]
		require.NotEmpty(t, op.methods, op.Name)
		for _, method := range op.methods {
			r := op.request(method)
			place, e := parsePath(r.URL)
			require.Nil(t, e)
			found, e := route(place, r, r.URL.Query())
			require.Same(t, op, found, "%s %s is %s", method, r.URL, op.Name)
			require.Equal(t, op.run == nil, e != nil, "an operation that is not served is refused")

			records = nil
			h.ServeHTTP(httptest.NewRecorder(), r)
			require.Len(t, records, 1, "a request is recorded though it is refused before its operation is looked at")
			assert.Equal(t, op.Operation, records[0].Operation)
			assert.Equal(t, "AuthorizationFailure", records[0].Code)
			assert.Equal(t, place.container+"|"+place.blob, records[0].Container+"|"+records[0].Blob)
		}
		assert.Contains(t, []Category{StorageRead, StorageWrite, StorageDelete}, op.Category, op.Name)
		names[op.Name] = true
		if op.run == nil {
			continue
		}
		assert.NotEqual(t, op.permission.tokenOnly, op.permission.sas != "", "%s needs a letter of a signature",
			op.Name)
		assert.Contains(t, op.permission.action, "Microsoft.Storage/storageAccounts/blobServices/",
			"%s needs an action",
			op.Name)
		assert.Contains(t, []string{"", PublicBlob, PublicContainer}, op.permission.public)
		if op.Category != StorageRead {
			assert.Empty(t, op.permission.public, "%s needs credentials", op.Name)
		}
	}
	assert.Len(t, names, len(operations)-2, "a blob and a version are deleted under one name, and blobs are found")
}

// The names that the service's log has for its requests, beside the table.
func TestRequestsAreLoggedUnderTheNamesOfTheService(t *testing.T) {
	for request, name := range map[string]string{
		"GET /contoso/?comp=list":                                 "ListContainers",
		"GET /contoso/?restype=account&comp=properties":           "GetAccountInformation",
		"POST /contoso/?restype=service&comp=userdelegationkey":   "GetUserDelegationKey",
		"PUT /contoso/c?restype=container":                        "CreateContainer",
		"HEAD /contoso/c?restype=container":                       "GetContainerProperties",
		"PUT /contoso/c?restype=container&comp=metadata":          "SetContainerMetadata",
		"PUT /contoso/c?restype=container&comp=undelete":          "RestoreContainer",
		"GET /contoso/c?restype=container&comp=list&prefix=a":     "ListBlobs",
		"DELETE /contoso/c?restype=container":                     "DeleteContainer",
		"GET /contoso/c/a/b.csv":                                  "GetBlob",
		"GET /contoso/c/a?versionid=2025-01-01T00:00:00.0000000Z": "GetBlob",
		"HEAD /contoso/c/a":                                       "GetBlobProperties",
		"HEAD /contoso/c/a?comp=metadata":                         "GetBlobMetadata",
		"PUT /contoso/c/a":                                        "PutBlob",
		"PUT /contoso/c/a?comp=block&blockid=1":                   "PutBlock",
		"PUT /contoso/c/a?comp=blocklist":                         "PutBlockList",
		"GET /contoso/c/a?comp=blocklist":                         "GetBlockList",
		"PUT /contoso/c/a?comp=metadata":                          "SetBlobMetadata",
		"PUT /contoso/c/a?comp=properties":                        "SetBlobProperties",
		"PUT /contoso/c/a?comp=tier":                              "SetBlobTier",
		"PUT /contoso/c/a?comp=undelete":                          "UndeleteBlob",
		"DELETE /contoso/c/a":                                     "DeleteBlob",
		"DELETE /contoso/c/a?versionid=1":                         "DeleteBlob",
		"GET /contoso/c/a?comp=tags":                              "GetBlobTags",
	} {
		method, path, _ := strings.Cut(request, " ")
		r := httptest.NewRequest(method, path, http.NoBody)
		place, e := parsePath(r.URL)
		require.Nil(t, e)
		op, _ := route(place, r, r.URL.Query())
		require.NotNil(t, op, request)
		assert.Equal(t, name, op.Name, request)
	}
	r := httptest.NewRequest(http.MethodPut, "/contoso/c/a", http.NoBody)
	r.Header.Set("x-ms-copy-source", "https://h/contoso/c/b")
	op, _ := route(target{"contoso", "c", "a"}, r, r.URL.Query())
	assert.Equal(t, "CopyBlob", op.Name)
	r = httptest.NewRequest(http.MethodPut, "/contoso/c?restype=container&comp=lease", http.NoBody)
	r.Header.Set("x-ms-lease-action", "Break")
	op, _ = route(target{"contoso", "c", ""}, r, r.URL.Query())
	assert.Equal(t, "BreakContainerLease", op.Name)
}

func TestRequestsThatAreNoOperationAreLoggedAsUnknown(t *testing.T) {
	var records []Record
	h := NewHandler(nil, one{}, nil).RecordTo(func(r Record) { records = append(records, r) })
	for request, status := range map[string]int{
		"POST /contoso/data/x": 405, "GET /contoso/data/x?comp=nonsense": 400, "GET /contoso/data": 400,
		"DELETE /contoso/?comp=list": 405, "GET /contoso/%00": 400,
	} {
		records = nil
		method, target, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, target, http.NoBody))
		assert.Equal(t, status, w.Code, request)
		require.Len(t, records, 1, request)
		category := map[string]Category{"GET": StorageRead, "POST": StorageWrite, "DELETE": StorageDelete}[method]
		assert.Equal(t, Operation{"Unknown", category}, records[0].Operation, request)
		assert.Equal(t, status, records[0].Status, request)
	}
	records = nil
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/fabrikam/data/x", http.NoBody))
	assert.Empty(t, records, "requests on an account that does not exist are not recorded")
}
