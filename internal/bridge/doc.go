// Package bridge is a Pulumi resource provider for the package azure-native that turns resources into requests of Azure
// Resource Manager. It behaves as the official provider of the same version does, and differs from it in two ways: it
// talks to the Resource Manager it is given instead of to a public cloud, and it knows only the types in its table.
//
// The official provider is the measure in every doubt: names, defaults, checks, differences, error texts and the shape
// of the state are the same, so a stack that works here works there. See
// https://github.com/pulumi/pulumi-azure-native (provider/pkg/provider).
//
// One server serves any number of provider instances. The engine gives each instance a connection of its own, so the
// configuration is kept with the connection: see session.
package bridge

// Version is the version of azure-native whose behaviour and API versions are the bridge's.
const Version = "2.92.3"

// packageName begins every token the bridge answers for.
const packageName = "azure-native"
