package durability

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	groupVersion   = "2021-04-01"
	storageVersion = "2022-09-01"
	vaultVersion   = "2023-02-01"
	roleVersion    = "2022-04-01"
	secretVersion  = "7.4"
)

// world is all that is there of one writer's things, by kind and name: "blob/account/container/name" → what it holds.
// Two worlds are the same exactly when their maps are equal.
type world map[string]string

// without is the world without what lies at a path or below it.
func (w world) without(path string) world {
	out := maps.Clone(w)
	maps.DeleteFunc(out, func(k, _ string) bool { return k == path || strings.HasPrefix(k, path+"/") })
	return out
}

func (w world) with(path, value string) world {
	out := maps.Clone(w)
	out[path] = value
	return out
}

// names lists what there is of a kind.
func (w world) names(prefix string) (out []string) {
	for k := range w {
		if rest, ok := strings.CutPrefix(k, prefix); ok {
			out = append(out, rest)
		}
	}
	slices.Sort(out)
	return out
}

// write is a change of the world by one request.
type write struct {
	what    string
	after   world
	prepare func() (answer, error) // a request that comes before and changes nothing that can be seen; may be nil
	send    func() (answer, error)
}

// writer changes its things one after the other; no other writer touches them.
type writer struct {
	*served
	number int
	random *rand.Rand
	// known is the world as it was acknowledged; pending what was sent and not answered.
	known   world
	pending *write
	// buried is what comes back with a deleted vault.
	buried world
	serial int
	acked  int
}

func (w *writer) name(kind string) string { return fmt.Sprintf("w%d%s", w.number, kind) }

// home is the resource group in which its resources are, which stays.
func (w *writer) home() string {
	return "/subscriptions/" + w.SubscriptionID + "/resourceGroups/" + w.name("-home")
}

func (w *writer) account(name string) string {
	return w.home() + "/providers/Microsoft.Storage/storageAccounts/" + name
}

func (w *writer) vault(name string) string {
	return w.home() + "/providers/Microsoft.KeyVault/vaults/" + name
}

func (w *writer) blob(path, query string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return w.Blob + "/" + strings.Join(parts, "/") + query
}

func (w *writer) sign() string {
	w.serial++
	return strconv.Itoa(w.serial)
}

func pick[V any](r *rand.Rand, from []V) (out V, ok bool) {
	if len(from) == 0 {
		return out, false
	}
	return from[r.IntN(len(from))], true
}

// next chooses a write that the world allows.
func (w *writer) next() *write {
	for {
		choose := []func() *write{
			w.putGroup, w.putGroup, w.deleteGroup, w.putAccount, w.deleteAccount, w.putContainer, w.putContainer,
			w.deleteContainer,
			w.putBlob, w.putBlob, w.putBlob, w.putBlob, w.commitBlocks, w.describeBlob, w.deleteBlob, w.deleteBlob,
			w.setSecret, w.setSecret, w.setSecret, w.deleteSecret,
			w.recoverSecret, w.purgeSecret, w.deleteVault, w.recoverVault, w.putRole, w.putRole, w.deleteRole,
		}
		if one := choose[w.random.IntN(len(choose))](); one != nil {
			return one
		}
	}
}

func (w *writer) putGroup() *write {
	name, sign := w.name(fmt.Sprintf("-g%d", w.random.IntN(4))), w.sign()
	return &write{what: "put group " + name, after: w.known.with("group/"+name, sign), send: func() (answer, error) {
		return w.ask(management, http.MethodPut,
			w.arm("/subscriptions/"+w.SubscriptionID+"/resourceGroups/"+name, groupVersion),
			map[string]any{"location": "eastus", "tags": map[string]string{"sign": sign}})
	}}
}

func (w *writer) deleteGroup() *write {
	name, ok := pick(w.random, w.known.names("group/"))
	if !ok {
		return nil
	}
	return &write{what: "delete group " + name, after: w.known.without("group/" + name), send: func() (answer, error) {
		return w.ask(management, http.MethodDelete,
			w.arm("/subscriptions/"+w.SubscriptionID+"/resourceGroups/"+name, groupVersion), nil)
	}}
}

