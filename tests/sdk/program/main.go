// Command program stores and shares data on Azure, as the documentation of the Azure SDK for Go shows it:
//
//   - https://learn.microsoft.com/azure/developer/go/sdk/authentication/authentication-overview
//   - https://learn.microsoft.com/azure/storage/blobs/storage-quickstart-blobs-go
//   - https://learn.microsoft.com/azure/key-vault/secrets/quick-create-go
//   - https://learn.microsoft.com/azure/data-share/
//
// It reads AZURE_SUBSCRIPTION_ID and what azidentity reads, AZURE_OBJECT_ID for the principal's object id and, for a
// cloud that is not the public one, AZURE_AUTHORITY_HOST and AZURE_RESOURCE_MANAGER_ENDPOINT. It prints a line for each
// thing that it has done, and removes everything in the end.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/authorization/armauthorization/v2"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/datashare/armdatashare"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/keyvault/armkeyvault"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/resources/armresources"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/storage/armstorage"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/google/uuid"
)

const location = "eastus"

// Built-in roles, from https://learn.microsoft.com/azure/role-based-access-control/built-in-roles.
const (
	storageBlobDataContributor = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
	keyVaultSecretsOfficer     = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"
)

func main() {
	log.SetFlags(0)
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// program is what all its parts use.
type program struct {
	out          io.Writer
	subscription string
	credential   azcore.TokenCredential
	options      *arm.ClientOptions
	group        string
	suffix       string // makes names unique
}

func run(ctx context.Context, out io.Writer) (err error) {
	where := cloud.AzurePublic
	if endpoint := os.Getenv("AZURE_RESOURCE_MANAGER_ENDPOINT"); endpoint != "" {
		where = cloud.Configuration{
			ActiveDirectoryAuthorityHost: os.Getenv("AZURE_AUTHORITY_HOST"),
			Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
				cloud.ResourceManager: {Endpoint: endpoint, Audience: "https://management.azure.com"},
			},
		}
	}
	client := azcore.ClientOptions{Cloud: where}
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions:            client,
		DisableInstanceDiscovery: where.ActiveDirectoryAuthorityHost != cloud.AzurePublic.ActiveDirectoryAuthorityHost,
	})
	if err != nil {
		return err
	}
	suffix := strings.ReplaceAll(uuid.NewString(), "-", "")[:8]
	p := &program{
		out: out, subscription: os.Getenv("AZURE_SUBSCRIPTION_ID"), credential: credential,
		options: &arm.ClientOptions{ClientOptions: client}, group: "sdk-" + suffix, suffix: suffix,
	}

	groups, err := armresources.NewResourceGroupsClient(p.subscription, credential, p.options)
	if err != nil {
		return err
	}
	group, err := groups.CreateOrUpdate(ctx, p.group, armresources.ResourceGroup{Location: to.Ptr(location)}, nil)
	if err != nil {
		return err
	}
	p.say("resource group %s", *group.ID)
	defer func() {
		poller, gone := groups.BeginDelete(ctx, p.group, nil)
		if gone == nil {
			_, gone = poller.PollUntilDone(ctx, nil)
		}
		if gone == nil {
			p.say("deleted %s", p.group)
		}
		err = errors.Join(err, gone)
	}()
	for _, part := range []func(context.Context) error{p.blobs, p.secrets, p.shares} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *program) say(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

// blobs makes a storage account and puts a file into it.
func (p *program) blobs(ctx context.Context) error {
	accounts, err := armstorage.NewAccountsClient(p.subscription, p.credential, p.options)
	if err != nil {
		return err
	}
	poller, err := accounts.BeginCreate(ctx, p.group, "sdk"+p.suffix, armstorage.AccountCreateParameters{
		Kind: to.Ptr(armstorage.KindStorageV2), Location: to.Ptr(location),
		SKU: &armstorage.SKU{Name: to.Ptr(armstorage.SKUNameStandardLRS)},
		Properties: &armstorage.AccountPropertiesCreateParameters{
			MinimumTLSVersion: to.Ptr(armstorage.MinimumTLSVersionTLS12)},
	}, nil)
	if err != nil {
		return err
	}
	account, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		return err
	}
	p.say("storage account %s at %s", *account.Name, *account.Properties.PrimaryEndpoints.Blob)
	if err := p.assign(ctx, *account.ID, storageBlobDataContributor); err != nil {
		return err
	}

	client, err := azblob.NewClient(*account.Properties.PrimaryEndpoints.Blob, p.credential, nil)
	if err != nil {
		return err
	}
	const container, name = "reports", "2025/transactions.csv"
	content := bytes.Repeat([]byte("id,amount\n1,9.99\n"), 1000)
	if err := p.oncePermitted(ctx,
		func() error { _, err := client.CreateContainer(ctx, container, nil); return err }); err != nil {
		return err
	}
	if _, err := client.UploadBuffer(ctx, container, name, content, nil); err != nil {
		return err
	}
	pager := client.NewListBlobsFlatPager(container, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, blob := range page.Segment.BlobItems {
			p.say("blob %s of %d bytes", *blob.Name, *blob.Properties.ContentLength)
		}
	}
	download, err := client.DownloadStream(ctx, container, name, nil)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(download.Body)
	if err = errors.Join(err, download.Body.Close()); err != nil {
		return err
	}
	if !bytes.Equal(got, content) {
		return fmt.Errorf("%s has other bytes than were uploaded", name)
	}
	if _, err := client.DeleteBlob(ctx, container, name, nil); err != nil {
		return err
	}
	_, err = client.DeleteContainer(ctx, container, nil)
	return err
}

