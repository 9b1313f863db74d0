// Makers of memory by their JEDEC numbers (JEP-106), as firmware prints those in place of a name (`00CE00B300CE`,
// `0x2C00`, `80AD`). Pure; a text that is no known number stays as it is.

/** Continuation codes before the number (JEP-106 bank − 1) → number without its parity bit → maker. */
const makers: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  0: { 0x09: 'Intel', 0x18: 'Kioxia', 0x2c: 'Micron', 0x2d: 'SK hynix', 0x40: 'ProMOS', 0x41: 'Infineon', 0x4e: 'Samsung', 0x54: 'Hewlett-Packard', 0x5a: 'Winbond', 0x7e: 'Numonyx' },
  1: { 0x11: 'Dataram', 0x14: 'SMART Modular', 0x18: 'Kingston', 0x3a: 'PNY', 0x40: 'Viking', 0x4e: 'Unigen', 0x4f: 'Transcend', 0x61: 'Wintec', 0x7a: 'Apacer' },
  2: { 0x1e: 'Corsair', 0x35: 'SpecTek', 0x7e: 'Elpida' },
  3: { 0x0b: 'Nanya', 0x14: 'Mushkin', 0x16: 'Netlist', 0x19: 'Centon', 0x25: 'Kingmax', 0x5a: 'Swissbit' },
  4: { 0x43: 'Ramaxel', 0x4b: 'A-DATA', 0x4d: 'G.Skill', 0x6f: 'Team Group', 0x71: 'Toshiba' },
  5: { 0x02: 'Patriot', 0x1b: 'Crucial', 0x3a: 'Virtium', 0x51: 'Qimonda', 0x77: 'Avant' },
  6: { 0x34: 'Super Talent', 0x41: 'ASint', 0x53: 'Silicon Power', 0x63: 'ATP', 0x71: 'Innodisk' },
  8: { 0x13: 'Gloway', 0x48: 'Lenovo' },
  9: { 0x03: 'Hewlett Packard Enterprise', 0x4d: 'Longsys', 0x68: 'Kimtigo' },
  10: { 0x11: 'CXMT', 0x31: 'Biwin', 0x56: 'Longsys' },
}; // prettier-ignore

/** The maker of a number in a bank (the first bank is 1); both may carry their parity bit. */
export function jedecName(bank: number, id: number): string | undefined {
  return makers[bank - 1]?.[id & 0x7f];
}

/** A maker's name for a printed number; any other text comes back unchanged. */
export function memoryMaker(printed: string): string {
  const bank = /^Bank (\d{1,2}), Hex (?:0x)?([0-9a-f]{2})$/i.exec(printed.trim());
  if (bank !== null) return jedecName(Number(bank[1]), Number.parseInt(bank[2] ?? '', 16)) ?? printed;
  const digits = printed.trim().replace(/^JEDEC ID:/i, '').replace(/^0x/i, '').replaceAll(/\s+/g, ''); // prettier-ignore
  if (!/^(?:[0-9a-f]{2}){2,10}$/i.test(digits)) return printed;
  const bytes = (digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
  return (isSpdNumber(bytes) ? ofSpd(bytes) : ofPair(bytes)) ?? printed;
}

/** DDR2 and older modules (SPD bytes 64–71): continuation codes 7Fh, the number, then zeros or ones. */
function isSpdNumber(bytes: readonly number[]): boolean {
  if (bytes.length === 8) return true;
  return bytes[0] === 0x7f;
}

function ofSpd(bytes: readonly number[]): string | undefined {
  const continuations = bytes.findIndex((byte) => byte !== 0x7f);
  return continuations < 0 ? undefined : jedecName(continuations + 1, bytes[continuations] ?? 0);
}

/**
 * DDR3 and later (SPD bytes 320–321): continuation count, then number; some firmware prints them the other way round.
 * Of six bytes the first two are the module's maker, then the register's and the chips' follow.
 */
function ofPair([first, second]: readonly number[]): string | undefined {
  if (first === undefined || second === undefined) return undefined;
  return pairName(first, second) ?? pairName(second, first);
}

/** Firmware may leave the parity bit of the count away; a number always carries its own (odd). */
function pairName(count: number, id: number): string | undefined {
  const bare = count < 0x10;
  if ((!bare && !hasOddParity(count)) || !hasOddParity(id)) return undefined;
  return jedecName((count & 0x7f) + 1, id);
}

function hasOddParity(byte: number): boolean {
  let ones = 0;
  for (let bits = byte; bits > 0; bits >>= 1) ones += bits & 1;
  return ones % 2 === 1;
}
