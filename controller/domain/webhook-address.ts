// Which addresses a webhook may be sent to. Whoever makes one names a host, and must not reach through the controller what
// only the controller reaches: its own machine, its networks, the metadata service of a cloud. Pure.
import ipaddr from 'ipaddr.js';

/** Served to whatever asks from inside; no configuration opens them. */
const metadata = new Set(['169.254.169.254', 'fd00:ec2::254', '100.100.100.200', '192.0.0.192']);

const globalUnicast = ipaddr.IPv6.parse('2000::');

export type Cidr = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Undefined where the text is no network. */
export function parseCidr(text: string): Cidr | undefined {
  return ipaddr.isValidCIDR(text) ? ipaddr.parseCIDR(text) : undefined;
}

/** Why nothing is sent to this address; undefined where it may be. */
export function refusedAddress(text: string, allowed: readonly Cidr[]): string | undefined {
  if (!ipaddr.isValid(text)) return `${text} is no address`;
  const given = ipaddr.parse(text);
  // An IPv4 address in another coat is judged by what is under it.
  const address = given instanceof ipaddr.IPv6 && given.isIPv4MappedAddress() ? given.toIPv4Address() : given;
  if (metadata.has(address.toString())) return `${text} is a metadata service`;
  if (allowed.some((cidr) => address.kind() === cidr[0].kind() && address.match([cidr[0], cidr[1]]))) return undefined;
  const range = rangeOf(given);
  return range === 'unicast'
    ? undefined
    : `${text} is ${range}, which webhooks.allow of the configuration does not name`;
}

/** RFC 4291 §2.4: of IPv6 only 2000::/3 is given out; whatever else calls itself unicast is some other thing's coat. */
function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const range = address.range();
  if (address instanceof ipaddr.IPv4 || range !== 'unicast') return range;
  return address.match(globalUnicast, 3) ? range : 'no global address';
}
