// The SMBIOS parser over every machine whose listing is at hand: the values a real firmware gives, as dmidecode printed
// them, put back into a table (SMBIOS 3.7 §7.2, §7.3, §7.5, §7.18), must come out as the listing has them.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { memoryMaker } from '../jedec.ts';
import { reported } from '../identity.ts';
import { gib, kib, mib } from '../../units.ts';
import { biosOf, cpusOf, dimmsOf, identityOf, parseSmbios } from './smbios.ts';

const folder = new URL('../../../test/fixtures/dmidecode/', import.meta.url);
const listing = (name: string): Block[] => blocksOf(readFileSync(new URL(`${name}.txt`, folder), 'utf8'));

/** A structure as dmidecode prints it. */
type Block = {
  readonly type: number;
  readonly handle: number;
  readonly length: number;
  readonly fields: ReadonlyMap<string, string>;
};

function blocksOf(text: string): Block[] {
  return text.split(/\n\s*\n/).flatMap((part) => {
    const head = /Handle 0x([0-9A-F]+), DMI type (\d+), (\d+) bytes/.exec(part);
    if (head === null) return [];
    const fields = new Map(
      [...part.matchAll(/^\t([^:\n]+):[ \t]*(.*)$/gm)].map(([, key = '', value = '']) => [key, value]),
    );
    return [{ handle: Number.parseInt(head[1] ?? '', 16), type: Number(head[2]), length: Number(head[3]), fields }];
  });
}

const number = (text: string | undefined): number => Number(/^\d+/.exec(text ?? '')?.[0] ?? 0);

function bytesOf(text: string | undefined): number {
  const match = /^(\d+) (kB|MB|GB)$/.exec(text ?? '');
  const unit = { kB: kib, MB: mib, GB: gib }[match?.[2] ?? ''] ?? 0;
  return number(match?.[1]) * unit;
}