func (w *writer) putAccount() *write {
	name, sign := w.name(fmt.Sprintf("account%d", w.random.IntN(2))), w.sign()
	return &write{what: "put account " + name, after: w.known.with("account/"+name, sign),
		send: func() (answer, error) {
			return w.ask(management, http.MethodPut, w.arm(w.account(name), storageVersion), map[string]any{
				"location": "eastus", "kind": "StorageV2", "sku": map[string]any{"name": "Standard_LRS"},
				"tags": map[string]string{"sign": sign}, "properties": map[string]any{},
			})
		}}
}

func (w *writer) deleteAccount() *write {
	name, ok := pick(w.random, w.known.names("account/"))
	if !ok || w.random.IntN(3) > 0 {
		return nil
	}
	return &write{
		what:  "delete account " + name,
		after: w.known.without("account/" + name).without("container/" + name).without("blob/" + name),
		send: func() (answer, error) {
			return w.ask(management, http.MethodDelete, w.arm(w.account(name), storageVersion), nil)
		},
	}
}

// putContainer makes a container, through either of the planes that can.
func (w *writer) putContainer() *write {
	account, ok := pick(w.random, w.known.names("account/"))
	if !ok {
		return nil
	}
	name := "data-" + w.sign()
	out := &write{what: "put container " + account + "/" + name, after: w.known.with("container/"+account+"/"+name, "")}
	out.send = func() (answer, error) {
		return w.ask(storage, http.MethodPut, w.blob(account+"/"+name, "?restype=container"), nil)
	}
	if w.random.IntN(2) == 0 {
		out.send = func() (answer, error) {
			return w.ask(management, http.MethodPut, w.arm(w.account(account)+"/blobServices/default/containers/"+name,
				storageVersion), map[string]any{"properties": map[string]any{}})
		}
	}
	return out
}

func (w *writer) deleteContainer() *write {
	path, ok := pick(w.random, w.known.names("container/"))
	if !ok {
		return nil
	}
	return &write{what: "delete container " + path, after: w.known.without("container/" + path).without("blob/" + path),
		send: func() (answer, error) {
			return w.ask(storage, http.MethodDelete, w.blob(path, "?restype=container"), nil)
		}}
}

func (w *writer) bytes(most int) []byte {
	out := make([]byte, w.random.IntN(most))
	for i := range out {
		out[i] = byte(w.random.Uint32())
	}
	return out
}

// holds is what a blob is known by.
func holds(sign string, content []byte) string {
	sum := sha256.Sum256(content)
	return fmt.Sprintf("%s %d bytes %s", sign, len(content), hex.EncodeToString(sum[:]))
}

// aBlob chooses one that is there or a new one.
func (w *writer) aBlob() (path string, ok bool) {
	container, ok := pick(w.random, w.known.names("container/"))
	return container + "/" + fmt.Sprintf("b %d.bin", w.random.IntN(5)), ok
}

func (w *writer) putBlob() *write {
	path, ok := w.aBlob()
	if !ok {
		return nil
	}
	sign, content := w.sign(), w.bytes(100_000)
	return &write{what: "put blob " + path, after: w.known.with("blob/"+path, holds(sign, content)),
		send: func() (answer, error) {
			return w.ask(storage, http.MethodPut, w.blob(path, ""), content,
				"x-ms-blob-type", "BlockBlob", "x-ms-meta-sign", sign)
		}}
}

func (w *writer) commitBlocks() *write {
	path, ok := w.aBlob()
	if !ok {
		return nil
	}
	sign, blocks := w.sign(), [][]byte{w.bytes(200_000), w.bytes(50_000)}
	var ids strings.Builder
	id := func(i int) string { return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "block-%d", i)) }
	for i := range blocks {
		ids.WriteString("<Latest>" + id(i) + "</Latest>")
	}
	return &write{
		what: "commit blocks of " + path, after: w.known.with("blob/"+path, holds(sign, slices.Concat(blocks...))),
		prepare: func() (a answer, err error) {
			for i, b := range blocks {
				if a, err = w.ask(storage, http.MethodPut, w.blob(path, "?comp=block&blockid="+url.QueryEscape(id(i))),
					append([]byte{}, b...)); err != nil || !a.ok() {
					return a, err
				}
			}
			return a, nil
		},
		send: func() (answer, error) {
			return w.ask(storage, http.MethodPut, w.blob(path, "?comp=blocklist"),
				[]byte(xml.Header+"<BlockList>"+ids.String()+"</BlockList>"), "x-ms-meta-sign", sign)
		},
	}
}

