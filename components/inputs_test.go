package components_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/crossorg/crossorg/components"
	"github.com/crossorg/crossorg/tests/azuremock"
)

// kinds are the arguments and the outputs of each component.
var kinds = map[string]struct{ arguments, outputs reflect.Type }{
	"ProviderOrg": {reflect.TypeFor[components.ProviderOrgArgs](), reflect.TypeFor[components.ProviderOrg]()},
	"ConsumerOrg": {reflect.TypeFor[components.ConsumerOrgArgs](), reflect.TypeFor[components.ConsumerOrg]()},
	"Monitoring":  {reflect.TypeFor[components.MonitoringArgs](), reflect.TypeFor[components.Monitoring]()},
	"ShareWithDataset": {reflect.TypeFor[components.ShareWithDatasetArgs](),
		reflect.TypeFor[components.ShareWithDataset]()},
	"GovernanceCluster": {reflect.TypeFor[components.GovernanceClusterArgs](),
		reflect.TypeFor[components.GovernanceCluster]()},
}

// inputs are the types of arguments that may be outputs, and whether each is optional; nil is either.
var inputs = map[reflect.Type]*bool{
	reflect.TypeFor[pulumi.StringInput]():      new(bool),
	reflect.TypeFor[pulumi.StringPtrInput]():   optional,
	reflect.TypeFor[pulumi.IntPtrInput]():      optional,
	reflect.TypeFor[pulumi.BoolPtrInput]():     optional,
	reflect.TypeFor[pulumi.Float64PtrInput]():  optional,
	reflect.TypeFor[pulumi.StringArrayInput](): nil,
	reflect.TypeFor[pulumi.StringMapInput]():   nil,
}

var optional = func() *bool { yes := true; return &yes }()

// Ensure every argument has a name and a type that every language has.
func TestArgumentsFitEveryLanguage(t *testing.T) {
	for name, kind := range kinds {
		checkArguments(t, name, kind.arguments)
	}
}

func checkArguments(t *testing.T, at string, structure reflect.Type) {
	t.Helper()
	for _, field := range reflect.VisibleFields(structure) {
		path := at + "." + field.Name
		name, option, _ := strings.Cut(field.Tag.Get("pulumi"), ",")
		require.Regexp(t, `^[a-z][A-Za-z]+$`, name, path)
		assert.True(t, strings.EqualFold(name, field.Name) || name == "azureActiveDirectory", "%s is %s", path, name)
		if wanted, isInput := inputs[field.Type]; isInput {
			if wanted != nil {
				assert.Equal(t, *wanted, option == "optional", path)
			}
			continue
		}
		typ := field.Type
		for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Map || typ.Kind() == reflect.Slice {
			if typ.Kind() == reflect.Pointer {
				assert.Equal(t, "optional", option, path)
			}
			typ = typ.Elem()
		}
		if typ.Kind() == reflect.Struct {
			assert.Equal(t, structure.PkgPath(), typ.PkgPath(), path)
			checkArguments(t, path, typ)
			continue
		}
		assert.Contains(t, []reflect.Kind{reflect.String, reflect.Int, reflect.Bool}, typ.Kind(), path)
	}
}

// Ensure outputs are typed and named, and organizations have those that shares and monitoring take.
func TestOutputsFitEveryLanguage(t *testing.T) {
	names := map[string][]string{}
	for kind, types := range kinds {
		for i := range types.outputs.NumField() {
			field := types.outputs.Field(i)
			if field.Anonymous || !field.IsExported() {
				continue
			}
			name := field.Tag.Get("pulumi")
			assert.True(t, strings.EqualFold(name, field.Name), "%s.%s is %q", kind, field.Name, name)
			assert.True(t, field.Type.Implements(reflect.TypeFor[pulumi.Output]()), "%s.%s", kind, field.Name)
			assert.NotEqual(t, reflect.TypeFor[pulumi.IDOutput](), field.Type, "%s.%s", kind, field.Name)
			names[kind] = append(names[kind], name)
		}
	}
	for _, taker := range []reflect.Type{
		reflect.TypeFor[components.ShareParty](), reflect.TypeFor[components.MonitoredSide](),
	} {
		for _, field := range reflect.VisibleFields(taker) {
			name, _, _ := strings.Cut(field.Tag.Get("pulumi"), ",")
			if !strings.HasPrefix(name, "snapshot") {
				assert.Contains(t, names["ProviderOrg"], name)
			}
			if !strings.HasPrefix(name, "snapshot") && name != "files" {
				assert.Contains(t, names["ConsumerOrg"], name)
			}
		}
	}
}

