package blob

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"time"
)

// Error is an error of the Blob service: a status, a code, and a message.
// Source: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and common-rest-api-error-codes.
type Error struct {
	Status  int
	Code    string
	Message string
	// Detail explains failed authentication (AuthenticationErrorDetail).
	Detail string
}

// Error renders code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

func serviceError(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message}
}

var (
	// errDiskFull has no counterpart on Azure, whose disks do not fill; the code is ours.
	errDiskFull = serviceError(http.StatusInsufficientStorage, "InsufficientStorage", "The disk that holds the "+
		"embedded Azure's home folder is full: delete something there, or make room. Deletions still work.")
	errBlobNotFound      = serviceError(http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
	errContainerNotFound = serviceError(http.StatusNotFound, "ContainerNotFound",
		"The specified container does not exist.")
	errContainerExists = serviceError(http.StatusConflict, "ContainerAlreadyExists",
		"The specified container already exists.")
	errResourceNotFound = serviceError(http.StatusNotFound, "ResourceNotFound",
		"The specified resource does not exist.")
	errBlobExists      = serviceError(http.StatusConflict, "BlobAlreadyExists", "The specified blob already exists.")
	errConditionNotMet = serviceError(http.StatusPreconditionFailed, "ConditionNotMet",
		"The condition specified using HTTP conditional header(s) is not met.")
	errNotModified = serviceError(http.StatusNotModified, "ConditionNotMet",
		"The condition specified using HTTP conditional header(s) is not met.")
	errMD5Mismatch = serviceError(http.StatusBadRequest, "Md5Mismatch",
		"The MD5 value specified in the request did not match with the MD5 value calculated by the server.")
	errCRCMismatch = serviceError(http.StatusBadRequest, "Crc64Mismatch",
		"The CRC64 value specified in the request did not match with the CRC64 value calculated by the server.")
	errInvalidMD5 = serviceError(http.StatusBadRequest, "InvalidMd5",
		"The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 encoded.")
	errInvalidRange = serviceError(http.StatusRequestedRangeNotSatisfiable, "InvalidRange",
		"The range specified is invalid for the current size of the resource.")
	errInvalidBlockID = serviceError(http.StatusBadRequest, "InvalidBlockId",
		"The specified block ID is invalid. The block ID must be Base64-encoded.")
	errInvalidBlockList = serviceError(http.StatusBadRequest, "InvalidBlockList",
		"The specified block list is invalid.")
	errBlockListTooLong = serviceError(http.StatusBadRequest, "BlockListTooLong",
		"The block list may not contain more than 50,000 blocks.")
	errInvalidXML = serviceError(http.StatusBadRequest, "InvalidXmlDocument",
		"The specified XML is not syntactically valid.")
	errInvalidURI = serviceError(http.StatusBadRequest, "InvalidUri",
		"The requested URI does not represent any resource on the server.")
	errInvalidName = serviceError(http.StatusBadRequest, "InvalidResourceName",
		"The specified resource name contains invalid characters.")
	errNameLength = serviceError(http.StatusBadRequest, "OutOfRangeInput",
		"The specified resource name length is not within the permissible limits.")
	errNoLength = serviceError(http.StatusLengthRequired, "MissingContentLengthHeader",
		"Content-Length HTTP header is missing.")
	errTooLarge = serviceError(http.StatusRequestEntityTooLarge, "RequestBodyTooLarge",
		"The request body is too large and exceeds the maximum permissible limit.")
	errInvalidInput = serviceError(http.StatusBadRequest, "InvalidInput",
		"One of the request inputs is not valid.")
	errMetadataTooLarge = serviceError(http.StatusBadRequest, "MetadataTooLarge",
		"The metadata specified exceeds the maximum permissible limit (8KB).")
	errInvalidMetadata = serviceError(http.StatusBadRequest, "InvalidMetadata",
		"The metadata specified is invalid. It has characters that are not permitted.")
	errMethod = serviceError(http.StatusMethodNotAllowed, "UnsupportedHttpVerb",
		"The resource doesn't support specified Http Verb.")
	errImmutable = serviceError(http.StatusConflict, "BlobImmutableDueToPolicy",
		"This operation is not permitted as the blob is immutable due to a policy.")
	errSnapshotsPresent = serviceError(http.StatusConflict, "SnapshotsPresent",
		"This operation is not permitted because the blob has snapshots.")
	errExclusive = serviceError(http.StatusBadRequest, "MutuallyExclusiveQueryParameters",
		"Mutually exclusive query parameters are specified in the request: snapshot and versionid.")
	errCurrentVersion = serviceError(http.StatusForbidden, "OperationNotAllowedOnRootBlob",
		"The operation is not allowed on a root blob.")
	errArchived = serviceError(http.StatusConflict, "BlobArchived",
		"This operation is not permitted on an archived blob.")
	errFirewall = serviceError(http.StatusForbidden, "AuthorizationFailure",
		"This request is not authorized to perform this operation.")
	errSecondary = serviceError(http.StatusForbidden, "WriteOperationNotSupportedOnSecondary",
		"Write operations are not allowed on the secondary endpoint.")
	errCopySource = serviceError(http.StatusNotFound, "CannotVerifyCopySource",
		"The specified resource does not exist.")
	errCopyDenied = serviceError(http.StatusForbidden, "CannotVerifyCopySource",
		"This request is not authorized to perform this operation.")
	errHTTPSRequired = serviceError(http.StatusBadRequest, "AccountRequiresHttps",
		"The account being accessed does not support http.")
	errPublicAccess = serviceError(http.StatusConflict, "PublicAccessNotPermitted",
		"Public access is not permitted on this storage account.")
	errKeyAuth = serviceError(http.StatusForbidden, "KeyBasedAuthenticationNotPermitted",
		"Key based authentication is not permitted on this storage account.")
	errNoAuthentication = serviceError(http.StatusUnauthorized, "NoAuthenticationInformation",
		"Server failed to authenticate the request. Please refer to the information in the www-authenticate header.")
	errInvalidToken = serviceError(http.StatusUnauthorized, "InvalidAuthenticationInfo",
		"Server failed to authenticate the request. Please refer to the information in the www-authenticate header.")
	errInvalidAuth = serviceError(http.StatusBadRequest, "InvalidAuthenticationInfo",
		"Authentication information is not given in the correct format. Check the value of Authorization header.")
	errPermission = serviceError(http.StatusForbidden, "AuthorizationPermissionMismatch",
		"This request is not authorized to perform this operation using this permission.")
	errAuthorization = serviceError(http.StatusForbidden, "AuthorizationFailure",
		"This request is not authorized to perform this operation.")
	errAuthorizationType = serviceError(http.StatusForbidden, "AuthorizationResourceTypeMismatch",
		"This request is not authorized to perform this operation using this resource type.")
	errAuthorizationSvc = serviceError(http.StatusForbidden, "AuthorizationServiceMismatch",
		"This request is not authorized to perform this operation using this service.")
	errAuthorizationProto = serviceError(http.StatusForbidden, "AuthorizationProtocolMismatch",
		"This request is not authorized to perform this operation using this protocol.")
	errAuthorizationIP = serviceError(http.StatusForbidden, "AuthorizationSourceIPMismatch",
		"This request is not authorized to perform this operation using this source IP.")
)

func errAuthentication(detail string) *Error {
	return &Error{Status: http.StatusForbidden, Code: "AuthenticationFailed", Detail: detail,
		Message: "Server failed to authenticate the request. Make sure the value of Authorization header is formed " +
			"correctly including the signature."}
}

func errMissingHeader(name string) *Error {
	return serviceError(http.StatusBadRequest, "MissingRequiredHeader",
		fmt.Sprintf("An HTTP header that's mandatory for this request is not specified: %s.", name))
}

func errHeaderValue(name string) *Error {
	return serviceError(http.StatusBadRequest, "InvalidHeaderValue",
		fmt.Sprintf("The value for one of the HTTP headers is not in the correct format: %s.", name))
}

func errUnsupportedHeader(name string) *Error {
	return serviceError(http.StatusBadRequest, "UnsupportedHeader",
		fmt.Sprintf("One of the headers specified in the request is not supported: %s.", name))
}

func errQueryValue(name string) *Error {
	return serviceError(http.StatusBadRequest, "InvalidQueryParameterValue",
		fmt.Sprintf("Value for one of the query parameters specified in the request URI is invalid: %s.", name))
}

func errInternal() *Error {
	return serviceError(http.StatusInternalServerError, "InternalError",
		"Server encountered an internal error. Please try again after some time.")
}

type errorXML struct {
	XMLName xml.Name `xml:"Error"`
	Code    string
	Message string
	Detail  string `xml:"AuthenticationErrorDetail,omitempty"`
}

// write sends the error. A HEAD or 304 carries it in the x-ms-error-code header alone.
func (e *Error) write(w http.ResponseWriter, r *http.Request, requestID string, now time.Time) {
	h := w.Header()
	h.Set("x-ms-error-code", e.Code)
	if e.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer resource_id=https://storage.azure.com")
	}
	if r.Method == http.MethodHead || e.Status == http.StatusNotModified {
		w.WriteHeader(e.Status)
		return
	}
	at := now.UTC().Format("2006-01-02T15:04:05.0000000Z")
	message := fmt.Sprintf("%s\nRequestId:%s\nTime:%s", e.Message, requestID, at)
	writeXML(w, e.Status, errorXML{Code: e.Code, Detail: e.Detail, Message: message})
}

func writeXML(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil { // only our own types are written, which can be marshalled
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // a client that has disconnected needs no answer
}
