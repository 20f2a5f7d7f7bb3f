// Pins the sources of Pulumi's SDK for Python, which this Go module carries under python/lib. It is the last version that
// needs no more Python packages than Debian has.
module github.com/crossorg/crossorg/tests/languages/testdata/pulumi-python

go 1.26.0

require github.com/pulumi/pulumi/sdk/v3 v3.217.0 // indirect