// Ensure every output of a component has a value by the end.
func TestEveryOutputHasAValue(t *testing.T) {
	s := newSharing("fabrikam")
	s.args.DataSets["whole"] = components.ShareDataSet{Kind: "container", Container: "shared-datasets"}
	s.files = []components.SourceFiles{{Container: "shared-datasets", Path: "sources", Source: "testdata/sources"}}
	served := map[string]map[string]any{}
	azuremock.MustRun(t, func(ctx *pulumi.Context) error {
		if err := s.program(ctx); err != nil {
			return err
		}
		args := &components.GovernanceClusterArgs{
			ResourceGroupName: s.provider.ResourceGroupName, Location: s.provider.Location,
			AdminUserName: pulumi.String("fabricadmin"), AdminPassword: pulumi.String(adminPassword),
			AdminCertificate:   &components.ClusterCertificate{Thumbprint: pulumi.String(adminThumbprint)},
			StorageAccountName: s.provider.StorageAccountName,
		}
		withPackage(t, "1.0.0")(args)
		cluster, err := components.NewGovernanceCluster(ctx, "contoso-governance", args,
			pulumi.Provider(s.provider.GetProvider("azure-native:index:Provider")))
		if err != nil {
			return err
		}
		watch, err := components.NewMonitoring(ctx, "contoso-monitoring", &components.MonitoringArgs{
			ResourceGroupName: pulumi.String("watched"), Location: pulumi.String("eastus"),
			Recipients: []string{"oncall@contoso.example"}, Provider: side("provider"),
		})
		if err != nil {
			return err
		}
		for kind, component := range map[string]pulumi.ComponentResource{
			"ProviderOrg": s.provider, "ConsumerOrg": s.parties["fabrikam"], "ShareWithDataset": s.share,
			"GovernanceCluster": cluster, "Monitoring": watch,
		} {
			state := pulumi.Map{}
			fields := reflect.ValueOf(component).Elem()
			for i := range fields.NumField() {
				if name := fields.Type().Field(i).Tag.Get("pulumi"); name != "" {
					state[name] = fields.Field(i).Interface().(pulumi.Output)
				}
			}
			known, err := internals.UnsafeAwaitOutput(ctx.Context(), state.ToMapOutput())
			if err != nil {
				return err
			}
			served[kind] = known.Value.(map[string]any)
		}
		return nil
	}, azuremock.Options{})
	for kind, types := range kinds {
		for i := range types.outputs.NumField() {
			if name := types.outputs.Field(i).Tag.Get("pulumi"); name != "" {
				assert.NotEmpty(t, served[kind][name], "%s.%s", kind, name)
			}
		}
	}
}

