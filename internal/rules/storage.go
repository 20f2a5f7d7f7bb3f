package rules

import "strings"

// Zonal reports whether a SKU of a storage account keeps copies in several zones of the primary region. Azure does not
// change an account's SKU from one kind to the other (learn.microsoft.com/azure/storage/common/redundancy-migration).
func Zonal(sku string) bool { return strings.HasSuffix(sku, "ZRS") }
