package logs

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/crossorg/crossorg/internal/azure/arm"
)

// maxErrorBody is how much of an error's body is kept for its message.
const maxErrorBody = 16 << 10

// Vaults audits what vaults' endpoints are asked, whatever they answer. vault finds the vault that a request is for;
// requests to vaults that do not exist are nobody's.
func Vaults(s *arm.Server, vault func(*http.Request) (id arm.ID, ok bool), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id, found := vault(r)
		seen := &reason{answer: answer{ResponseWriter: w, status: http.StatusOK}}
		next.ServeHTTP(seen, r)
		if !found {
			return
		}
		_, who := requester(r)
		request := VaultRequest{
			Operation: vaultOperation(r.Method, strings.Split(strings.Trim(r.URL.Path, "/"), "/")), Status: seen.status,
			Description: seen.message(), Caller: who,
			URI: "https://" + r.Host + r.URL.RequestURI(), ID: "https://" + r.Host + r.URL.Path, CallerIP: r.RemoteAddr,
			UserAgent: r.UserAgent(),
			Version:   r.URL.Query().Get("api-version"), RequestID: w.Header().Get("x-ms-request-id"),
			Duration: time.Since(began),
		}
		if seen.status == http.StatusUnauthorized { // what it was to be is not looked at before who asks is known
			request.Operation = "Authentication"
		}
		// As for blobs: a row that cannot be written is lost.
		_ = AppendVault(s, id, request)
	})
}

// reason is an answer that keeps the message of an error.
type reason struct {
	answer
	text []byte
}

func (a *reason) Write(p []byte) (int, error) {
	if a.status >= 400 && len(a.text) < maxErrorBody {
		a.text = append(a.text, p[:min(len(p), maxErrorBody-len(a.text))]...)
	}
	return a.answer.Write(p)
}

func (a *reason) message() string {
	var body struct{ Error struct{ Message string } }
	if json.Unmarshal(a.text, &body) != nil {
		return ""
	}
	return body.Error.Message
}

// vaultOperation is the logged name of a request below a vault.
// Source: https://learn.microsoft.com/azure/key-vault/general/logging#interpret-your-key-vault-logs
func vaultOperation(method string, path []string) string {
	at := func(i int) string {
		if i < len(path) {
			return strings.ToLower(path[i])
		}
		return ""
	}
	collection, deleted := strings.CutPrefix(at(0), "deleted")
	kind, known := map[string]string{"secrets": "Secret", "keys": "Key", "certificates": "Certificate"}[collection]
	if !known {
		return "Unknown"
	}
	switch {
	case deleted && at(1) == "":
		return kind + "ListDeleted"
	case deleted && at(2) == "recover":
		return kind + "Recover"
	case deleted && method == http.MethodDelete:
		return kind + "Purge"
	case deleted:
		return kind + "GetDeleted"
	case at(1) == "":
		return kind + "List"
	case at(1) == "restore":
		return kind + "Restore"
	case at(2) == "versions":
		return kind + "ListVersions"
	case at(2) == "backup":
		return kind + "Backup"
	case method == http.MethodPut && kind == "Secret":
		return "SecretSet"
	}
	return kind + map[string]string{
		http.MethodGet: "Get", http.MethodPut: "Import", http.MethodPost: "Create", http.MethodPatch: "Update",
		http.MethodDelete: "Delete",
	}[method]
}