/** The structure's bytes; fields behind its end are left away, as in an old table. */
class Builder {
  readonly #data: Buffer;
  readonly #strings: string[] = [];
  constructor(block: Block) {
    this.#data = Buffer.alloc(block.length);
    this.put(0, block.type, 1);
    this.put(1, block.length, 1);
    this.put(2, block.handle, 2);
  }
  put(at: number, value: number, width: number): void {
    if (at + width <= this.#data.length) this.#data.writeUIntLE(value, at, width);
  }
  text(at: number, value: string | undefined): void {
    if (value === undefined || value === '' || value === 'Not Specified') return;
    this.#strings.push(value);
    this.put(at, this.#strings.length, 1);
  }
  uuid(at: number, value: string | undefined): void {
    const bytes = Buffer.from((value ?? '').replaceAll('-', ''), 'hex');
    if (bytes.length !== 16) return;
    bytes.subarray(0, 4).reverse();
    bytes.subarray(4, 6).reverse();
    bytes.subarray(6, 8).reverse();
    this.#data.set(bytes, at);
  }
  bytes(): Buffer {
    const texts = this.#strings.map((text) => `${text}\0`).join('') + (this.#strings.length === 0 ? '\0\0' : '\0');
    return Buffer.concat([this.#data, Buffer.from(texts, 'latin1')]);
  }
}

const memoryTypes: Readonly<Record<string, number>> = {
  Other: 1,
  Unknown: 2,
  Flash: 9,
  DDR3: 0x18,
  DDR4: 0x1a,
  DDR5: 0x22,
};

const encoders: Readonly<Record<number, (builder: Builder, fields: ReadonlyMap<string, string>) => void>> = {
  0: (to, fields) => {
    to.text(4, fields.get('Vendor'));
    to.text(5, fields.get('Version'));
    to.text(8, fields.get('Release Date'));
  },
  1: (to, fields) => {
    to.text(4, fields.get('Manufacturer'));
    to.text(5, fields.get('Product Name'));
    to.text(7, fields.get('Serial Number'));
    to.uuid(8, fields.get('UUID'));
    to.text(0x19, fields.get('SKU Number'));
  },
  2: (to, fields) => to.text(7, fields.get('Serial Number')),
  3: (to, fields) => {
    to.text(7, fields.get('Serial Number'));
    to.text(8, fields.get('Asset Tag'));
  },
  4: (to, fields) => {
    to.text(4, fields.get('Socket Designation'));
    to.text(7, fields.get('Manufacturer'));
    to.text(0x10, fields.get('Version'));
    to.put(0x14, number(fields.get('Max Speed')), 2);
    to.put(0x18, fields.get('Status')?.startsWith('Populated') === true ? 0x41 : 0, 1);
    for (const [at, wide, name] of [[0x23, 0x2a, 'Core Count'], [0x24, 0x2c, 'Core Enabled'], [0x25, 0x2e, 'Thread Count']] as const) {
      to.put(at, Math.min(number(fields.get(name)), 0xff), 1);
      to.put(wide, number(fields.get(name)), 2);
    }
  },
  17: (to, fields) => {
    const size = bytesOf(fields.get('Size')) / mib;
    to.put(0x08, fields.get('Total Width') === 'Unknown' ? 0xffff : number(fields.get('Total Width')), 2);
    to.put(0x0a, fields.get('Data Width') === 'Unknown' ? 0xffff : number(fields.get('Data Width')), 2);
    to.put(0x0c, size > 0x7ffe ? 0x7fff : size, 2);
    to.text(0x10, fields.get('Locator'));
    to.text(0x11, fields.get('Bank Locator'));
    to.put(0x12, memoryTypes[fields.get('Type') ?? ''] ?? 0x7f, 1);
    to.put(0x15, number(fields.get('Speed')), 2);
    to.text(0x17, fields.get('Manufacturer'));
    to.text(0x18, fields.get('Serial Number'));
    to.text(0x1a, fields.get('Part Number'));
    to.put(0x1b, number(fields.get('Rank')), 1);
    to.put(0x1c, size > 0x7ffe ? size : 0, 4);
    to.put(0x20, configuredSpeed(fields), 2);
  },
}; // prettier-ignore

/** dmidecode renamed the field. */
function configuredSpeed(fields: ReadonlyMap<string, string>): number {
  return number(fields.get('Configured Memory Speed') ?? fields.get('Configured Clock Speed'));
}

function tableOf(blocks: readonly Block[]): Buffer {
  return Buffer.concat(
    blocks.map((block) => {
      const builder = new Builder(block);
      encoders[block.type]?.(builder, block.fields);
      return builder.bytes();
    }),
  );
}

/** Listing, memory slots, modules, GiB, CPU sockets, CPUs: as counted in the text of the listing. */
const machines = [
  ['dell-dss7500', 12, 12, 192, 2, 2],
  ['dell-poweredge-m630', 24, 8, 64, 2, 2],
  ['dell-poweredge-r410-dad4b918796e', 8, 6, 40, 2, 2],
  ['dell-poweredge-r430-2233490b4c1c', 12, 2, 16, 2, 2],
  ['dell-poweredge-r640-1917ff5f0757', 24, 8, 256, 2, 2],
  ['dell-poweredge-r740-102e11a0db9a', 24, 16, 256, 2, 2],
  ['dell-poweredge-r740-388de5f0fb73', 24, 10, 448, 2, 1],
  ['dell-poweredge-r750-2dffe1b75a53', 32, 8, 512, 2, 2],
  ['gigabyte-technology-r182-z90-00-5d7ad81d6479', 32, 16, 512, 2, 2],
  ['hewlett-packard-proliant-dl360-gen9-062c3461f315', 24, 2, 64, 2, 2],
  ['hp-bl460c-gen9', 16, 6, 48, 2, 2],
  ['hp-dl380p-gen8', 24, 10, 64, 2, 2],
  ['hp-proliant-bl460c-gen10-graphics-exp', 16, 4, 128, 2, 2],
  ['hp-proliant-m710x', 4, 4, 64, 1, 1],
  ['hpe-proliant-dl360-gen10-0438cfcfb022', 24, 2, 32, 2, 1],
  ['hpe-proliant-dl380-gen10-0895878555ea', 24, 24, 768, 2, 2],
  ['inspur-nf5280m6-48e15dc00c22', 32, 16, 512, 2, 2],
  ['lenovo-thinksystem-sr630-v2-ecb5c724e79d', 32, 2, 32, 2, 1],
  ['lenovo-thinksystem-sr650-7x06cto1ww-447f1caa9701', 24, 16, 512, 2, 2],
  ['lenovo-thinksystem-sr650-v2-7ac016764e14', 32, 12, 384, 2, 2],
  ['sm-ssg-6028r', 16, 4, 64, 2, 1],
  ['supermicro-h11ssl-nc-6d89a72c2222', 8, 3, 192, 1, 1],
  ['supermicro-sys-1029p-wtr-5a5d94edf18e', 12, 2, 128, 2, 2],
  ['supermicro-sys-511e-wr-757bdadf0b5c', 8, 2, 64, 1, 1],
  ['supermicro-sys-6029p-tr-14e74cfa6cf5', 16, 8, 128, 2, 2],
  ['supermicro-x11dpi-n-2198ed099bb9', 16, 12, 192, 2, 2],
  ['supermicro-x8dtl-0c862fb30be8', 6, 6, 96, 2, 2],
  ['sys-5039ms-h12trf-os012', 4, 2, 32, 1, 1],
  ['unknown', 4, 4, 32, 1, 1],
] as const;

it('leaves no listing untried', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
  expect(files.toSorted()).toEqual(machines.map(([name]) => `${name}.txt`).toSorted());
});

describe.each(machines)('%s', (...[name, slots, modules, memoryGib, sockets, cpus]) => {
  const blocks = listing(name);
  const smbios = parseSmbios(tableOf(blocks));
  const memory = blocks.filter(({ type, fields }) => type === 17 && fields.get('Type') !== 'Flash');

  it(`has ${modules} modules in ${slots} slots, ${memoryGib} GiB, and ${cpus} CPUs in ${sockets} sockets`, () => {
    expect(smbios.problem).toBeNull();
    const dimms = dimmsOf(smbios);
    expect(dimms).toHaveLength(slots);
    expect(dimms.filter(({ populated }) => populated)).toHaveLength(modules);
    expect(dimms.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0)).toBe(memoryGib * gib);
    expect(cpusOf(smbios)).toHaveLength(sockets);
    expect(cpusOf(smbios).filter(({ populated }) => populated)).toHaveLength(cpus);
  });

  it('has every slot as listed', () => {
    const expected = memory.map(({ handle, fields, length }) => {
      const sizeBytes = bytesOf(fields.get('Size'));
      const known = (text: string | undefined): string | null => (sizeBytes === 0 ? null : reported(text));
      const counted = (value: number): number | null => (sizeBytes === 0 || value === 0 ? null : value);
      return {
        handle,
        // Supermicro calls every empty slot `NO DIMM`: those go by their handle.
        slot: reported(fields.get('Locator')) ?? `handle ${handle}`,
        populated: sizeBytes > 0,
        sizeBytes: sizeBytes === 0 ? null : sizeBytes,
        ratedMts: counted(number(fields.get('Speed'))),
        configuredMts: length > 0x20 ? counted(configuredSpeed(fields)) : null,
        rank: counted(number(fields.get('Rank'))),
        manufacturer: known(fields.get('Manufacturer')),
        part: known(fields.get('Part Number')),
        serial: known(fields.get('Serial Number')),
        // Every module here that has a width has the 8 bits more than its data that ECC takes.
        ecc: sizeBytes === 0 || fields.get('Total Width') === 'Unknown' ? null : true,
      };
    });
    expect(dimmsOf(smbios)).toMatchObject(expected);
  });

  it('names the machine, its firmware and the makers of its memory', () => {
    const system = blocks.find(({ type }) => type === 1)?.fields;
    const bios = blocks.find(({ type }) => type === 0)?.fields;
    expect(identityOf(smbios)).toMatchObject({
      manufacturer: reported(system?.get('Manufacturer')),
      product: reported(system?.get('Product Name')),
      serial: reported(system?.get('Serial Number')),
    });
    expect(biosOf(smbios)).toMatchObject({ vendor: reported(bios?.get('Vendor')), version: reported(bios?.get('Version')) });
    for (const { manufacturer } of dimmsOf(smbios))
      expect(memoryMaker(manufacturer ?? '')).not.toMatch(/^[0-9A-F]{4,}$/);
  });
}); // prettier-ignore
