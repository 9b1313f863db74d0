// Where a caller comes from: the form addresses are compared in, networks that a credential may be used from, and what
// counts as one source. Pure.
import ipaddr from 'ipaddr.js';

/** A caller on the Unix socket has no network address. */
export const localAddress = 'local';

/** The address in one form: IPv4 that came over an IPv6 socket (`::ffff:10.0.0.1`) is IPv4. */
export function plainAddress(address: string): string {
  return parsed(address)?.toString() ?? address.slice(0, 60);
}

function parsed(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // A zone (`%eth0`) says which link, not who.
  const bare = address.split('%')[0] ?? '';
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : undefined;
}

/** The network in one form, `10.1.0.0/16`; an address alone is a network of itself. Undefined where it is none. */
export function networkText(text: string): string | undefined {
  const range = networkOf(text);
  return range === undefined ? undefined : `${range.address.toString()}/${range.bits}`;
}

type Network = { readonly address: ipaddr.IPv4 | ipaddr.IPv6; readonly bits: number };

/** Octal and short forms of IPv4 mean different things to different programs. */
function isPlain(address: string): boolean {
  if (address.includes('%')) return false;
  return ipaddr.IPv4.isValidFourPartDecimal(address) || (address.includes(':') && ipaddr.IPv6.isValid(address));
}

function networkOf(text: string): Network | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const isPrefix = prefix === undefined || /^\d{1,3}$/.test(prefix);
  if (!isPlain(address) || rest.length > 0 || !isPrefix) return undefined;
  const given = ipaddr.parse(address);
  const whole = given.kind() === 'ipv4' ? 32 : 128;
  const bits = prefix === undefined ? whole : Number(prefix);
  if (bits > whole) return undefined;
  // `::ffff:10.0.0.0/104` is `10.0.0.0/8`: a v4 caller is compared as v4.
  if (given instanceof ipaddr.IPv6 && given.isIPv4MappedAddress()) {
    return bits < 96 ? undefined : networkOf(`${given.toIPv4Address().toString()}/${bits - 96}`);
  }
  const cidr = `${given.toString()}/${bits}`;
  return {
    address: whole === 32 ? ipaddr.IPv4.networkAddressFromCIDR(cidr) : ipaddr.IPv6.networkAddressFromCIDR(cidr),
    bits,
  };
}

/** Whether a caller from this address is within one of the networks. An empty list allows all. */
export function isAllowedFrom(networks: readonly string[], from: string): boolean {
  if (networks.length === 0) return true;
  const address = parsed(from);
  if (address === undefined) return false;
  return networks.some((text) => {
    const network = networkOf(text);
    return network !== undefined && isWithin(address, network);
  });
}

/** Whether every one of `inner` lies within one of `outer`; an empty list is everywhere. */
export function areWithin(inner: readonly string[], outer: readonly string[]): boolean {
  if (outer.length === 0) return true;
  if (inner.length === 0) return false;
  return inner.every((text) => {
    const network = networkOf(text);
    return (
      network !== undefined &&
      outer.some((each) => {
        const around = networkOf(each);
        return around !== undefined && around.bits <= network.bits && isWithin(network.address, around);
      })
    );
  });
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, { address: network, bits }: Network): boolean {
  if (address instanceof ipaddr.IPv4) return network instanceof ipaddr.IPv4 && address.match(network, bits);
  return network instanceof ipaddr.IPv6 && address.match(network, bits);
}

/** What counts as one source when attempts are counted: an IPv4 address, or the /64 an IPv6 host chooses from. */
export function sourceKey(from: string): string {
  const address = parsed(from);
  if (!(address instanceof ipaddr.IPv6)) return plainAddress(from);
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address.toString()}/64`).toString()}/64`;
}
