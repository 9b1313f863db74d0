// What two witnesses say of one machine, whatever its class: its firmware's tables and its board controller's EEPROM
// name the same serials, its sockets hold the same, and a card runs as wide as both ends of its link and its slot allow.
import { serialKey } from '../hardware/identity.ts';
import type { Inventory, PciDevice } from '../hardware/inventory.ts';
import { singleRow, type Draft, type DraftRow } from './component.ts';
import type { MachineClassSpec, PciExpectation } from './machine-class.ts';
import { orderedPciClasses } from './pci.ts';

export function witnessRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  return [...serialRows(inventory), ...socketRows(inventory), ...linkRows(inventory, spec)];
}

function serialRows({ identity, fru }: Inventory): DraftRow[] {
  if (fru === null) return [];
  return [
    ...conflict('serial number', identity.serial, fru.serial, 'block'),
    // Boards are changed in repair, and makers write their serials in more than one form.
    ...conflict('board serial', identity.boardSerial, fru.boardSerial, 'warn'),
  ];
}

function conflict(
  what: string,
  ...[told, stored, severity]: [string | null, string | null, Draft['severity']]
): DraftRow[] {
  const [ours, theirs] = [serialKey(told), serialKey(stored)];
  // Some firmware wraps one in more text: `.790H8D2.CN7475154B0123.`
  if (ours === '' || theirs === '' || ours.includes(theirs) || theirs.includes(ours)) return [];
  return [
    singleRow('system', {
      path: `system/${what.replace(' ', '-')}`,
      kind: 'source-conflict',
      ...(severity === undefined ? {} : { severity }),
      expected: stored,
      actual: told,
      source: 'ipmi',
      rule: 'serial-witnesses',
      sentence: `Firmware says that the ${what} is ${told}, the board controller says ${stored}: the board is not of this machine, or one of them was never set.`,
    }),
  ];
}

/** All sockets hold the same stepping with the same microcode, or the system may fall at any time. */
function socketRows({ cpus }: Inventory): DraftRow[] {
  const fields = [
    ['signature', 'stepping', 'fit CPUs of one stepping'],
    ['microcode', 'microcode', 'update the BIOS'],
  ] as const;
  return fields.flatMap(([field, word, advice]) => {
    const told = cpus.filter((cpu) => cpu.populated && cpu[field] !== null);
    const values = [...new Set(told.map((cpu) => cpu[field] ?? ''))].toSorted();
    if (values.length < 2) return [];
    const each = values.map((value) => `${told.find((cpu) => cpu[field] === value)?.socket ?? ''} ${value}`).toSorted();
    return [
      singleRow('cpu', {
        path: `cpu/${word}`,
        kind: 'mismatch',
        expected: `one ${word} in all sockets`,
        actual: values.join(', '),
        source: 'kernel',
        rule: `cpu-${word}-equal`,
        sentence: `The CPUs differ in their ${word} (${each.join(', ')}): ${advice}.`,
      }),
    ];
  });
}

function linkRows({ pci }: Inventory, spec: MachineClassSpec): DraftRow[] {
  const narrow = pci.filter((device) => isNarrow(device) && isOrdered(device));
  return narrow.toSorted(byAddressText).flatMap((device) => {
    const { currentLinkWidth: runs } = device;
    const upstream = pci.find(({ bdf }) => bdf === device.upstream);
    const able = leastOf([device.maxLinkWidth, upstream?.maxLinkWidth ?? null, device.slotWidth]);
    if (runs === null || runs >= able || isJudgedByClass(device, spec.pci ?? [])) return [];
    const where = device.slot === null ? '' : ` in slot ${device.slot}`;
    return [
      singleRow('pci', {
        path: `pci/${device.bdf}`,
        kind: 'degraded',
        expected: `x${able}`,
        actual: `x${runs}`,
        source: 'sysfs',
        rule: 'pci-link-narrow',
        sentence: `PCI device ${device.bdf} (${device.vendor}:${device.device})${where} runs at x${runs}; it and its slot can do x${able}: reseat it.`,
      }),
    ];
  });
}

function isNarrow({ currentLinkWidth, maxLinkWidth }: PciDevice): boolean {
  return currentLinkWidth !== null && maxLinkWidth !== null && currentLinkWidth < maxLinkWidth;
}

function isOrdered({ class: code }: PciDevice): boolean {
  return orderedPciClasses.some((prefix) => code.startsWith(prefix.slice(0, -1)));
}

/** The same findings in the same order, however the bus was walked. */
function byAddressText(a: PciDevice, b: PciDevice): number {
  return a.bdf < b.bdf ? -1 : a.bdf > b.bdf ? 1 : 0;
}

/** Where the class names a width, that is what counts. */
function isJudgedByClass(device: PciDevice, wanted: readonly PciExpectation[]): boolean {
  return wanted.some(
    ({ vendor, device: id, linkWidthMin }) =>
      linkWidthMin !== undefined &&
      (vendor ?? device.vendor) === device.vendor &&
      (id ?? device.device) === device.device,
  );
}

function leastOf(widths: readonly (number | null)[]): number {
  return Math.min(...widths.filter((width) => width !== null));
}