func (w *writer) describeBlob() *write {
	path, ok := pick(w.random, w.known.names("blob/"))
	if !ok {
		return nil
	}
	sign := w.sign()
	_, content, _ := strings.Cut(w.known["blob/"+path], " ")
	return &write{what: "describe blob " + path, after: w.known.with("blob/"+path, sign+" "+content),
		send: func() (answer, error) {
			return w.ask(storage, http.MethodPut, w.blob(path, "?comp=metadata"), nil, "x-ms-meta-sign", sign)
		}}
}

func (w *writer) deleteBlob() *write {
	path, ok := pick(w.random, w.known.names("blob/"))
	if !ok {
		return nil
	}
	return &write{what: "delete blob " + path, after: w.known.without("blob/" + path), send: func() (answer, error) {
		return w.ask(storage, http.MethodDelete, w.blob(path, ""), nil)
	}}
}

func (w *writer) secret(path string) string { // "vault/name"
	vault, name, _ := strings.Cut(path, "/")
	return w.known["vault/"+vault] + "secrets/" + name + "?api-version=" + secretVersion
}

// setSecret adds a version, through either of the planes that can.
func (w *writer) setSecret() *write {
	vault, ok := pick(w.random, w.known.names("vault/"))
	if !ok {
		return nil
	}
	name, sign := fmt.Sprintf("s%d", w.random.IntN(3)), w.sign()
	path := vault + "/" + name
	if _, deleted := w.known["deleted/"+path]; deleted {
		return nil
	}
	versions := 0
	if before, _, there := strings.Cut(w.known["secret/"+path], " "); there {
		versions, _ = strconv.Atoi(before) // as it was written below
	}
	out := &write{what: "set secret " + path, after: w.known.with("secret/"+path, fmt.Sprintf("%d versions, "+
		"%s", versions+1, sign))}
	at := w.secret(path)
	out.send = func() (answer, error) {
		return w.ask(vaults, http.MethodPut, at, map[string]any{"value": sign})
	}
	if w.random.IntN(2) == 0 {
		out.send = func() (answer, error) {
			return w.ask(management, http.MethodPut, w.arm(w.vault(vault)+"/secrets/"+name, vaultVersion),
				map[string]any{"properties": map[string]any{"value": sign}})
		}
	}
	return out
}

func (w *writer) deleteSecret() *write {
	path, ok := pick(w.random, w.known.names("secret/"))
	if !ok {
		return nil
	}
	at := w.secret(path)
	return &write{what: "delete secret " + path, after: w.known.without("secret/"+path).with("deleted/"+path,
		w.known["secret/"+path]), send: func() (answer, error) {
		return w.ask(vaults, http.MethodDelete, at, nil)
	}}
}

func (w *writer) recoverSecret() *write {
	path, ok := pick(w.random, w.known.names("deleted/"))
	if !ok {
		return nil
	}
	at := strings.Replace(strings.Replace(w.secret(path), "/secrets/", "/deletedsecrets/", 1), "?", "/recover?", 1)
	return &write{what: "recover secret " + path, after: w.known.without("deleted/"+path).with("secret/"+path,
		w.known["deleted/"+path]), send: func() (answer, error) {
		return w.ask(vaults, http.MethodPost, at, nil)
	}}
}

func (w *writer) purgeSecret() *write {
	path, ok := pick(w.random, w.known.names("deleted/"))
	if !ok {
		return nil
	}
	at := strings.Replace(w.secret(path), "/secrets/", "/deletedsecrets/", 1)
	return &write{what: "purge secret " + path, after: w.known.without("deleted/" + path),
		send: func() (answer, error) {
			return w.ask(vaults, http.MethodDelete, at, nil)
		}}
}

func (w *writer) vaultName() string { return w.name("-vault") }

