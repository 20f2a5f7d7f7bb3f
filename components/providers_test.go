package components_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/tests/azuremock"
)

// receiving are the types of what a consumer's provider manages below a share.
var receiving = []string{"datashare:ShareSubscription", "datashare:BlobDataSetMapping", "datashare:ScheduledTrigger"}

// Ensure a consumer's provider is found by the consumer's name, and otherwise by the URN that its party gives.
func TestConsumersProvidersAreFound(t *testing.T) {
	nowhere := pulumi.String("urn:pulumi:test::crossorg::pulumi:providers:azure-native::adatum")
	for name, c := range map[string]struct {
		options func(contoso pulumi.ProviderResource, all map[string]pulumi.ProviderResource) pulumi.ResourceOption
		urn     func(own pulumi.StringOutput) pulumi.StringPtrInput
	}{
		"by name": {
			func(_ pulumi.ProviderResource, all map[string]pulumi.ProviderResource) pulumi.ResourceOption {
				return pulumi.ProviderMap(all)
			},
			func(pulumi.StringOutput) pulumi.StringPtrInput { return nowhere },
		},
		"by URN": {
			func(contoso pulumi.ProviderResource, _ map[string]pulumi.ProviderResource) pulumi.ResourceOption {
				return pulumi.Provider(contoso)
			},
			func(own pulumi.StringOutput) pulumi.StringPtrInput { return own },
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSharing("fabrikam", "adatum")
			s.providers, s.providerURN = c.options, c.urn
			a := s.mustRun(t)
			for _, kind := range receiving {
				for _, consumer := range s.consumers {
					for _, r := range a.OfType(kind) {
						if strings.HasPrefix(r.Name, "financial-"+consumer+"-") {
							assert.Equal(t, consumer, r.Provider, r.URN)
						}
					}
				}
				assert.Len(t, a.OfType(kind), 2, kind)
			}
			for _, kind := range []string{"datashare:Share", "datashare:BlobDataSet", "datashare:Invitation"} {
				for _, r := range a.OfType(kind) {
					assert.Equal(t, "contoso", r.Provider, r.URN)
				}
			}
		})
	}
}

// Ensure a consumer without a provider of its own is managed by the component's: here it looks in vain for the
// consumer's account in its own subscription.
func TestConsumersWithoutAProviderHaveTheComponents(t *testing.T) {
	s := newSharing("fabrikam")
	s.providers = func(azure pulumi.ProviderResource, _ map[string]pulumi.ProviderResource) pulumi.ResourceOption {
		return pulumi.Provider(azure)
	}
	s.providerURN = func(pulumi.StringOutput) pulumi.StringPtrInput { return nil }
	_, err := s.run()
	require.ErrorContains(t, err, `ShareSubscription "financial-fabrikam-subscription": ParentResourceNotFound: `+
		"/subscriptions/"+contosoSubscription+"/resourceGroups/fabrikam-consumer-rg")
}

func TestProviderURNsAreChecked(t *testing.T) {
	for _, other := range []string{"fabrikam", "urn:pulumi:test::crossorg::azure-native:storage:Blob::fabrikam"} {
		s := newSharing("fabrikam")
		s.providers = func(p pulumi.ProviderResource, _ map[string]pulumi.ProviderResource) pulumi.ResourceOption {
			return pulumi.Provider(p)
		}
		s.providerURN = func(pulumi.StringOutput) pulumi.StringPtrInput { return pulumi.String(other) }
		_, err := s.run()
		require.ErrorContains(t, err, `consumers["fabrikam"].party.providerUrn is "`+other+`"`)
	}

	s := newSharing("azure-native")
	_, err := s.run()
	require.ErrorContains(t, err, `consumers["azure-native"]`)
}

// Ensure an organization says which provider manages it, and nothing with the default one.
func TestOrganizationsNameTheirProvider(t *testing.T) {
	var own, none any
	azuremock.MustRun(t, func(ctx *pulumi.Context) error {
		azure, err := contoso(ctx)
		if err != nil {
			return err
		}
		for name, c := range map[string]struct {
			options []pulumi.ResourceOption
			urn     *any
		}{"contoso": {[]pulumi.ResourceOption{pulumi.Provider(azure)}, &own}, "adatum": {nil, &none}} {
			org, err := components.NewConsumerOrg(ctx, name, &components.ConsumerOrgArgs{
				Location: pulumi.String("eastus"),
			}, c.options...)
			if err != nil {
				return err
			}
			known, err := internals.UnsafeAwaitOutput(ctx.Context(), org.ProviderURN)
			if err != nil {
				return err
			}
			*c.urn = known.Value
		}
		return nil
	}, azuremock.Options{})
	assert.Equal(t, "urn:pulumi:test::crossorg::pulumi:providers:azure-native::contoso", own)
	assert.Equal(t, "", none)
}