// secrets makes a vault and keeps secrets in it.
func (p *program) secrets(ctx context.Context) error {
	vaults, err := armkeyvault.NewVaultsClient(p.subscription, p.credential, p.options)
	if err != nil {
		return err
	}
	name := "sdk-" + p.suffix
	poller, err := vaults.BeginCreateOrUpdate(ctx, p.group, name, armkeyvault.VaultCreateOrUpdateParameters{
		Location: to.Ptr(location),
		Properties: &armkeyvault.VaultProperties{
			TenantID: to.Ptr(os.Getenv("AZURE_TENANT_ID")),
			SKU: &armkeyvault.SKU{Family: to.Ptr(armkeyvault.SKUFamilyA),
				Name: to.Ptr(armkeyvault.SKUNameStandard)},
			EnableRbacAuthorization: to.Ptr(true),
		},
	}, nil)
	if err != nil {
		return err
	}
	vault, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		return err
	}
	p.say("vault %s at %s", *vault.Name, *vault.Properties.VaultURI)
	if err := p.assign(ctx, *vault.ID, keyVaultSecretsOfficer); err != nil {
		return err
	}

	client, err := azsecrets.NewClient(*vault.Properties.VaultURI, p.credential, nil)
	if err != nil {
		return err
	}
	for _, secret := range []string{"database", "partner"} {
		value := azsecrets.SetSecretParameters{Value: to.Ptr("value of " + secret)}
		if err := p.oncePermitted(ctx,
			func() error { _, err := client.SetSecret(ctx, secret, value, nil); return err }); err != nil {
			return err
		}
	}
	pager := client.NewListSecretPropertiesPager(nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.Value {
			got, err := client.GetSecret(ctx, s.ID.Name(), s.ID.Version(), nil) // no version is the latest one
			if err != nil {
				return err
			}
			p.say("secret %s has a version of %d digits and %d characters", got.ID.Name(),
				len(got.ID.Version()), len(*got.Value))
		}
	}
	if _, err := client.DeleteSecret(ctx, "partner", nil); err != nil {
		return err
	}
	if _, err := vaults.Delete(ctx, p.group, name, nil); err != nil {
		return err
	}
	purge, err := vaults.BeginPurgeDeleted(ctx, name, location, nil)
	if err != nil {
		return err
	}
	if _, err := purge.PollUntilDone(ctx, nil); err != nil {
		return err
	}
	p.say("purged %s", name)
	return nil
}

// shares makes a Data Share account with a share.
func (p *program) shares(ctx context.Context) error {
	factory, err := armdatashare.NewClientFactory(p.subscription, p.credential, p.options)
	if err != nil {
		return err
	}
	accounts, shares := factory.NewAccountsClient(), factory.NewSharesClient()
	name := "sdk-" + p.suffix
	poller, err := accounts.BeginCreate(ctx, p.group, name, armdatashare.Account{
		Location: to.Ptr(location), Identity: &armdatashare.Identity{Type: to.Ptr(armdatashare.TypeSystemAssigned)},
	}, nil)
	if err != nil {
		return err
	}
	account, err := poller.PollUntilDone(ctx, nil)
	if err != nil {
		return err
	}
	p.say("data share account %s", *account.Name)
	if _, err := shares.Create(ctx, p.group, name, "transactions", armdatashare.Share{
		Properties: &armdatashare.ShareProperties{ShareKind: to.Ptr(armdatashare.ShareKindCopyBased),
			Description: to.Ptr("What was sold")},
	}, nil); err != nil {
		return err
	}
	pager := shares.NewListByAccountPager(p.group, name, nil)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.Value {
			p.say("share %s: %s", *s.Name, *s.Properties.Description)
		}
	}
	gone, err := shares.BeginDelete(ctx, p.group, name, "transactions", nil)
	if err != nil {
		return err
	}
	if _, err := gone.PollUntilDone(ctx, nil); err != nil {
		return err
	}
	removal, err := accounts.BeginDelete(ctx, p.group, name, nil)
	if err != nil {
		return err
	}
	_, err = removal.PollUntilDone(ctx, nil)
	return err
}

// assign gives the program a role at a scope.
func (p *program) assign(ctx context.Context, scope, role string) error {
	client, err := armauthorization.NewRoleAssignmentsClient(p.subscription, p.credential, p.options)
	if err != nil {
		return err
	}
	_, err = client.Create(ctx, scope, uuid.NewString(),
		armauthorization.RoleAssignmentCreateParameters{Properties: &armauthorization.RoleAssignmentProperties{
			PrincipalID:   to.Ptr(os.Getenv("AZURE_OBJECT_ID")),
			PrincipalType: to.Ptr(armauthorization.PrincipalTypeServicePrincipal),
			RoleDefinitionID: to.Ptr("/subscriptions/" + p.subscription +
				"/providers/Microsoft.Authorization/roleDefinitions/" + role),
		}}, nil)
	return err
}

// oncePermitted waits for a new role to take effect, which may take minutes.
// See https://learn.microsoft.com/azure/role-based-access-control/troubleshooting.
func (p *program) oncePermitted(ctx context.Context, do func() error) error {
	for until := time.Now().Add(10 * time.Minute); ; {
		err := do()
		var refused *azcore.ResponseError
		if !errors.As(err, &refused) || refused.StatusCode != http.StatusForbidden || time.Now().After(until) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Second):
		}
	}
}
