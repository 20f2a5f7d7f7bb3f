package arm

import "strings"

// challenge is the WWW-Authenticate header of a 401: it names the authority to sign in at.
func (s *Server) challenge(path, code string) string {
	return `Bearer authorization_uri="` + s.endpoints.Management + "/" + s.tenantAt(path) +
		`", error="invalid_token", error_description="` + code + `"`
}

// tenantAt is the tenant to sign in to for a path: the tenant of its subscription, or else common. Clients without a
// configured tenant read it from the challenge.
// Source: https://shawntabrizi.com/blog/aad/secret-apis-in-azure-active-directory-and-azure-resource-manager
func (s *Server) tenantAt(path string) string {
	tenant := "common"
	segments := segmentsOf(path)
	if len(segments) < 2 || !strings.EqualFold(segments[0], "subscriptions") {
		return tenant
	}
	_ = s.View(func(c *Call) error { // on an error, the client gets the common authority
		if found, ok := s.directory.Subscription(c.Tx, segments[1]); ok {
			tenant = found.TenantID
		}
		return nil
	})
	return tenant
}
