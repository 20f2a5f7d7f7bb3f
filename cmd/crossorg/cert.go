package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossorg/crossorg/internal/admincert"
	"github.com/crossorg/crossorg/internal/local"
	"github.com/crossorg/crossorg/internal/stack"
	"github.com/crossorg/crossorg/internal/target"
)

// certDocument is the JSON document of cert.
type certDocument struct {
	Stack       string    `json:"stack"`
	Target      string    `json:"target"`
	Thumbprint  string    `json:"thumbprint"`
	Certificate string    `json:"certificate"`
	Key         string    `json:"key"`
	NotAfter    time.Time `json:"notAfter"`
	// Reused says that the folder had the certificate already.
	Reused bool `json:"reused"`
	// Configured is where the stack's configuration has it now.
	Configured string `json:"configured,omitempty"`
	// SecretID is the secret's version in the vault.
	SecretID string `json:"secretId,omitempty"`
	// Notes say what is left to do.
	Notes []string       `json:"notes,omitempty"`
	Error *local.Failure `json:"error,omitempty"`
}

// secretName is what Key Vault takes (learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates).
var secretName = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)

// homeCertificate is the name under which a home keeps the certificate that its runs configure.
const homeCertificate = "admin"

func (a *app) cert() *cobra.Command {
	f := &targetFlags{}
	var out, name string
	var days int
	cmd := &cobra.Command{
		Use:   "cert --out DIR",
		Short: "Make the cluster's admin client certificate",
		Long: `Make the client certificate with which a person administers the governance cluster.

Certificate and key are written for their owner only, the stack's configuration names the
certificate from then on, and the organization's vault gets both as a secret. Run it before the
first up, and again after it: a vault is there only then. What the folder has is used again.`,
		Example: "  crossorg cert --out ./admin\n  crossorg cert --out ./admin --stack prod --target azure --days 180",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case out == "":
				return errors.New("--out is missing: name the folder for certificate and key")
			case !secretName.MatchString(name):
				return fmt.Errorf("--name is %q: choose up to 127 letters, digits and hyphens", name)
			case days < 1 || days > 3650:
				return fmt.Errorf("--days is %d: choose 1 to 3650", days)
			}
			return a.at(cmd.Context(), f, func(t *target.Target) (answer, error) {
				document := certDocument{Stack: f.stack, Target: f.target}
				err := a.makeCertificate(cmd.Context(), t, out, name, days, &document)
				if err != nil && document.Thumbprint == "" {
					return answer{}, err
				}
				if err != nil {
					document.Error = local.AsFailure(err)
				}
				return answer{document: document, page: certificatePage(document),
					failure: document.Error}, nil
			})
		},
	}
	f.register(cmd)
	set := cmd.Flags()
	set.StringVar(&out, "out", "", "folder for certificate and key (required)")
	set.StringVar(&name, "name", "governance-admin", "name of the files and of the vault's secret")
	set.IntVar(&days, "days", 365, "how many days the certificate is valid")
	return cmd
}

// makeCertificate fills the document as far as it gets.
func (a *app) makeCertificate(
	ctx context.Context, t *target.Target, out, name string, days int, d *certDocument,
) error {
	values, err := t.Values(ctx)
	if err != nil {
		return err
	}
	var governance struct {
		Organization     string `json:"organization"`
		AdminCertificate struct {
			Thumbprint string `json:"thumbprint"`
		} `json:"adminCertificate"`
	}
	if text := values["crossorg:governance"]; text != "" {
		if err := json.Unmarshal([]byte(text), &governance); err != nil {
			return fmt.Errorf("crossorg:governance: %w", err)
		}
	}
	if governance.Organization == "" {
		return fmt.Errorf("stack %s has no governance cluster: set crossorg:governance first", t.Stack)
	}
	now := time.Now()
	certificate, err := admincert.Load(out, name, now)
	if err != nil {
		return err
	}
	if d.Reused = certificate != nil; !d.Reused {
		if certificate, err = admincert.New("crossorg "+t.Stack+" administrator", days, now); err != nil {
			return err
		}
		if err := certificate.Write(out, name); err != nil {
			return err
		}
	}
	d.Thumbprint, d.NotAfter = certificate.Thumbprint, certificate.NotAfter
	d.Certificate, d.Key = admincert.Files(out, name)
	if err := configure(ctx, t, certificate, governance.AdminCertificate.Thumbprint, d); err != nil {
		return err
	}

	outputs, err := t.Read(ctx)
	if err != nil {
		d.Notes = append(d.Notes, "the stack does not stand, so there is no vault: run "+t.Up+", then this again")
		return nil
	}
	host, side, err := outputs.Host()
	if err != nil {
		d.Notes = append(d.Notes, "the cluster does not stand: run "+t.Up+", then this again")
		return nil
	}
	d.SecretID, err = stack.StoreSecret(ctx, t.Access, host, side.VaultURI, stack.Secret{
		Name: name, Value: string(certificate.Certificate) + string(certificate.Key),
		ContentType: "application/x-pem-file",
		Expires:     certificate.NotAfter, Mark: certificate.Thumbprint,
	})
	if !strings.EqualFold(governance.AdminCertificate.Thumbprint, certificate.Thumbprint) && d.Configured != "" {
		d.Notes = append(d.Notes, "the cluster takes the certificate with the next "+t.Up)
	}
	return err
}

// configure names the certificate in the stack file of a stack on Azure. A local run takes the certificate of its home,
// unless the stack file names another.
func configure(
	ctx context.Context, t *target.Target, c *admincert.Certificate, configured string, d *certDocument,
) error {
	if t.Home == nil {
		if !strings.EqualFold(configured, c.Thumbprint) {
			if err := t.SetConfig(ctx, "governance.adminCertificate.thumbprint", c.Thumbprint); err != nil {
				return err
			}
		}
		d.Configured = "crossorg:governance.adminCertificate.thumbprint"
		return nil
	}
	kept, err := admincert.Load(t.Home.CertsDir(), homeCertificate, time.Time{})
	if err != nil {
		return err
	}
	if kept == nil || !strings.EqualFold(kept.Thumbprint, configured) {
		d.Notes = append(d.Notes,
			"the stack file says itself who administers the cluster, so local runs do not use this certificate")
		return nil
	}
	d.Configured = t.Home.CertsDir()
	return c.Write(t.Home.CertsDir(), homeCertificate)
}
