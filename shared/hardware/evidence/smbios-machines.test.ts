// The SMBIOS parser over every machine whose listing is at hand: the values a real firmware gives, as dmidecode printed
// them, put back into a table (SMBIOS 3.7 §7.2, §7.3, §7.5, §7.18), must come out as the listing has them.
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { memoryMaker } from '../jedec.ts';
import { reported } from '../identity.ts';
import { listedDimms, listing, structureOf } from '../../../test/fixtures/dmidecode-listing.ts';
import { gib } from '../../units.ts';
import { biosOf, cpusOf, dimmsOf, identityOf, parseSmbios } from './smbios.ts';

const folder = new URL('../../../test/fixtures/dmidecode/', import.meta.url);

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
  const smbios = parseSmbios(Buffer.concat(blocks.map(structureOf)));

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
    expect(dimmsOf(smbios)).toMatchObject(listedDimms(blocks));
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