// deleteVault takes the secrets with it, to come back with it.
func (w *writer) deleteVault() *write {
	name := w.vaultName()
	if w.known["vault/"+name] == "" || w.random.IntN(4) > 0 {
		return nil
	}
	after := w.known.without("vault/" + name).without("secret/" + name).without("deleted/" + name)
	w.buried = maps.Clone(w.known)
	maps.DeleteFunc(w.buried, func(k, _ string) bool { _, stays := after[k]; return stays })
	return &write{what: "delete vault " + name, after: after, send: func() (answer, error) {
		return w.ask(management, http.MethodDelete, w.arm(w.vault(name), vaultVersion), nil)
	}}
}

func (w *writer) recoverVault() *write {
	name := w.vaultName()
	if w.known["vault/"+name] != "" {
		return nil
	}
	after := maps.Clone(w.known)
	maps.Copy(after, w.buried)
	send := func() (answer, error) { return w.makeVault("recover") }
	return &write{what: "recover vault " + name, after: after, send: send}
}

func (w *writer) makeVault(mode string) (answer, error) {
	return w.ask(management, http.MethodPut, w.arm(w.vault(w.vaultName()), vaultVersion),
		map[string]any{"location": "eastus", "properties": map[string]any{
			"tenantId": w.TenantID, "sku": map[string]any{"family": "A", "name": "standard"},
			"enableRbacAuthorization": true, "createMode": mode,
		}})
}

// roles are the ones that it hands out in its home: at most one assignment of each.
var roles = []string{"b24988ac-6180-42a0-ab88-20f7382dd24c", "acdd72a7-3385-48ef-bd42-f606fba81ae7",
	"2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", "73c42c96-874c-492b-b04d-ab87d138a893"}

func (w *writer) role(scope, name string) string {
	return w.arm(scope+"/providers/Microsoft.Authorization/roleAssignments/"+name, roleVersion)
}

func (w *writer) assign(scope, name, role string) (answer, error) {
	return w.ask(management, http.MethodPut, w.role(scope, name), map[string]any{"properties": map[string]any{
		"principalId":   w.ObjectID,
		"principalType": "ServicePrincipal",
		"roleDefinitionId": "/subscriptions/" + w.SubscriptionID +
			"/providers/Microsoft.Authorization/roleDefinitions/" + role,
	}})
}

func (w *writer) putRole() *write {
	role, _ := pick(w.random, roles)
	for _, given := range w.known.names("role/") {
		if w.known["role/"+given] == role {
			return nil
		}
	}
	name := uuid.NewString()
	return &write{what: "assign role " + role, after: w.known.with("role/"+name, role),
		send: func() (answer, error) { return w.assign(w.home(), name, role) }}
}

func (w *writer) deleteRole() *write {
	name, ok := pick(w.random, w.known.names("role/"))
	if !ok {
		return nil
	}
	return &write{what: "remove role assignment " + name, after: w.known.without("role/" + name),
		send: func() (answer, error) {
			return w.ask(management, http.MethodDelete, w.role(w.home(), name), nil)
		}}
}

// look reads the world as it is, through lists and then thing by thing: what is listed must be there, as it is listed.
func (w *writer) look() world {
	w.t.Helper()
	out := world{}
	all := "/subscriptions/" + w.SubscriptionID + "/resourceGroups"
	for _, g := range w.list(management, w.arm(all, groupVersion)) {
		if name := text(g, "name"); strings.HasPrefix(name, w.name("-g")) {
			require.Equal(w.t, g, w.get(management, w.arm(all+"/"+name, groupVersion)).json(w.t))
			out["group/"+name] = text(g, "tags", "sign")
		}
	}
	for _, r := range w.list(management, w.arm(w.home()+"/resources", groupVersion)) {
		name := text(r, "name")
		switch text(r, "type") {
		case "Microsoft.Storage/storageAccounts":
			account := w.get(management, w.arm(text(r, "id"), storageVersion)).json(w.t)
			require.Equal(w.t, "Succeeded", text(account, "properties", "provisioningState"))
			out["account/"+name] = text(account, "tags", "sign")
			w.lookIntoAccount(name, out)
		case "Microsoft.KeyVault/vaults":
			vault := w.get(management, w.arm(text(r, "id"), vaultVersion)).json(w.t)
			out["vault/"+name] = text(vault, "properties", "vaultUri")
			w.lookIntoVault(name, out)
		case "Microsoft.KeyVault/vaults/secrets": // looked at with their vault
		default:
			require.Fail(w.t, "a resource that nobody made", "%v", r)
		}
	}
	for _, a := range w.list(management,
		w.arm(w.home()+"/providers/Microsoft.Authorization/roleAssignments", roleVersion)+"&$filter=atScope()") {
		if strings.EqualFold(text(a, "properties", "scope"), w.home()) {
			require.Equal(w.t, a, w.get(management, w.role(w.home(), text(a, "name"))).json(w.t))
			out["role/"+text(a, "name")] = lastPart(text(a, "properties", "roleDefinitionId"))
		}
	}
	return out
}

