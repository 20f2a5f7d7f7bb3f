// Package sdks is where the generated SDKs live: one folder each, a Go module under its official import path, taken in
// by replace lines in the root go.mod. Nothing in those folders is written by hand; tools/sdkgen generates all of it
// from the package schemas that it keeps.
//
// The package itself only carries the generate directives, so that one "go generate ./..." in the
// repository root renews all, the schema of the components among it: the Go tool does not descend into nested modules.
package sdks

//go:generate go run -C ../tools/sdkgen . -out ../../sdks
//go:generate go run -C ../provider ./cmd/crossorg-sdk schema
