// Parts by name and place, as a person finds them: `Disk sda (bay 0:4, SN S16LNYAF000001)`.
import type { Dimm, Disk, PciDevice } from '../hardware/inventory.ts';

export function diskName({ name, bay, serial, behind }: Disk): string {
  return `Disk ${name}${inBrackets([bay && `bay ${bay}`, behind && bay === null && `behind ${behind}`, serial && `SN ${serial}`])}`;
}

/** Stays the same from boot to boot, which the kernel's name of a disk does not. */
export function diskComponent({ name, serial }: Disk): string {
  return `disk ${serial ?? name}`;
}

export function pciName(bdf: string, device: PciDevice | undefined): string {
  const ids = device === undefined ? null : `${device.vendor}:${device.device}`;
  return `PCI device ${bdf}${inBrackets([device?.slot && `slot ${device.slot}`, ids])}`;
}

/** `DIMM A3 (SN 12345678)`; the label of a memory controller is not always the slot's name. */
export function dimmName(label: string, dimms: readonly Dimm[]): string {
  const dimm = dimms.find(({ slot, populated }) => populated && slot === label);
  const prefix = /^dimm/i.test(label) ? '' : 'DIMM ';
  return `${prefix}${label}${inBrackets([dimm?.serial && `SN ${dimm.serial}`])}`;
}

function inBrackets(parts: readonly (string | false | null | undefined)[]): string {
  const known = parts.filter((part) => typeof part === 'string' && part !== '');
  return known.length === 0 ? '' : ` (${known.join(', ')})`;
}
