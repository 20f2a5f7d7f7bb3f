package settings

import (
	"time"

	"github.com/crossorg/crossorg/internal/rules"
)

// defaultRolePropagation leaves a role assignment time to reach the data plane, which Azure says can take ten minutes
// but usually takes fewer (learn.microsoft.com/azure/role-based-access-control/troubleshooting).
const defaultRolePropagation = 10 * time.Minute

func (s *Settings) setDefaults() {
	s.RolePropagation = defaultRolePropagation
	s.Tags = map[string]string{"purpose": "cross-org-data-sharing"}
	s.Storage.setDefaults()
	s.KeyVault.setDefaults()
	s.Monitoring.setDefaults()
}

func (s *Storage) setDefaults() {
	*s = Storage{
		SKU: "Standard_LRS", AccessTier: "Hot", SoftDeleteDays: 7, CoolAfterDays: 30, DeleteVersionsAfterDays: 90,
	}
}

func (k *KeyVault) setDefaults() {
	*k = KeyVault{
		SKU: "standard", EnabledForDeployment: true, EnabledForTemplateDeployment: true, SoftDeleteDays: 90,
	}
}

func (m *Monitoring) setDefaults() {
	*m = Monitoring{SKU: "PerGB2018", RetentionDays: 30, DailyQuotaGB: -1}
}

func (s *Share) setDefaults() { s.Kind = rules.ShareKind }

func (g *Governance) setDefaults() {
	g.SKU, g.NodeCount = rules.Standard, rules.LeastNodes(rules.Standard)
	g.VMSize, g.AdminUser = "Standard_D2s_v3", "crossorgadmin"
	g.Image.setDefaults()
}

func (i *Image) setDefaults() {
	*i = Image{
		Publisher: "MicrosoftWindowsServer", Offer: "WindowsServer", SKU: "2019-Datacenter", Version: "latest",
	}
}

func (n *NodeCertificate) setDefaults() { n.Store = "My" }

func (s *Service) setDefaults() { s.InstanceCount = rules.EveryNode }
