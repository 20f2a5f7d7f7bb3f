// Package azuretypes holds the published shapes of the Azure resource types that crossorg uses, as data, and checks
// request bodies against them. It is independent of HTTP and of Pulumi.
//
// A shape says which properties a resource's body has under one api-version, which of them are required, read-only,
// write-only or secret, and what values they take. The shapes are the ones Microsoft publishes at
// learn.microsoft.com/azure/templates and uses in its own SDKs, restated in a short form, one file for each namespace
// and api-version, in the folder published/.
//
// # The files
//
// A file names its api-version, says which resource type has which body, gives an example of each body, which the tests
// hold against it, and defines the bodies' types by name:
//
//	{
//	  "apiVersion": "2021-08-01",
//	  "resources": {"Microsoft.Sample/boxes": "Box"},
//	  "examples": {"Microsoft.Sample/boxes": {"location": "eastus", "properties": {"size": 1}}},
//	  "types": {
//	    "Box": {"location": "required string", "properties": "BoxProperties", "tags": "{string}"},
//	    "BoxProperties": {"lids": "Lid[]", "size": "int(1..10)", "createdAt": "readonly string"},
//	    "Lid": {"$switch": "kind", "$cases": {"Flat": {}, "Round": {"radius": "required number"}}},
//	    "Colour": ["Red", "Green"]
//	  }
//	}
//
// A property is an expression: any of the words required, readonly, writeonly and secret, then a type. A type is
// string, int, number, bool, any, the name of a type of the file, T[] for a list or {T} for a map from names to T.
// string(3..24) bounds the length and int(0..4) or number(0..) the value, both ends included, either end may be left
// out; string /^[a-z]$/ gives a pattern.
//
// A type is an object of properties, or a list of the values of an enumeration. In an object, $switch names the
// property that says which of $cases applies, each case adding its properties to those of the object itself; $other is
// the type of properties that are not listed.
//
// # Versions
//
// Other api-versions of a file's resources are written as differences, in a file <name>.versions.json:
//
//	{
//	  "versions": [
//	    {"apiVersion": "2022-01-01", "like": "sample@2021-08-01",
//	     "types": {"Lid": {"colour": "Colour", "kind": null}}}
//	  ]
//	}
//
// Each one is like a whole file or an entry before it, whose name is that of its file with its api-version, and has the
// resources and types of that one with the differences applied: objects merge, null removes, all else replaces. Left
// out are versions under which a resource has another form than the stored one: storage accounts before 2016
// (accountType), scheduled query rules before 2021, workbooks before 2020 and diagnostic settings before 2017.
//
// id, name, type, systemData, etag and apiVersion at the top of a body belong to every resource and are not repeated.
package azuretypes