func (w *writer) lookIntoAccount(account string, out world) {
	w.t.Helper()
	var containers struct {
		Names []string `xml:"Containers>Container>Name"`
	}
	w.get(storage, w.blob(account, "?comp=list")).xml(w.t, &containers)
	var others []string
	for _, c := range w.list(management, w.arm(w.account(account)+"/blobServices/default/containers", storageVersion)) {
		others = append(others, text(c, "name"))
	}
	require.ElementsMatch(w.t, others, containers.Names, "both planes list the same containers")
	for _, container := range containers.Names {
		path := account + "/" + container
		out["container/"+path] = ""
		w.get(management, w.arm(w.account(account)+"/blobServices/default/containers/"+container, storageVersion))
		w.get(storage, w.blob(path, "?restype=container"))
		var blobs struct {
			Blobs []struct {
				Name string
				Size int `xml:"Properties>Content-Length"`
			} `xml:"Blobs>Blob"`
		}
		w.get(storage, w.blob(path, "?restype=container&comp=list")).xml(w.t, &blobs)
		for _, b := range blobs.Blobs {
			got := w.get(storage, w.blob(path+"/"+b.Name, ""))
			require.Len(w.t, got.body, b.Size, "%s/%s has the bytes that it is listed with", path, b.Name)
			out["blob/"+path+"/"+b.Name] = holds(got.head.Get("x-ms-meta-sign"), got.body)
		}
	}
}

func (w *writer) lookIntoVault(vault string, out world) {
	w.t.Helper()
	base, query := out["vault/"+vault], "?api-version="+secretVersion
	for _, s := range w.list(vaults, base+"secrets"+query) {
		name := lastPart(text(s, "id"))
		value := text(w.get(vaults, text(s, "id")+query).json(w.t), "value")
		versions := w.list(vaults, base+"secrets/"+name+"/versions"+query)
		for _, v := range versions {
			w.get(vaults, text(v, "id")+query)
		}
		w.get(management, w.arm(w.vault(vault)+"/secrets/"+name, vaultVersion))
		out["secret/"+vault+"/"+name] = fmt.Sprintf("%d versions, %s", len(versions), value)
	}
	for _, s := range w.list(vaults, base+"deletedsecrets"+query) {
		name := lastPart(text(s, "id"))
		w.get(vaults, base+"deletedsecrets/"+name+query)
		// its value is not given out before it is recovered
		out["deleted/"+vault+"/"+name] = w.known["deleted/"+vault+"/"+name]
		if w.pending != nil && out["deleted/"+vault+"/"+name] == "" {
			out["deleted/"+vault+"/"+name] = w.pending.after["deleted/"+vault+"/"+name]
		}
	}
}

// settle looks at what became of the writer's things: all that was acknowledged is there as it was acknowledged, and
// what was not is there as a whole or not at all. It reports whether an unanswered write was found done.
func (w *writer) settle(t *testing.T) (done bool) {
	t.Helper()
	found := w.look()
	if w.pending != nil {
		if maps.Equal(found, w.pending.after) {
			w.known, done = found, true
		} else {
			require.Equal(t, w.known, found, "writer %d, for whom %q was not answered, and which would have left %v",
				w.number, w.pending.what, w.pending.after)
		}
		w.pending = nil
		return done
	}
	require.Equal(t, w.known, found, "writer %d", w.number)
	return false
}
