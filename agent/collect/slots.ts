// Where things are put in: PCI slots by the kernel's hotplug drivers and ACPI, bays by SCSI enclosure services (Linux ABI
// sysfs-bus-pci, SES-3). A second witness to what SMBIOS says about slots.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { attribute, jsonBytes, type Collector, type Host, type Reading } from './collector.ts';

type Bay = { readonly block: string | null; readonly status: string };

const slotsMax = 256;
const baysMax = 512;

export function slotsFamily({ root }: Host): readonly Collector[] {
  return [{ source: 'slots.json', collect: () => slots(root) }];
}

async function slots(root: string): Promise<Reading> {
  const pci = await pciSlots(root);
  const bays = await baysOf(join(root, 'sys/class/enclosure'));
  if (Object.keys(pci).length + Object.keys(bays).length === 0)
    return { absentBecause: 'the kernel knows no slots and no bays of this machine' };
  return jsonBytes({ pci, bays });
}

/** Address without a function (`0000:01:00`) → name of the slot. */
export async function pciSlots(root: string): Promise<Record<string, string>> {
  const base = join(root, 'sys/bus/pci/slots');
  const names: Record<string, string> = {};
  for (const name of (await entries(base)).slice(0, slotsMax)) {
    const address = attribute(join(base, name, 'address'));
    if (address !== undefined && address !== '') names[address] = name;
  }
  return names;
}

/** `<enclosure>/<slot>`; an empty bay has no block device. */
async function baysOf(base: string): Promise<Record<string, Bay>> {
  const bays: Record<string, Bay> = {};
  for (const enclosure of await entries(base)) {
    for (const slot of await entries(join(base, enclosure))) {
      const status = attribute(join(base, enclosure, slot, 'status'));
      if (status === undefined || Object.keys(bays).length === baysMax) continue;
      const [block] = await entries(join(base, enclosure, slot, 'device/block'));
      bays[`${enclosure}/${slot}`] = { block: block ?? null, status };
    }
  }
  return bays;
}

async function entries(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => undefined);
  return (names ?? []).toSorted();
}
