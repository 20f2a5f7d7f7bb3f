package settings

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/crossorg/crossorg/internal/rules"
)

var (
	// privateRanges are those of RFC 1918. Azure refuses them in the rules of storage accounts and vaults.
	privateRanges = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")

	// nobodysRanges are those that no packet comes from that Azure sees: this host, carriers' own addresses, loopback,
	// links, multicast and reserved (RFC 6890).
	nobodysRanges = prefixes("0.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		all[i] = netip.MustParsePrefix(text)
	}
	return all
}

// addressRules takes public IPv4 addresses and CIDR ranges, none twice.
func (c *collector) addressRules(at path, ranges []string, allowed rules.AddressRules) {
	c.addresses(at, ranges, allowed, func(at path, value string) (netip.Prefix, bool) {
		return c.addressRule(at, value, allowed.LongestPrefix)
	})
}

// addresses checks a list of ranges, and each by itself.
func (c *collector) addresses(
	at path, ranges []string, allowed rules.AddressRules, one func(path, string) (netip.Prefix, bool),
) {
	if len(ranges) > allowed.Most {
		c.add(at, nil, fmt.Sprintf("%d address ranges", len(ranges)),
			fmt.Sprintf("use at most %d, the limit of Azure", allowed.Most))
	}
	var all []netip.Prefix
	for i, value := range ranges {
		prefix, ok := one(at.with(i), value)
		if !ok {
			continue
		}
		if slices.Contains(all, prefix) {
			c.add(at.with(i), value, "named twice", "remove it")
			continue
		}
		all = append(all, prefix)
	}
	if covered(all) > 1<<rules.MostAddressBits {
		c.add(at, nil, "lets much of the internet in, piece by piece", "name the ranges that are to get in")
	}
}

// covered is how many addresses lie in IPv4 ranges, each counted once.
func covered(ranges []netip.Prefix) uint64 {
	var n uint64
	for i, prefix := range ranges {
		within := func(other netip.Prefix) bool {
			return other.Bits() < prefix.Bits() && other.Contains(prefix.Addr())
		}
		if !slices.ContainsFunc(ranges, within) && !slices.Contains(ranges[:i], prefix) {
			n += 1 << (32 - prefix.Bits())
		}
	}
	return n
}

// addressRule returns the range that a value names, unless it reports a problem with it.
func (c *collector) addressRule(at path, value string, longest int) (netip.Prefix, bool) {
	address, notSingle := netip.ParseAddr(value)
	prefix, err := netip.ParsePrefix(value)
	if notSingle == nil {
		prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	overlaps := func(other netip.Prefix) bool { return prefix.Overlaps(other) }

	var reason, remedy string
	switch {
	case err != nil:
		reason, remedy = "not an address range",
			"write an IPv4 address, such as 203.0.113.7, or CIDR, such as 203.0.113.0/24"
	case !prefix.Addr().Is4():
		reason, remedy = "not IPv4", "use IPv4: Azure takes nothing else here"
	case prefix.Bits() == 0:
		reason, remedy = "lets everyone in", "name the ranges that are to get in"
	case prefix != prefix.Masked():
		reason, remedy = "an address inside a range", "write it as "+prefix.Masked().String()
	case slices.ContainsFunc(privateRanges, overlaps) || slices.ContainsFunc(nobodysRanges, overlaps):
		reason, remedy = "not public", "use the address that is seen on the internet: Azure refuses private ranges"
	case prefix.Bits() < rules.ShortestPrefix:
		reason, remedy = "lets much of the internet in", "name the ranges that are to get in"
	case notSingle != nil && prefix.Bits() > longest:
		reason, remedy = "a range too small for Azure",
			"write its addresses one by one, without a prefix, beginning with "+prefix.Addr().String()
	default:
		return prefix, true
	}
	c.add(at, value, reason, remedy)
	return prefix, false
}

// clusterRange takes IPv4 CIDR ranges that may reach the management ports, private ones included: they come from
// networks that are joined to the cluster's.
func (c *collector) clusterRange(at path, value string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(value)
	overlaps := func(other netip.Prefix) bool { return prefix.Overlaps(other) }
	var reason, remedy string
	switch {
	case err != nil:
		reason, remedy = "not an address range", "write it as CIDR, such as 203.0.113.0/24"
		if address, err := netip.ParseAddr(value); err == nil && address.Is4() {
			remedy = "write it as " + netip.PrefixFrom(address, address.BitLen()).String()
		}
	case prefix.Bits() == 0:
		reason, remedy = "opens the management ports to everyone", "name the ranges that administrators come from"
	case !prefix.Addr().Is4():
		reason, remedy = "not IPv4", "use IPv4: the cluster's network has nothing else"
	case prefix != prefix.Masked():
		reason, remedy = "an address inside a range", "write it as "+prefix.Masked().String()
	case prefix.Bits() < rules.ShortestPrefix:
		reason, remedy = "opens the management ports to much of the internet",
			"name the ranges that administrators come from"
	case slices.ContainsFunc(nobodysRanges, overlaps):
		reason, remedy = "a range that nobody calls from", "name the ranges that administrators come from"
	default:
		return prefix, true
	}
	c.add(at, value, reason, remedy)
	return prefix, false
}