// Ensure what is known of the arguments is recorded under its names, and what is not known yet, or secret, is not.
func TestKnownArgumentsAreRecorded(t *testing.T) {
	a := providerOrg(t, components.ProviderOrgArgs{
		Location: pulumi.String("eastus").ToStringOutput(),
		Tags:     pulumi.StringMap{"later": pulumi.String("x").ToStringOutput(), "purpose": pulumi.String("test")},
		Storage:  &components.StorageSettings{SKU: pulumi.StringPtr("Standard_ZRS"), CoolAfterDays: 30},
		KeyVault: &components.VaultSettings{PurgeProtection: pulumi.Bool(true), SoftDeleteDays: pulumi.IntPtr(30)},
		Protect:  true,
	})
	assert.Equal(t, map[string]any{
		"containers": []any{"shared-datasets"},
		"tags":       map[string]any{"purpose": "test"},
		"storage":    map[string]any{"sku": "Standard_ZRS", "coolAfterDays": 30.0},
		"keyVault":   map[string]any{"purgeProtection": true, "softDeleteDays": 30.0},
		"protect":    true,
	}, a.Get(t, "index:ProviderOrg", "contoso-provider").Inputs.Mappable())

	s := newSharing("fabrikam")
	assert.Equal(t, map[string]any{
		"shareName": "financial", "description": "Finance data", "terms": "Internal use only",
		"schedule": map[string]any{"interval": "Day", "start": "2025-02-01T03:00:00+01:00"},
		"dataSets": map[string]any{"transactions": map[string]any{
			"kind": "blob", "container": "shared-datasets", "path": "2025/transactions.csv",
		}},
		"consumers": map[string]any{"fabrikam": map[string]any{}},
	}, s.mustRun(t).Get(t, "index:ShareWithDataset", "financial").Inputs.Mappable())
}

// late turns every argument that may be an output into one.
func late(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			late(v.Elem())
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			changed := reflect.New(v.Type().Elem()).Elem()
			changed.Set(v.MapIndex(key))
			late(changed)
			v.SetMapIndex(key, changed)
		}
	case reflect.Slice:
		for i := range v.Len() {
			late(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			late(v.Field(i))
		}
	case reflect.Interface:
		if !v.IsNil() {
			// As StringPtrInput has ToStringPtrOutput.
			convert := "To" + strings.TrimSuffix(v.Type().Name(), "Input") + "Output"
			v.Set(v.MethodByName(convert).Call(nil)[0])
		}
	}
}

// Ensure arguments that become known later make the same resources as those that are known at once.
func TestArgumentsMayBeOutputs(t *testing.T) {
	ranges := pulumi.ToStringArray([]string{"203.0.113.0/24"})
	org := func() components.ProviderOrgArgs {
		return components.ProviderOrgArgs{
			Location: pulumi.String("eastus"), Tags: pulumi.StringMap{"purpose": pulumi.String("test")},
			Containers: []string{"shared-datasets"},
			Storage: &components.StorageSettings{SKU: pulumi.String("Standard_ZRS"), AccessTier: pulumi.String("Cool"),
				SoftDeleteDays: pulumi.Int(30), AllowedAddressRanges: ranges},
			KeyVault: &components.VaultSettings{SKU: pulumi.String("premium"), PurgeProtection: pulumi.Bool(true),
				EnabledForDeployment: pulumi.Bool(true), EnabledForTemplateDeployment: pulumi.Bool(false),
				SoftDeleteDays: pulumi.Int(7), AllowedAddressRanges: ranges},
		}
	}
	cluster := func(a *components.GovernanceClusterArgs) {
		withPackage(t, "1.0.0")(a)
		a.SKU, a.UpgradeCadence, a.DataDiskGB = pulumi.String("Basic"), pulumi.String("Wave1"), pulumi.Int(256)
		a.Image = &components.ClusterImage{SKU: pulumi.String("2019-Datacenter")}
		a.AllowedAddressRanges = ranges
		a.AdminCertificate = &components.ClusterCertificate{CommonName: pulumi.String("admin.contoso.example"),
			IssuerThumbprint: pulumi.String(adminThumbprint)}
		a.NodeCertificates = []components.ClusterNodeCertificate{{URL: pulumi.String("https://v.example/secrets/c/0")}}
	}
	watch := func(a *components.MonitoringArgs) {
		bothSides(a)
		a.SKU, a.RetentionDays, a.DailyQuotaGB = pulumi.String("PerGB2018"), pulumi.Int(60), pulumi.Float64(0.5)
	}
	share := newSharing("fabrikam")
	share.invitees = map[string]*components.ShareInvitee{"fabrikam": {Email: pulumi.String("data@fabrikam.example")}}
	share.args.Expiration = pulumi.String("2027-01-01T00:00:00+01:00")
	share.args.DataSets["whole"] = components.ShareDataSet{Kind: "container",
		Container: "shared-datasets"}

	for name, run := range map[string]func(isLate bool) *azuremock.Azure{
		"ProviderOrg": func(isLate bool) *azuremock.Azure {
			args := org()
			if isLate {
				late(reflect.ValueOf(&args))
			}
			return providerOrg(t, args)
		},
		"ShareWithDataset": func(isLate bool) *azuremock.Azure {
			share.late = isLate
			return share.mustRun(t)
		},
		"GovernanceCluster": func(isLate bool) *azuremock.Azure {
			return mustGovern(t, func(a *components.GovernanceClusterArgs) {
				cluster(a)
				if isLate {
					late(reflect.ValueOf(a))
				}
			})
		},
		"Monitoring": func(isLate bool) *azuremock.Azure {
			return mustMonitor(t, func(a *components.MonitoringArgs) {
				watch(a)
				if isLate {
					late(reflect.ValueOf(a))
				}
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			want, got := children(run(false)), children(run(true))
			require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
			for urn := range want {
				assert.Equal(t, want[urn], got[urn], urn)
			}
		})
	}
}

// children are the inputs of all resources below components by URN, without what no two runs have in common: paths of
// temporary files and times of signing.
func children(a *azuremock.Azure) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, r := range a.Resources() {
		if r.Custom {
			in := r.Inputs.Mappable()
			delete(in, "source")
			all[r.URN] = in
		}
	}
	return all
}

