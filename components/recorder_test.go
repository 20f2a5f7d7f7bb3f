package components_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
)

// recorder keeps registrations as the engine gets them, options and secrets included. It answers with no more than the
// components need: names, ids, and a fixed domain name, link and signature.
type recorder struct {
	mu         sync.Mutex
	all        []sent
	signatures []resource.PropertyMap
}

// sent is one registration.
type sent struct {
	inputs  resource.PropertyMap
	request *pulumirpc.RegisterResourceRequest
}

// record runs a program.
func record(t *testing.T, program pulumi.RunFunc) *recorder {
	t.Helper()
	m := &recorder{}
	require.NoError(t, pulumi.RunErr(program, pulumi.WithMocks("crossorg", "test", m)))
	return m
}

// sent is the one registration of a type, by the end of its token, and a logical name; an empty name is any.
func (m *recorder) sent(t *testing.T, kind, name string) sent {
	t.Helper()
	var names []string
	for _, s := range m.all {
		if !strings.HasSuffix(s.request.GetType(), ":"+kind) {
			continue
		}
		if name == "" || s.request.GetName() == name {
			return s
		}
		names = append(names, s.request.GetName())
	}
	require.Failf(t, "no such resource", "%s %q; there are %q", kind, name, names)
	return sent{}
}

// NewResource answers a registration.
func (m *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	outputs := args.Inputs.Copy()
	outputs["name"] = resource.NewProperty(strings.ReplaceAll(args.Name, "-", ""))
	for _, input := range []string{"containerName", "blobName"} {
		if given, ok := args.Inputs[resource.PropertyKey(input)]; ok {
			outputs["name"] = given
		}
	}
	if blob, ok := args.Inputs["blobName"]; ok {
		outputs["url"] = resource.NewProperty("https://blob.example/" + blob.StringValue())
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all = append(m.all, sent{inputs: args.Inputs, request: args.RegisterRPC})
	return args.Name + "-id", outputs, nil
}

// Call answers an invoke.
func (m *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if strings.HasSuffix(args.Token, ":listStorageAccountServiceSAS") {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.signatures = append(m.signatures, args.Args)
		return resource.PropertyMap{"serviceSasToken": resource.NewProperty("sig=signature")}, nil
	}
	return resource.PropertyMap{
		"subscriptionId": resource.NewProperty(contosoSubscription), "tenantId": resource.NewProperty(contosoTenant),
	}, nil
}

// look puts values into see once they are known; nil sees nothing.
func look(see map[string]any, values pulumi.Map) {
	if see == nil {
		return
	}
	values.ToMapOutput().ApplyT(func(known map[string]any) bool {
		for name, value := range known {
			see[name] = value
		}
		return true
	})
}
