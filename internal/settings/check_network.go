package settings

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/crossorg/crossorg/internal/rules"
)

// privateRanges are those of RFC 1918. Azure refuses them in address rules.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
}

// addressRules takes public IPv4 addresses and CIDR ranges, none twice.
func (c *collector) addressRules(at path, ranges []string, allowed rules.AddressRules) {
	if len(ranges) > allowed.Most {
		c.add(at, nil, fmt.Sprintf("%d address ranges", len(ranges)),
			fmt.Sprintf("use at most %d, the limit of Azure", allowed.Most))
	}
	first := map[netip.Prefix]bool{}
	for i, value := range ranges {
		prefix, ok := c.addressRule(at.with(i), value, allowed.LongestPrefix)
		if ok && first[prefix] {
			c.add(at.with(i), value, "named twice", "remove it")
		}
		first[prefix] = true
	}
}

// addressRule returns the range that a value names, unless it reports a problem with it.
func (c *collector) addressRule(at path, value string, longest int) (netip.Prefix, bool) {
	address, notSingle := netip.ParseAddr(value)
	prefix, err := netip.ParsePrefix(value)
	if notSingle == nil {
		prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
	}
	overlaps := func(private netip.Prefix) bool { return prefix.Overlaps(private) }

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
	case slices.ContainsFunc(privateRanges, overlaps) || !prefix.Addr().IsGlobalUnicast():
		reason, remedy = "not public", "use the address that is seen on the internet: Azure refuses private ranges"
	case notSingle != nil && prefix.Bits() > longest:
		reason, remedy = "a range too small for Azure",
			"write its addresses one by one, without a prefix, beginning with "+prefix.Addr().String()
	default:
		return prefix, true
	}
	c.add(at, value, reason, remedy)
	return prefix, false
}
