package keyvault

import (
	"net/http"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/azure/jsonbody"
)

// operation is one row of the table of the data plane's operations: its requests, their permission and their handler.
type operation struct {
	// name is the operation's name in the vault's audit log.
	name string
	// method and path identify its requests; {name} and {version} stand for one segment each.
	method, path string
	// action is the data action that a role must allow, permission the permission that an access policy must grant.
	action, permission string
	// run answers requests; nil for operations of the service that are not implemented here.
	run func(*request) (int, any, *dataError)
}

const secretActions = namespace + "/vaults/secrets/"

// operations are all operations of the data plane: routing, authorization and the audit log go by this table alone. Of
// rows that fit a request the first counts.
// Sources: https://learn.microsoft.com/rest/api/keyvault/secrets/operation-groups for the requests,
// https://learn.microsoft.com/azure/key-vault/general/rbac-guide for their permissions and
// https://learn.microsoft.com/azure/key-vault/general/logging#interpret-your-key-vault-logs for their names.
var operations = append(append([]operation{
	{"SecretList", http.MethodGet, "secrets", secretActions + "readMetadata/action", "list", (*request).list},
	{"SecretRestore", http.MethodPost, "secrets/restore", "", "", nil},
	{"SecretListVersions", http.MethodGet, "secrets/{name}/versions", secretActions + "readMetadata/action", "list",
		(*request).listVersions},
	{"SecretGet", http.MethodGet, "secrets/{name}", secretActions + "getSecret/action", "get", (*request).get},
	{"SecretGet", http.MethodGet, "secrets/{name}/{version}", secretActions + "getSecret/action", "get",
		(*request).get},
	{"SecretSet", http.MethodPut, "secrets/{name}", secretActions + "setSecret/action", "set", (*request).set},
	{"SecretUpdate", http.MethodPatch, "secrets/{name}", secretActions + "update/action", "set", (*request).update},
	{"SecretUpdate", http.MethodPatch, "secrets/{name}/{version}", secretActions + "update/action", "set",
		(*request).update},
	{"SecretDelete", http.MethodDelete, "secrets/{name}", secretActions + "delete", "delete", (*request).delete},
	{"SecretBackup", http.MethodPost, "secrets/{name}/backup", "", "", nil},
	{"SecretListDeleted", http.MethodGet, "deletedsecrets", secretActions + "readMetadata/action", "list",
		(*request).listDeleted},
	{"SecretGetDeleted", http.MethodGet, "deletedsecrets/{name}", secretActions + "readMetadata/action", "get",
		(*request).getDeleted},
	{"SecretRecover", http.MethodPost, "deletedsecrets/{name}/recover", secretActions + "recover/action", "recover",
		(*request).recover},
	{"SecretPurge", http.MethodDelete, "deletedsecrets/{name}", secretActions + "purge/action", "purge",
		(*request).purge},
}, unserved("keys", "Key")...), unserved("certificates", "Certificate")...)

// unserved are the operations on keys or certificates, which Azure's vaults have besides secrets. They are refused, and
// audited under their names.
func unserved(collection, kind string) []operation {
	var out []operation
	for _, row := range [][3]string{
		{"List", http.MethodGet, ""}, {"Restore", http.MethodPost, "/restore"},
		{"ListVersions", http.MethodGet, "/{name}/versions"}, {"Get", http.MethodGet, "/{name}"},
		{"Get", http.MethodGet, "/{name}/{version}"}, {"Import", http.MethodPut, "/{name}"},
		{"Update", http.MethodPatch, "/{name}"}, {"Update", http.MethodPatch, "/{name}/{version}"},
		{"Delete", http.MethodDelete, "/{name}"}, {"Create", http.MethodPost, "/{name}/create"},
		{"Backup", http.MethodPost, "/{name}/backup"},
	} {
		out = append(out, operation{name: kind + row[0], method: row[1], path: collection + row[2]})
	}
	for _, row := range [][3]string{
		{"ListDeleted", http.MethodGet, ""}, {"GetDeleted", http.MethodGet, "/{name}"},
		{"Recover", http.MethodPost, "/{name}/recover"}, {"Purge", http.MethodDelete, "/{name}"},
	} {
		out = append(out, operation{name: kind + row[0], method: row[1], path: "deleted" + collection + row[2]})
	}
	return out
}

// route finds the operation of a method and a path, with the name and the version in the path; nil if it is unknown.
// The case of a path's words does not matter.
func route(method string, path []string) (op *operation, name, version string) {
	for i := range operations {
		if op = &operations[i]; op.method != method {
			continue
		}
		if name, version, ok := match(strings.Split(op.path, "/"), path); ok {
			return op, name, version
		}
	}
	return nil, "", ""
}

func match(pattern, path []string) (name, version string, ok bool) {
	if len(pattern) != len(path) {
		return "", "", false
	}
	for i, segment := range path {
		switch {
		case segment == "":
			return "", "", false
		case pattern[i] == "{name}":
			name = segment
		case pattern[i] == "{version}":
			version = segment
		case !strings.EqualFold(pattern[i], segment):
			return "", "", false
		}
	}
	return name, version, true
}

// authorize checks that the caller may do the operation with the secret that the path names, or else with the vault: by
// role assignments or, on vaults without roles, by access policy.
// Sources: https://learn.microsoft.com/azure/key-vault/general/rbac-guide and
// https://learn.microsoft.com/azure/key-vault/general/rest-error-codes
func (r *request) authorize() *dataError {
	props := r.vault.Properties()
	if jsonbody.IsTrue(props, "enableRbacAuthorization") {
		return r.authorizeByRole()
	}
	for _, policy := range jsonbody.Objects(props, "accessPolicies") {
		if strings.EqualFold(jsonbody.Text(policy, "objectId"), r.caller.ObjectID) &&
			jsonbody.Text(policy, "applicationId") == "" && grants(policy, r.op.permission) {
			return nil
		}
	}
	return forbidden("AccessDenied", "The user, group or application '"+r.callerText()+"' does not have secrets "+
		r.op.permission+" permission on key vault '"+r.vaultText()+
		"'. For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287")
}

func (r *request) authorizeByRole() *dataError {
	scope := r.vault.ID.String()
	if r.name != "" {
		scope = r.vault.ID.Child("secrets", r.name).String()
	}
	if r.Server.Directory().Allowed(r.Tx, r.caller.ObjectID, scope, r.op.action, true) {
		return nil
	}
	return forbidden("ForbiddenByRbac", "Caller is not authorized to perform action on resource.\r\nIf role "+
		"assignments, deny assignments or role definitions were changed recently, please observe propagation "+
		"time.\r\nCaller: "+r.callerText()+"\r\nAction: '"+r.op.action+"'\r\nResource: '"+strings.ToLower(scope)+
		"'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: null \r\nVault: "+
		r.vaultText()+"\r\n")
}

// grants reports whether an access policy has a permission on secrets. "all" is all but purge.
func grants(policy map[string]any, permission string) bool {
	granted := jsonbody.Texts(jsonbody.Object(policy, "permissions"), "secrets")
	return slices.ContainsFunc(granted, func(g string) bool {
		return strings.EqualFold(g, permission) || strings.EqualFold(g, "all") && permission != "purge"
	})
}
