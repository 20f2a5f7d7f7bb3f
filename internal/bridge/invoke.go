package bridge

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/golang-jwt/jwt/v5"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// action is an invoke that POSTs to a resource.
type action struct {
	of   string            // the resource's token
	path string            // below its id
	body map[string]string // from arguments to the request's names
}

// actions are the invokes beside the getters, with the names of
// learn.microsoft.com/rest/api/storagerp/storage-accounts.
var actions = map[string]action{
	"storage:listStorageAccountKeys": {of: "storage:StorageAccount", path: "/listKeys"},
	"storage:listStorageAccountServiceSAS": {of: "storage:StorageAccount", path: "/ListServiceSas",
		body: map[string]string{
			"canonicalizedResource": "canonicalizedResource", "resource": "signedResource",
			"permissions":      "signedPermission",
			"iPAddressOrRange": "signedIp", "protocols": "signedProtocol", "sharedAccessStartTime": "signedStart",
			"sharedAccessExpiryTime": "signedExpiry", "identifier": "signedIdentifier", "keyToSign": "keyToSign",
			"partitionKeyStart": "startPk", "partitionKeyEnd": "endPk", "rowKeyStart": "startRk", "rowKeyEnd": "endRk",
			"cacheControl": "rscc", "contentDisposition": "rscd", "contentEncoding": "rsce", "contentLanguage": "rscl",
			"contentType": "rsct",
		}},
}

// Invoke answers authorization:getClientConfig and getClientToken, a getter for each type of the table ("get" and the
// type's name), and the actions. Results are plain, as the official provider's are: Go's plain invokes fail on secrets,
// so it is for the program to mark a key or a signature as one.
func (p *provider) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	args, err := receive(req.GetArgs())
	if err != nil {
		return nil, err
	}
	s := sessionOf(ctx)
	ctx, cancel := s.operation(ctx, 0)
	defer cancel()
	result, err := s.invoke(ctx, req.GetTok(), plain(args).Mappable())
	if err != nil {
		return nil, explain(err)
	}
	out, err := deliver(resource.NewPropertyMapFromMap(result))
	if err != nil {
		return nil, err
	}
	return &pulumirpc.InvokeResponse{Return: out}, nil
}

func (s *session) invoke(ctx context.Context, token string, args map[string]any) (map[string]any, error) {
	c, creds, err := s.configured()
	if err != nil {
		return nil, err
	}
	name := strings.TrimPrefix(token, packageName+":")
	switch name {
	case "authorization:getClientConfig":
		return c.clientConfig(ctx, creds)
	case "authorization:getClientToken":
		endpoint, _ := args["endpoint"].(string)
		if endpoint == "" {
			endpoint = managementAudience
		}
		access, err := c.token.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{endpoint + "/.default"}})
		return map[string]any{"token": access.Token}, err
	}
	if a, ok := actions[name]; ok {
		t := resourceTypes()[a.of]
		id, err := t.resourceID(args, creds.SubscriptionID)
		if err != nil {
			return nil, err
		}
		body := map[string]any{}
		for arg, field := range a.body {
			if v, ok := args[arg]; ok {
				body[field] = v
			}
		}
		result, err := c.post(ctx, id+a.path, t.version, body)
		if err != nil {
			return nil, fmt.Errorf("request failed %s: %w", id+a.path, err)
		}
		return result, nil
	}
	if module, getter, ok := strings.Cut(name, ":get"); ok {
		if t, err := lookup(packageName + ":" + module + ":" + getter); err == nil && t.token != blobToken {
			id, err := t.resourceID(args, creds.SubscriptionID)
			if err != nil {
				return nil, err
			}
			body, err := c.get(ctx, id, t.version)
			if err != nil {
				return nil, fmt.Errorf("request failed %s: %w", id, err)
			}
			outputs := t.outputs(body)
			outputs["id"] = body["id"]
			return outputs, nil
		}
	}
	return nil, fmt.Errorf("invoke type %s not found: the local Azure does not have it", token)
}

// clientConfig is the principal that the provider works as. Its object id is only in its tokens.
// See learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
func (c *client) clientConfig(ctx context.Context, creds Credentials) (map[string]any, error) {
	access, err := c.token.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{managementAudience + "/.default"}})
	if err != nil {
		return nil, fmt.Errorf("getting client config: %w", err)
	}
	claims := struct {
		jwt.RegisteredClaims
		ObjectID string `json:"oid"`
		TenantID string `json:"tid"`
		ClientID string `json:"appid"`
	}{TenantID: creds.TenantID, ClientID: creds.ClientID}
	// The token came straight from the authority; Azure verifies it.
	if _, _, err := jwt.NewParser().ParseUnverified(access.Token, &claims); err != nil {
		return nil, fmt.Errorf("getting client config: parsing claims from access token: %w", err)
	}
	if claims.ObjectID == "" {
		return nil, errors.New("getting client config: the access token has no oid claim")
	}
	return map[string]any{
		"clientId": claims.ClientID, "objectId": claims.ObjectID,
		"subscriptionId": creds.SubscriptionID, "tenantId": claims.TenantID,
	}, nil
}
