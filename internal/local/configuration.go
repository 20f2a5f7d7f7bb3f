package local

import (
	"time"

	"github.com/crossorg/crossorg/internal/admincert"
	"github.com/crossorg/crossorg/internal/stackfile"
)

// localValues are what a stack gets for local runs alone.
type localValues struct {
	// AdminThumbprint of the home's administrator certificate; empty when the stack has its own.
	AdminThumbprint string
	// PrincipalSecrets by organization: those of the local directory's principals.
	PrincipalSecrets map[string]string
}

// needsCertificate reports whether the stack has a cluster that nobody is configured to administer.
func needsCertificate(file *stackfile.File) bool {
	var governance map[string]any
	// What is no object is for the program to complain about.
	if err := file.Decode("governance", &governance); err != nil {
		return false
	}
	return len(governance) > 0 && governance["adminCertificate"] == nil && governance["azureActiveDirectory"] == nil
}

// writeCopy writes the home's copy of a stack file: the repository's values, with the local ones over them. It returns
// the secrets that went in.
func writeCopy(file *stackfile.File, path, passphrase string, values localValues) ([]string, error) {
	c, err := file.Copy(path, passphrase)
	if err != nil {
		return nil, err
	}
	if err := c.Generate("adminPassword", newPassword); err != nil {
		return nil, err
	}
	if err := c.PutSecrets("principalSecrets", values.PrincipalSecrets); err != nil {
		return nil, err
	}
	for organization := range values.PrincipalSecrets {
		// A federated token comes from a real directory: locally the principal signs in with its secret.
		c.Remove("organizations", organization, "principal", "useOidc")
	}
	if values.AdminThumbprint != "" {
		certificate := map[string]string{"thumbprint": values.AdminThumbprint}
		if err := c.Put(certificate, "governance", "adminCertificate"); err != nil {
			return nil, err
		}
	}
	raw, err := c.Marshal()
	if err != nil {
		return nil, err
	}
	return c.Secrets(), writeFile(path, raw)
}

// adminCertificate is the name under which a home keeps its administrator certificate.
const adminCertificate = "admin"

// adminThumbprint is the thumbprint of the home's administrator certificate, which it makes on first use, valid for ten
// years.
func (h *Home) adminThumbprint() (string, error) {
	certificate, err := admincert.Load(h.CertsDir(), adminCertificate, time.Time{})
	if err != nil {
		return "", err
	}
	if certificate == nil {
		const tenYears = 3650
		certificate, err = admincert.NewQuick("crossorg local administrator", tenYears, time.Now())
		if err != nil {
			return "", err
		}
		if err := certificate.Write(h.CertsDir(), adminCertificate); err != nil {
			return "", err
		}
	}
	return certificate.Thumbprint, nil
}
