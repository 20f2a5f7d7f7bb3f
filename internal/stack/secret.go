package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"github.com/crossorg/crossorg/internal/rules"
)

const (
	secretVersion = "7.4"
	// vaultScope is what tokens for vaults are asked for in the public cloud, and in an embedded Azure.
	vaultScope = "https://vault.azure.net/.default"
)

// Secret is what a vault keeps.
type Secret struct {
	Name, Value, ContentType string
	Expires                  time.Time
	// Mark tells versions apart without their value: storing the newest version's mark again changes nothing.
	Mark string
}

type secretBody struct {
	ID          string            `json:"id,omitempty"`
	Value       string            `json:"value,omitempty"`
	ContentType string            `json:"contentType,omitempty"`
	Attributes  map[string]any    `json:"attributes,omitempty"`
	Tags        map[string]string `json:"tags,omitempty"`
}

const markTag = "mark"

// StoreSecret stores a secret in a vault through its data plane and returns the id of its version. The error says which
// role or network rule is missing, and never the value.
func StoreSecret(ctx context.Context, a *Access, organization, vaultURI string, s Secret) (string, error) {
	credential, err := a.credential(organization)
	if err != nil {
		return "", err
	}
	options := a.ClientOptions()
	pipeline := runtime.NewPipeline(moduleName, moduleVersion, runtime.PipelineOptions{PerRetry: []policy.Policy{
		runtime.NewBearerTokenPolicy(credential, []string{vaultScope}, nil),
	}}, &options)
	at := runtime.JoinPaths(vaultURI, "secrets", s.Name)
	do := func(method string, body, into any) error {
		request, err := runtime.NewRequest(ctx, method, at+"?api-version="+secretVersion)
		if err != nil {
			return err
		}
		if body != nil {
			if err := runtime.MarshalAsJSON(request, body); err != nil {
				return err
			}
		}
		response, err := pipeline.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return runtime.NewResponseError(response)
		}
		return runtime.UnmarshalAsJSON(response, into)
	}
	var known secretBody
	if err := do(http.MethodGet, nil, &known); err == nil && known.Tags[markTag] == s.Mark {
		return known.ID, nil
	}
	body := secretBody{Value: s.Value, ContentType: s.ContentType, Tags: map[string]string{markTag: s.Mark},
		Attributes: map[string]any{"exp": s.Expires.Unix()}}
	var stored secretBody
	if err := do(http.MethodPut, body, &stored); err != nil {
		return "", secretProblem(vaultURI, s.Name, err)
	}
	return stored.ID, nil
}

// secretProblem says what to do about a secret that a vault refuses: the vaults take roles, and are closed to the
// internet.
func secretProblem(vaultURI, name string, err error) error {
	var answer *azcore.ResponseError
	remedy := "see that the vault is reached from here: it is closed to the internet but for " +
		"crossorg:keyVault.allowedAddressRanges"
	if errors.As(err, &answer) {
		switch answer.StatusCode {
		case http.StatusForbidden, http.StatusUnauthorized:
			remedy = "assign the deploying principal the role " + rules.KeyVaultSecretsOfficer.Name +
				" at the vault, and add this machine's public address to crossorg:keyVault.allowedAddressRanges"
		case http.StatusConflict:
			remedy = "a deleted secret of that name is kept: recover or purge it, or choose another --name"
		}
	}
	return fmt.Errorf("secret %s in %s: %w: %s", name, vaultURI, explain(err), remedy)
}
