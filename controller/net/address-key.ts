// Whom an address stands for, where budgets are counted: one IPv4 address, or the /64 that one IPv6 host has to itself.
import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const parsed = ipaddr.parse(plain);
  return parsed instanceof ipaddr.IPv6
    ? `${parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(':')}::/64`
    : plain;
}
