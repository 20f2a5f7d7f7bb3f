package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func list(values ...string) resource.PropertyValue {
	items := []resource.PropertyValue{}
	for _, v := range values {
		items = append(items, text(v))
	}
	return resource.NewArrayProperty(items)
}

// Each difference has its path, its kind, and whether it needs a new resource.
func TestDiff(t *testing.T) {
	const (
		add           = pulumirpc.PropertyDiff_ADD
		update        = pulumirpc.PropertyDiff_UPDATE
		remove        = pulumirpc.PropertyDiff_DELETE
		addReplace    = pulumirpc.PropertyDiff_ADD_REPLACE
		updateReplace = pulumirpc.PropertyDiff_UPDATE_REPLACE
		removeReplace = pulumirpc.PropertyDiff_DELETE_REPLACE
	)
	type kinds = map[string]pulumirpc.PropertyDiff_Kind
	data := func(more m) m {
		in := m{"resourceGroupName": text("contoso"), "accountName": text("ds"), "shareName": text("s"),
			"dataSetName": text("d"), "kind": text("Blob"), "filePath": text("a.csv")}
		for k, v := range more {
			in[k] = v
		}
		return in
	}
	cases := map[string]struct {
		token      string
		olds, news m
		want       kinds
		deleteOld  bool
	}{
		"nothing": {accountToken, account(nil), account(nil), kinds{}, false},
		"changed": {accountToken, account(m{"minimumTlsVersion": text("TLS1_0")}),
			account(m{"minimumTlsVersion": text("TLS1_2")}), kinds{"minimumTlsVersion": update}, false},
		"inside": {accountToken, account(m{"tags": object(m{"a": text("1"), "b": text("1")})}),
			account(m{"tags": object(m{"a": text("2"), "c": text("1")})}),
			kinds{"tags.a": update, "tags.b": remove, "tags.c": add}, false},
		"in a list": {"insights:ScheduledQueryRule", m{"scopes": list("a", "b")},
			m{"scopes": list("a", "c", "d")}, kinds{"scopes[1]": update, "scopes[2]": add}, false},
		"shorter list": {"insights:ScheduledQueryRule", m{"scopes": list("a", "b")}, m{"scopes": list("a")},
			kinds{"scopes[1]": remove}, false},
		"given name": {accountToken, account(nil), account(m{"accountName": text("other")}),
			kinds{"accountName": updateReplace}, true},
		"random name": {accountToken, account(m{"__createBeforeDelete": resource.NewBoolProperty(true)}),
			account(m{"location": text("westus")}), kinds{"location": updateReplace}, false},
		"group": {accountToken, account(nil), account(m{"resourceGroupName": text("other")}),
			kinds{"resourceGroupName": updateReplace}, true},
		"spelling": {accountToken, account(nil),
			account(m{"resourceGroupName": text("CONTOSO"), "location": text("East US")}), kinds{}, false},
		"created only": {accountToken, account(nil), account(m{"isHnsEnabled": resource.NewBoolProperty(true)}),
			kinds{"isHnsEnabled": addReplace}, true},
		"no longer given": {accountToken, account(m{"isHnsEnabled": resource.NewBoolProperty(true)}), account(nil),
			kinds{"isHnsEnabled": removeReplace}, true},
		"unknown": {accountToken, account(nil), account(m{"accountName": someValue}),
			kinds{"accountName": updateReplace}, true},
		"same secret": {accountToken, account(m{"kind": resource.MakeSecret(text("StorageV2"))}), account(nil),
			kinds{}, false},
		"data set": {"datashare:BlobDataSet", data(nil), data(m{"filePath": text("b.csv")}),
			kinds{"filePath": update}, false},
		"inner property": {"servicefabric:ManagedCluster", m{"sku": object(m{"name": text("Basic")})},
			m{"sku": object(m{"name": text("Standard")})}, kinds{"sku.name": update}, false},
		"role": {"authorization:RoleAssignment", m{"roleDefinitionId": text("a"), "scope": text("/x")},
			m{"roleDefinitionId": text("b"), "scope": text("/y")},
			kinds{"roleDefinitionId": update, "scope": updateReplace}, true},
		"principal": {"authorization:RoleAssignment", m{"principalId": text("a")}, m{"principalId": text("b")},
			kinds{"principalId": updateReplace}, true},
		"vault stays": {"keyvault:Vault",
			m{"properties": object(m{"enabledForDeployment": resource.NewBoolProperty(false)})},
			m{"properties": object(m{"enabledForDeployment": resource.NewBoolProperty(true)})},
			kinds{"properties.enabledForDeployment": update}, false},
		"chosen by Azure": {accountToken, account(nil), account(m{"isHnsEnabled": resource.NewBoolProperty(false)}),
			kinds{"isHnsEnabled": add}, false},
		"subscription of id": {"datashare:BlobDataSet", data(m{"subscriptionId": text("a")}),
			data(m{"subscriptionId": text("b")}), kinds{"subscriptionId": updateReplace}, true},
	}
	p := newARM(t).configured(t)
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			state := m{"__inputs": resource.MakeSecret(object(c.olds)), "isHnsEnabled": resource.NewBoolProperty(false)}
			for _, fromState := range []bool{false, true} {
				req := &pulumirpc.DiffRequest{Urn: urn(c.token, "res"), Id: "id", Olds: pack(t, state),
					News: pack(t, c.news)}
				if !fromState {
					req.OldInputs = pack(t, c.olds)
				}
				resp, err := p.Diff(t.Context(), req)
				require.NoError(t, err)
				got, replaces := kinds{}, 0
				for path, d := range resp.GetDetailedDiff() {
					got[path] = d.GetKind()
					assert.True(t, d.GetInputDiff())
					if d.GetKind() == addReplace || d.GetKind() == updateReplace || d.GetKind() == removeReplace {
						replaces++
					}
				}
				assert.Equal(t, c.want, got)
				assert.Len(t, resp.GetReplaces(), replaces)
				assert.Equal(t, c.deleteOld, resp.GetDeleteBeforeReplace())
				want := pulumirpc.DiffResponse_DIFF_SOME
				if len(c.want) == 0 {
					want = pulumirpc.DiffResponse_DIFF_NONE
				}
				assert.Equal(t, want, resp.GetChanges())
			}
		})
	}
}
