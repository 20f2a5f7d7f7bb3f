package arm

import "strings"

// tenantAt is the tenant to sign in to for a path: its subscription's, by which clients without a tenant find theirs,
// or else common.
// Source: https://shawntabrizi.com/blog/aad/secret-apis-in-azure-active-directory-and-azure-resource-manager
func (s *Server) tenantAt(path string) string {
	tenant := "common"
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if len(segments) < 2 || !strings.EqualFold(segments[0], "subscriptions") {
		return tenant
	}
	_ = s.View(func(c *Call) error { // without the state the client is told where to sign in all the same
		if found, ok := s.directory.Subscription(c.Tx, strings.ToLower(segments[1])); ok {
			tenant = found.TenantID
		}
		return nil
	})
	return tenant
}
