// Package blob keeps blob content and serves the Blob service's data plane on it.
//
// [Content] is the store: metadata in the state file, bytes in files named by their SHA-256. [NewHandler] is the REST
// protocol over it, path style (/account/container/blob), with Shared Key, shared access signatures and bearer tokens
// checked as the service does. [Accounts] knows which accounts and containers exist.
//
// Protocol source: https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
package blob
