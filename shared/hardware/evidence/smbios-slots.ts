// Slots, onboard devices and power supplies of the SMBIOS tables (SMBIOS 3.7 §7.10, §7.42, §7.40). Pure.
import type { Psu } from '../inventory.ts';
import { u16 } from './little-endian.ts';
import { structuresOf, textOf, type Smbios, type Structure } from './smbios.ts';

export type BoardSlot = { readonly name: string; readonly width: number | null };

/** Lanes by the code of the slot's data bus width (§7.10.3). */
const slotWidths: Readonly<Record<number, number>> = {
  0x08: 1, 0x09: 2, 0x0a: 4, 0x0b: 8, 0x0c: 12, 0x0d: 16, 0x0e: 32,
}; // prettier-ignore

/** Slots by the address of what sits in them (`0000:3b:00`, without the function). */
export function slotsOf(smbios: Smbios): Map<string, BoardSlot> {
  const slots = new Map<string, BoardSlot>();
  for (const slot of structuresOf(smbios, 9)) {
    const address = addressOf(slot, 0x0d);
    const name = textOf(slot, 0x04);
    if (address === undefined || name === null) continue;
    slots.set(withoutFunction(address), { name, width: slotWidths[slot.data[0x06] ?? 0] ?? null });
  }
  return slots;
}

/** What firmware calls the onboard devices, by address (`0000:01:00.0`). */
export function onboardLabelsOf(smbios: Smbios): Map<string, string> {
  const labels = new Map<string, string>();
  for (const device of structuresOf(smbios, 41)) {
    const address = addressOf(device, 0x07);
    const label = textOf(device, 0x04);
    if (address !== undefined && label !== null && !labels.has(address)) labels.set(address, label);
  }
  return labels;
}

/**
 * Power supplies as firmware lists them; bays without one too. Boards list supplies that nobody ever asked about: one
 * that tells nothing of itself is no witness.
 */
export function powerSuppliesOf(smbios: Smbios): Psu[] {
  const listed = structuresOf(smbios, 39).map((supply, index): Psu => {
    const characteristics = u16(supply.data, 0x0e);
    const watts = u16(supply.data, 0x0c);
    const present = characteristics === undefined || (characteristics & 0x02) !== 0;
    return {
      slot: textOf(supply, 0x05) ?? `PSU${index + 1}`,
      present,
      powered: present && characteristics !== undefined ? (characteristics & 0x04) === 0 : null,
      // 8000h: not known.
      watts: watts === undefined || watts === 0 || watts === 0x8000 ? null : watts,
      manufacturer: present ? textOf(supply, 0x07) : null,
      model: present ? textOf(supply, 0x06) : null,
      part: present ? textOf(supply, 0x0a) : null,
      serial: present ? textOf(supply, 0x08) : null,
      source: 'smbios',
    };
  });
  return listed.filter(({ present, watts, model, serial }) => !present || (watts ?? model ?? serial) !== null);
}

export function withoutFunction(address: string): string {
  return address.slice(0, address.lastIndexOf('.'));
}

/** Segment, bus, device and function; undefined where the firmware names none (all ones). */
function addressOf(structure: Structure, at: number): string | undefined {
  const segment = u16(structure.data, at);
  const bus = structure.data[at + 2];
  const deviceFunction = structure.data[at + 3];
  if (segment === undefined || bus === undefined || deviceFunction === undefined) return undefined;
  if (bus === 0xff && deviceFunction === 0xff) return undefined;
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  // Firmware without segments fills the field with ones.
  return `${hex(segment === 0xffff ? 0 : segment, 4)}:${hex(bus, 2)}:${hex(deviceFunction >> 3, 2)}.${deviceFunction & 7}`;
}
