package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossorg/crossorg/internal/checks"
	"github.com/crossorg/crossorg/internal/stack"
)

// tlsVersions are the ones that are safe still.
var tlsVersions = []string{"TLS1_2", "TLS1_3"}

func (r *run) storageAccount(s side) checks.Question {
	a := checks.About(s.organization, s.StorageAccountID)
	return checks.Question{Label: short(a.Resource), Ask: func(ctx context.Context) []checks.Check {
		found, err := r.reader.Get(ctx, s.organization, a.Resource, storageVersion)
		if err != nil {
			return r.unreadable(a, "storage", succeeded, err)
		}
		public, stated := found.Flag("allowBlobPublicAccess")
		https, _ := found.Flag("supportsHttpsTrafficOnly")
		replicated, _ := found.Flag("allowCrossTenantReplication")
		tls := found.Text("minimumTlsVersion")
		return []checks.Check{
			a.Equal("storage", succeeded, found.Text("provisioningState"), "wait for it, or "+r.restore()),
			a.Is("no-public-access", "public access to blobs off", stated && !public, onOff(public || !stated),
				"set allowBlobPublicAccess to false: "+r.restore()),
			a.Is("https-only", "HTTPS only", https, onOff(https), "set supportsHttpsTrafficOnly to true: "+r.restore()),
			a.Is("tls", "TLS 1.2 or newer", slices.Contains(tlsVersions, tls), orNothing(tls),
				"set minimumTlsVersion to TLS1_2: "+r.restore()),
			a.Is("no-cross-tenant-replication", "off", !replicated, onOff(replicated),
				"set allowCrossTenantReplication to false: "+r.restore()),
			r.storageNetwork(a, found),
			r.tagged(ctx, a, s.GroupID(), found),
		}
	}}
}

// storageNetwork checks that Data Share gets in: it is one of Azure's trusted services
// (learn.microsoft.com/azure/storage/common/storage-network-security-trusted-azure-services).
func (r *run) storageNetwork(a checks.Subject, found *stack.Resource) checks.Check {
	access := found.Text("publicNetworkAccess")
	action, bypass := found.Text("networkAcls", "defaultAction"), found.Text("networkAcls", "bypass")
	closed := strings.EqualFold(access, "Disabled")
	trusted := strings.Contains(strings.ToLower(bypass), "azureservices")
	seen := fmt.Sprintf("default %s, bypass %s", orNothing(action), orNothing(bypass))
	if closed {
		seen = "public network access disabled"
	}
	return a.Is("storage-network", "trusted services get in", !closed &&
		(trusted || strings.EqualFold(action, "Allow") && bypass == ""), seen,
		"set networkAcls.bypass to AzureServices, or Data Share cannot reach the data: "+r.restore())
}

// blobService checks that deleted and overwritten blobs can be restored.
func (r *run) blobService(a checks.Subject, found *stack.Resource) []checks.Check {
	versions, _ := found.Flag("isVersioningEnabled")
	blobs, _ := found.Flag("deleteRetentionPolicy", "enabled")
	containers, _ := found.Flag("containerDeleteRetentionPolicy", "enabled")
	return []checks.Check{a.Is("blob-recovery", "versions and soft delete on", versions && blobs && containers,
		fmt.Sprintf("versions %s, soft delete of blobs %s (%s), of containers %s", onOff(versions), onOff(blobs),
			days(found.Value("deleteRetentionPolicy", "days")), onOff(containers)), r.restore())}
}

// containers checks that every container of the account is private and that no container of a share is missing.
func (r *run) containers(s side) checks.Question {
	return r.list("containers", s.organization, s.StorageAccountID, "/blobServices/default/containers", storageVersion,
		nil, func(a checks.Subject, containers []*stack.Resource) []checks.Check {
			wanted := map[string]bool{}
			for _, share := range r.Outputs.Shares {
				for consumer, c := range share.Consumers {
					for _, d := range c.DataSets {
						if share.Provider == s.organization && s.name == "provider" {
							wanted[d.Source.Container] = true
						}
						if consumer == s.organization && s.name == "consumer" {
							wanted[d.Target.Container] = true
						}
					}
				}
			}
			if s.LandingContainer != "" {
				wanted[s.LandingContainer] = true
			}
			var rows []checks.Check
			for _, found := range containers {
				access := found.Text("publicAccess")
				rows = append(rows, a.On(found.ID).Is("container-private", "no public access",
					access == "" || access == "None", orNone(access),
					"set publicAccess to None: "+r.restore()))
				if wanted[found.Name] {
					rows = append(rows, a.On(found.ID).Is("container", "there", true, "there", ""))
					delete(wanted, found.Name)
				}
			}
			for _, name := range slices.Sorted(maps.Keys(wanted)) {
				at := a.On(s.StorageAccountID + "/blobServices/default/containers/" + name)
				rows = append(rows, at.Is("container", "there", false, "no such container", r.restore()))
			}
			return rows
		})
}
