package arm_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/internal/azuretypes"
)

// secretBodies are bodies of a shape with the canary in one secret field each.
func secretBodies(s *azuretypes.Shape, canary any, depth int) (out []any) {
	if s.Secret {
		return []any{canary}
	}
	if depth > 8 {
		return nil
	}
	switch s.Kind {
	case azuretypes.Array:
		for _, item := range secretBodies(s.Items, canary, depth+1) {
			out = append(out, []any{item})
		}
	case azuretypes.Map:
		for _, item := range secretBodies(s.Items, canary, depth+1) {
			out = append(out, map[string]any{"any": item})
		}
	case azuretypes.Object:
		for _, name := range slices.Sorted(maps.Keys(s.Props)) {
			for _, item := range secretBodies(s.Props[name].Shape, canary, depth+1) {
				out = append(out, map[string]any{name: item})
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
			for _, item := range secretBodies(s.Variants[name], canary, depth+1) {
				body := item.(map[string]any)
				out = append(out, maps.Clone(body))
				body[s.Discriminator] = name
				out = append(out, body)
			}
		}
	}
	return out
}

// spellings of a resource's path and api-version, right ones and refused ones.
func spellings(path, version string) []string {
	return []string{
		path + "?api-version=" + version, strings.ToUpper(path) + "?api-version=" + version,
		path + "/?api-version=" + version, path + "?API-VERSION=" + version, path, path + "?api-version=1999-01-01",
		path + "?api-version=", strings.Replace(path, "/providers/", "//providers/", 1) + "?api-version=" + version,
		path + "/extra?api-version=" + version, strings.Replace(path, "/x", "/%78", 1) + "?api-version=" + version,
	}
}

// No secret reaches the request log: of no type, in no spelling of its path, taken or refused, as text or as something
// else, with its name misspelt.
func TestNoSecretFieldReachesTheLog(t *testing.T) {
	const canary = "kanarienvogel"
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	seen, sent := map[string]bool{}, 0
	for _, r := range azuretypes.All() {
		if seen[r.Type] {
			continue // newest first
		}
		seen[r.Type] = true
		path := group + "/providers/" + strings.ReplaceAll(r.Type, "/", "/x/")
		path = strings.Replace(path, "/x/", "/", 1) + "/x"
		for _, planted := range []any{canary, []any{canary}, map[string]any{"a": canary}} {
			for i, body := range secretBodies(r.Body, planted, 0) {
				for j, target := range spellings(path, r.APIVersion) {
					if (i+j)%3 > 0 && j > 2 { // the rarer spellings with every third field
						continue
					}
					for _, method := range []string{"PUT", "PATCH", "POST"} {
						c.Contoso.Do(method, target, body)
						sent++
					}
				}
				raw, err := json.Marshal(body)
				require.NoError(t, err)
				misspelt := strings.NewReplacer(`Password"`, `Pasword"`, `alue"`, `alu"`, `ettings"`, `etings"`,
					`Uri"`, `Url"`).Replace(string(raw))
				c.Contoso.Do("PUT", path+"?api-version="+r.APIVersion, json.RawMessage(misspelt))
				c.Contoso.Do("PUT", path+"?api-version="+r.APIVersion, json.RawMessage(strings.ToUpper(string(raw[:8]))+
					string(raw[8:])))
				c.Send("PUT", path, string(raw)[:len(raw)-1], "Authorization", "Bearer "+canary)
			}
		}
	}
	require.Greater(t, sent, 300)
	for _, line := range strings.Split(c.Log.String(), "\n") {
		require.NotContains(t, strings.ToLower(line), canary)
	}
}

func TestNoSecretInTextsReachesTheLog(t *testing.T) {
	const canary = "kanarienvogel"
	c := newCloud(t)
	workspace := workspace + "?api-version=" + workspaceVersion
	for _, sas := range []string{"sig=", "SIG=", "Sig=", "%73ig=", "s%69g=", "sig%3d", "SIG%3D"} {
		link := "https://a.blob.core.windows.net/c/b?sv=2022-11-02&" + sas + canary + "&se=2030"
		c.Contoso.Get(workspace + "&" + sas + canary)
		c.Contoso.Get(group + "/" + url.PathEscape(link) + "?api-version=" + groupVersion)
		c.Contoso.Get(workspace + "&next=" + url.QueryEscape(link))
		c.Contoso.Do("PUT", workspace, map[string]any{"location": link, "tags": map[string]any{"link": link},
			"properties": map[string]any{"other": map[string]any{"deep": []any{link}}}})
		c.Contoso.Do("POST", group+"/providers/Unknown.Provider/things/x/act?api-version=1",
			map[string]any{"url": link})
	}
	for _, text := range []string{"Bearer " + canary, "bearer " + canary, "SharedKey account:" + canary,
		"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + canary + ";EndpointSuffix=core.windows.net",
		"Server=s;Password=" + canary + ";", "client_secret=" + canary} {
		c.Contoso.Do("PUT", workspace, map[string]any{"tags": map[string]any{"note": text}})
	}
	for _, name := range []string{"adminPassword", "ADMINPASSWORD", "admin_password", "client-secret", "clientSecret",
		"access_token", "accountSasToken", "primarySharedKey", "connectionString", "value", "Value", "key1", "code"} {
		for _, v := range []any{canary, []any{canary}, map[string]any{"deep": canary}} {
			c.Contoso.Do("POST", group+"/providers/Unknown.Provider/things/x/listKeys/?api-version=1",
				map[string]any{"properties": map[string]any{"list": []any{map[string]any{name: v, "code": 1}}}})
		}
		c.Contoso.Get(workspace + fmt.Sprintf("&%s=%s", url.QueryEscape(name), canary))
	}
	for _, line := range strings.Split(c.Log.String(), "\n") {
		if strings.Contains(line, `"code":["`) || strings.Contains(line, `"code":{"`) ||
			strings.Contains(line, `"code":"kanarien`) {
			continue // a code is a secret in a URL alone
		}
		require.NotContains(t, line, canary)
	}
}

// What is no secret stays readable.
func TestTheRequestLogShowsTheRest(t *testing.T) {
	c := newCloud(t)
	c.put(group, groupVersion, groupBody)
	c.put(workspace, workspaceVersion, workspaceBody)
	c.get(group+"/providers/"+workspaceType, workspaceVersion)
	c.get(workspace+"x", workspaceVersion)
	lines := strings.Split(strings.TrimSpace(c.Log.String()), "\n")
	require.Len(t, lines, 4)
	require.NotContains(t, strings.Join(lines[:2], ""), "***")
	require.Contains(t, lines[2], `"value":[{`)
	require.Contains(t, lines[2], workspace)
	require.Contains(t, lines[3], `"code":"ResourceNotFound"`)
}
