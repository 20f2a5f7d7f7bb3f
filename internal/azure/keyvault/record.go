package keyvault

import (
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
	"github.com/crossorg/crossorg/internal/azure/identity"
)

// Record describes a request on an existing vault's data plane, after it has been answered.
type Record struct {
	// Operation is the name in the audit log: SecretGet, SecretSet, ... "Authentication" for requests of an unknown
	// caller, "Unknown" for unknown operations.
	Operation string
	Vault     arm.ID
	Status    int
	// Description is the message of a refusal.
	Description string
	// Caller is the principal of the token. In a record of a refused request the token may not have been verified.
	Caller identity.Principal
	// URI is the whole URL, ID the one of the vault's object, without the query. CallerIP has a port.
	ID, URI, CallerIP, UserAgent, Version, RequestID string
	Duration                                         time.Duration
}

// RecordTo hands a record of every request on a vault that exists to record, which is called after the answer and must
// not block for long. A refused request is recorded too, although its transaction is rolled back.
func (h *Handler) RecordTo(record func(Record)) *Handler {
	h.record = record
	return h
}

// recorded is the record of an answered request.
func (r *request) recorded(status int, description, requestID string, began time.Time) Record {
	url := "https://" + r.http.Host
	out := Record{
		Operation: "Unknown", Vault: r.vault.ID, Status: status, Description: description, Caller: r.caller,
		ID: url + r.http.URL.Path, URI: url + r.http.URL.RequestURI(), CallerIP: r.http.RemoteAddr,
		UserAgent: r.http.UserAgent(), Version: r.http.URL.Query().Get("api-version"), RequestID: requestID,
		Duration: time.Since(began),
	}
	switch {
	case status == http.StatusUnauthorized: // a request without a known caller has no operation
		out.Operation = "Authentication"
	case r.op != nil:
		out.Operation = r.op.name
	}
	if scheme, token, _ := strings.Cut(r.http.Header.Get("Authorization"), " "); out.Caller.ObjectID == "" &&
		strings.EqualFold(scheme, "Bearer") {
		out.Caller = identity.Claimed(token)
	}
	return out
}
