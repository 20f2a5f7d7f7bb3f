package bridge

import (
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the checksum that blob storage keeps
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/appendblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

// blobAccess is the way to one blob: its URL and the account's key.
type blobAccess struct {
	url     string
	key     *blob.SharedKeyCredential
	options policy.ClientOptions
	inputs  map[string]any // the parameters of the id
}

// openBlob gets the account's blob endpoint and key from ARM. The endpoint is never composed from names: it differs
// between clouds.
func (c *client) openBlob(ctx context.Context, id string) (*blobAccess, error) {
	t := resourceTypes()[blobToken]
	inputs, err := t.parameters(id)
	if err != nil {
		return nil, err
	}
	accountID, _, _ := strings.Cut(id, "/blobServices/")
	account, err := c.get(ctx, accountID, storageVersion)
	if err != nil {
		return nil, err
	}
	endpoint, _ := dig(account, []string{"properties", "primaryEndpoints", "blob"})
	base, _ := endpoint.(string)
	if base == "" {
		return nil, fmt.Errorf("storage account %q has no blob endpoint: its kind must be StorageV2, BlobStorage or "+
			"BlockBlobStorage", inputs["accountName"])
	}
	listed, err := c.post(ctx, accountID+"/listKeys", storageVersion, map[string]any{})
	if err != nil {
		return nil, err
	}
	var secret string
	if keys, ok := listed["keys"].([]any); ok && len(keys) > 0 {
		first, _ := keys[0].(map[string]any)
		secret, _ = first["value"].(string)
	}
	if secret == "" {
		return nil, fmt.Errorf("no keys for storage account %q (resource group %q)", inputs["accountName"],
			inputs["resourceGroupName"])
	}
	key, err := blob.NewSharedKeyCredential(inputs["accountName"].(string), secret)
	if err != nil {
		return nil, err
	}
	var segments []string
	for _, segment := range append([]string{inputs["containerName"].(string)},
		strings.Split(inputs["blobName"].(string), "/")...) {
		segments = append(segments, url.PathEscape(segment))
	}
	return &blobAccess{
		url:     strings.TrimSuffix(base, "/") + "/" + strings.Join(segments, "/"),
		key:     key,
		options: policy.ClientOptions{Transport: c.http},
		inputs:  inputs,
	}, nil
}

func (a *blobAccess) client() (*blob.Client, error) {
	return blob.NewClientWithSharedKeyCredential(a.url, a.key, &blob.ClientOptions{ClientOptions: a.options})
}

// maybeMade is an error after which a blob may exist, complete or not.
type maybeMade struct{ error }

func (e maybeMade) Unwrap() error { return e.error }

func isMaybeMade(err error) bool {
	var maybe maybeMade
	return errors.As(err, &maybe)
}

// createBlob uploads a blob. Unless ours says that an interrupted run may have made it, it must not exist yet; a blob
// of ours that has the content already keeps it, without another version of it.
func (c *client) createBlob(
	ctx context.Context, id string, inputs resource.PropertyMap, ours bool,
) (map[string]any, error) {
	a, err := c.openBlob(ctx, id)
	if err != nil {
		return nil, err
	}
	present, err := a.read(ctx)
	switch {
	case err == nil && !ours:
		return nil, fmt.Errorf("cannot create already existing resource %q", id)
	case err != nil && !isNotFound(err):
		return nil, err
	}
	if err := c.upload(ctx, a, inputs, present); err != nil {
		return nil, err
	}
	if err := a.setTier(ctx, inputs); err != nil {
		return nil, maybeMade{err}
	}
	outputs, err := a.read(ctx)
	if err != nil {
		return nil, maybeMade{err}
	}
	return outputs, nil
}

// upload makes a blob. present are the outputs of a blob that an interrupted run made; nil without one.
func (c *client) upload(ctx context.Context, a *blobAccess, inputs resource.PropertyMap, present map[string]any) error {
	headers := &blob.HTTPHeaders{}
	if v := inputs["contentType"]; v.IsString() {
		text := v.StringValue()
		headers.BlobContentType = &text
	}
	switch kind := strings.ToLower(stringOf(inputs["type"])); kind {
	case "append":
		if inputs.HasValue("source") {
			return errors.New("a source cannot be specified for an Append blob")
		}
		client, err := appendblob.NewClientWithSharedKeyCredential(a.url, a.key,
			&appendblob.ClientOptions{ClientOptions: a.options})
		if err != nil {
			return err
		}
		_, err = client.Create(ctx, &appendblob.CreateOptions{Metadata: metadataOf(inputs), HTTPHeaders: headers})
		return uploadError(err)
	case "block":
		content, err := c.content(inputs["source"])
		if err != nil {
			return err
		}
		if holds(present, content, inputs) {
			return nil
		}
		if v := inputs["contentMd5"]; v.IsString() {
			if headers.BlobContentMD5, err = base64.StdEncoding.DecodeString(v.StringValue()); err != nil {
				return fmt.Errorf("contentMd5 is not base64: %w", err)
			}
		}
		client, err := blockblob.NewClientWithSharedKeyCredential(a.url, a.key,
			&blockblob.ClientOptions{ClientOptions: a.options})
		if err != nil {
			return err
		}
		_, err = client.UploadBuffer(ctx, content,
			&blockblob.UploadBufferOptions{Metadata: metadataOf(inputs), HTTPHeaders: headers})
		return uploadError(err)
	default:
		return fmt.Errorf("unsupported blob type: %q", kind)
	}
}

// holds reports whether a blob's outputs are those that an upload would make.
func holds(present map[string]any, content []byte, inputs resource.PropertyMap) bool {
	sum := md5.Sum(content)
	if present["type"] != "Block" || present["contentMd5"] != base64.StdEncoding.EncodeToString(sum[:]) {
		return false
	}
	if v := inputs["contentType"]; v.IsString() && present["contentType"] != v.StringValue() {
		return false
	}
	kept, _ := present["metadata"].(map[string]any)
	given := map[string]any{}
	for name, v := range kept { // names are HTTP headers, whose case is not kept
		given[strings.ToLower(name)] = v
	}
	wanted := map[string]any{}
	for name, text := range metadataOf(inputs) {
		wanted[strings.ToLower(name)] = *text
	}
	return maps.Equal(given, wanted)
}

// uploadError is the error of an upload, which may have made the blob unless the service says that it did not.
func uploadError(err error) error {
	if err = asError(err); err != nil && unclear(err) {
		return maybeMade{err}
	}
	return err
}

// blobReader reads a blob for partial.
func (c *client) blobReader(id string) func(context.Context) (map[string]any, string, error) {
	return func(ctx context.Context) (map[string]any, string, error) {
		outputs, err := c.readBlob(ctx, id)
		return outputs, "", err
	}
}

// updateBlob changes a blob as far as possible without another upload.
func (c *client) updateBlob(ctx context.Context, id string, inputs resource.PropertyMap) (map[string]any, error) {
	a, err := c.openBlob(ctx, id)
	if err != nil {
		return nil, err
	}
	client, err := a.client()
	if err != nil {
		return nil, err
	}
	if v := inputs["contentType"]; v.IsString() {
		present, err := client.GetProperties(ctx, nil)
		if err != nil {
			return nil, asError(err)
		}
		text := v.StringValue()
		// Setting headers clears those that are left out, and the checksum should stay.
		headers := blob.HTTPHeaders{BlobContentType: &text, BlobContentMD5: present.ContentMD5}
		if _, err := client.SetHTTPHeaders(ctx, headers, nil); err != nil {
			return nil, asError(err)
		}
	}
	if metadata := metadataOf(inputs); len(metadata) > 0 {
		if _, err := client.SetMetadata(ctx, metadata, nil); err != nil {
			return nil, asError(err)
		}
	}
	if err := a.setTier(ctx, inputs); err != nil {
		return nil, err
	}
	return a.read(ctx)
}

// readBlob returns a blob's outputs; the error for a missing blob, container or account is isNotFound.
func (c *client) readBlob(ctx context.Context, id string) (map[string]any, error) {
	a, err := c.openBlob(ctx, id)
	if err != nil {
		return nil, err
	}
	return a.read(ctx)
}

// deleteBlob deletes a blob and its snapshots.
func (c *client) deleteBlob(ctx context.Context, id string) error {
	a, err := c.openBlob(ctx, id)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	include := blob.DeleteSnapshotsOptionTypeInclude
	_, err = client.Delete(ctx, &blob.DeleteOptions{DeleteSnapshots: &include})
	if err = blobError(err); isNotFound(err) {
		return nil
	}
	return err
}

func (a *blobAccess) setTier(ctx context.Context, inputs resource.PropertyMap) error {
	v := inputs["accessTier"]
	if !v.IsString() {
		return nil
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	if _, err := client.SetTier(ctx, blob.AccessTier(v.StringValue()), nil); err != nil {
		return fmt.Errorf("updating access tier for blob %q (container %q / account %q): %w",
			a.inputs["blobName"], a.inputs["containerName"], a.inputs["accountName"], asError(err))
	}
	return nil
}

func (a *blobAccess) read(ctx context.Context) (map[string]any, error) {
	client, err := a.client()
	if err != nil {
		return nil, err
	}
	props, err := client.GetProperties(ctx, nil)
	if err != nil {
		return nil, blobError(err)
	}
	metadata := map[string]any{}
	for name, v := range props.Metadata {
		if v != nil {
			metadata[name] = *v
		}
	}
	outputs := map[string]any{
		"resourceGroupName": a.inputs["resourceGroupName"], "accountName": a.inputs["accountName"],
		"containerName": a.inputs["containerName"], "blobName": a.inputs["blobName"], "name": a.inputs["blobName"],
		"contentMd5": base64.StdEncoding.EncodeToString(props.ContentMD5), "metadata": metadata, "url": a.url,
	}
	if props.ContentType != nil {
		outputs["contentType"] = *props.ContentType
	}
	if props.BlobType != nil {
		outputs["type"] = strings.TrimSuffix(string(*props.BlobType), "Blob")
	}
	if props.AccessTier != nil && *props.AccessTier != "" {
		outputs["accessTier"] = *props.AccessTier
	}
	return outputs, nil
}

// blobError turns an error of the data plane, which has no body when it answers a HEAD, into ours.
func blobError(err error) error {
	var azure *azcore.ResponseError
	if errors.As(err, &azure) {
		return &Error{Status: azure.StatusCode, Code: azure.ErrorCode, Message: http.StatusText(azure.StatusCode)}
	}
	return err
}

// content reads the bytes of an asset, or of an archive as a zip file. An empty blob has none.
func (c *client) content(source resource.PropertyValue) ([]byte, error) {
	switch {
	case source.IsAsset():
		opened, err := source.AssetValue().ReadWithWD(c.opts.Directory) // an absolute path stays as it is
		if err != nil {
			return nil, fmt.Errorf("source: %w", err)
		}
		defer opened.Close()
		var buf bytes.Buffer
		_, err = buf.ReadFrom(opened)
		return buf.Bytes(), err
	case source.IsArchive():
		var buf bytes.Buffer
		err := source.ArchiveValue().ArchiveWithWD(archive.ZIPArchive, &buf, c.opts.Directory)
		return buf.Bytes(), err
	case source.HasValue():
		return nil, fmt.Errorf("source must be an asset or an archive, not %s", source.TypeString())
	default:
		return nil, nil
	}
}

func metadataOf(inputs resource.PropertyMap) map[string]*string {
	v := inputs["metadata"]
	if !v.IsObject() {
		return nil
	}
	metadata := map[string]*string{}
	for name, member := range v.ObjectValue() {
		if member.IsString() {
			text := member.StringValue()
			metadata[string(name)] = &text
		}
	}
	return metadata
}

func stringOf(v resource.PropertyValue) string {
	if v.IsString() {
		return v.StringValue()
	}
	return ""
}
