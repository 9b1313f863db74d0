// IPA, the IP allocator: arithmetic over IPv4 networks. Pure; that no address is given twice is the store's unique index.

export type AddressRange = { readonly first: number; readonly last: number };

export function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

export type Cidr = { readonly base: number; readonly prefix: number; readonly last: number };

/** `10.20.0.0/24`; undefined where it is none or has bits below its prefix. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefixText = ''] = text.split('/');
  const base = parseIpv4(address);
  const prefix = /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : Number.NaN;
  if (base === undefined || !(prefix >= 8 && prefix <= 30)) return undefined;
  const size = 2 ** (32 - prefix);
  return base % size === 0 ? { base, prefix, last: base + size - 1 } : undefined;
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base <= b.last && b.base <= a.last;
}

/** The addresses hosts may have: neither the network's own nor broadcast. */
export function hostRange(cidr: Cidr): AddressRange {
  return { first: cidr.base + 1, last: cidr.last - 1 };
}

export function isInRange(address: number, range: AddressRange): boolean {
  return address >= range.first && address <= range.last;
}

/** The lowest address of the range that is not taken; undefined where all are. */
export function lowestFree(range: AddressRange, taken: ReadonlySet<number>): number | undefined {
  for (let address = range.first; address <= range.last; address += 1) {
    if (!taken.has(address)) return address;
  }
  return undefined;
}