// Ensure values that turn out to be wrong later are reported with the argument's name.
func TestLateProblemsNameTheirArguments(t *testing.T) {
	for want, change := range map[string]func(*components.ShareWithDatasetArgs){
		`schedule.interval is "Week": set Hour or Day`: func(a *components.ShareWithDatasetArgs) {
			a.Schedule.Interval = pulumi.String("Week")
		},
		`schedule.start is "tomorrow": set a time in RFC 3339`: func(a *components.ShareWithDatasetArgs) {
			a.Schedule.Start = pulumi.String("tomorrow")
		},
		`expiration is "never": set a time in RFC 3339`: func(a *components.ShareWithDatasetArgs) {
			a.Expiration = pulumi.String("never")
		},
		`rolePropagation is "soon": set a duration such as "10m"`: func(a *components.ShareWithDatasetArgs) {
			a.RolePropagation = pulumi.String("soon")
		},
		`dataSets["x"].container is "nowhere"`: func(a *components.ShareWithDatasetArgs) {
			a.DataSets["x"] = components.ShareDataSet{Kind: "container", Container: "nowhere"}
		},
	} {
		for _, isLate := range []bool{false, true} {
			s := newSharing("fabrikam")
			s.late, s.assignedOn = isLate, components.Noon.Add(-24*time.Hour)
			change(&s.args)
			_, err := s.run()
			require.ErrorContains(t, err, want)
		}
	}
	for want, change := range map[string]func(*components.GovernanceClusterArgs){
		`sku is "Premium": set Basic or Standard`: func(a *components.GovernanceClusterArgs) {
			a.SKU = pulumi.String("Premium").ToStringPtrOutput()
		},
		"nodeCount is 4: a Standard cluster needs at least 5 nodes": func(a *components.GovernanceClusterArgs) {
			a.NodeCount = pulumi.Int(4).ToIntPtrOutput()
		},
		`allowedAddressRanges has "::/0"`: func(a *components.GovernanceClusterArgs) {
			a.AllowedAddressRanges = pulumi.ToStringArray([]string{"::/0"}).ToStringArrayOutput()
		},
	} {
		_, err := azuremock.Run(governance(change, nil), azuremock.Options{})
		require.ErrorContains(t, err, want)
	}
}
