// What a machine is as a whole: its product, and its firmware.
import type { Inventory } from '../hardware/inventory.ts';
import { singleRow, type Component, type Draft, type DraftRow } from './component.ts';
import { unknownReason, unreadReason } from './listed.ts';
import type { MachineClassSpec } from './machine-class.ts';
import { exactly, glob, hexAtLeast, versionAtLeast, type Outcome } from './matchers.ts';

export function productRows(inventory: Inventory, { product }: MachineClassSpec): DraftRow[] {
  if (product === undefined) return [];
  const actual = inventory.identity.product;
  return factRow('system', glob(product)(actual), {
    path: 'system/product',
    expected: product,
    actual,
    source: 'smbios',
    rule: 'product',
    sentence: `The machine says it is ${actual ?? 'nothing (not reported)'}; ordered ${product}.`,
  });
}

export function firmwareRows(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  return [
    ...biosRow(inventory, spec),
    ...bmcRow(inventory, spec),
    ...bootModeRow(inventory, spec),
    ...secureBootRow(inventory, spec),
    ...microcodeRow(inventory, spec),
  ];
}

function biosRow(inventory: Inventory, { biosVersionMin: wanted }: MachineClassSpec): DraftRow[] {
  if (wanted === undefined) return [];
  const actual = inventory.firmware.biosVersion;
  return factRow('firmware', versionAtLeast(wanted)(actual), {
    path: 'firmware/bios',
    expected: `${wanted} or newer`,
    actual,
    source: 'smbios',
    rule: 'bios-version',
    sentence: `BIOS version is ${actual ?? 'not reported'}; the class asks for ${wanted} or newer: update it.`,
  });
}

function bmcRow(inventory: Inventory, { bmcFirmwareMin: wanted }: MachineClassSpec): DraftRow[] {
  if (wanted === undefined) return [];
  const actual = inventory.bmc?.firmware ?? null;
  return factRow('firmware', versionAtLeast(wanted)(actual), {
    path: 'firmware/bmc',
    expected: `${wanted} or newer`,
    actual,
    source: 'ipmi',
    rule: 'bmc-firmware',
    sentence: `The board controller's firmware is ${actual ?? `not reported${whyUnread(inventory, 'bmc.json')}`}; the class asks for ${wanted} or newer: update it.`,
  });
}

export function tpmRows(inventory: Inventory, { tpm: wanted }: MachineClassSpec): DraftRow[] {
  if (wanted === undefined) return [];
  const unread = unknownReason(inventory, 'tpm.json');
  if (inventory.tpm === null) {
    return [
      singleRow('tpm', {
        path: 'tpm',
        kind: unread === undefined ? 'missing' : 'unverifiable',
        expected: `a TPM${wanted.version === undefined ? '' : ` ${wanted.version}`}`,
        actual: null,
        source: 'tpm',
        rule: 'tpm-present',
        sentence:
          unread === undefined
            ? 'The machine shows no TPM; the class asks for one: switch it on in the firmware, or fit one.'
            : `Whether there is a TPM cannot be told (tpm.json: ${unread}).`,
      }),
    ];
  }
  const fields = [
    ['version', wanted.version === undefined ? undefined : exactly(wanted.version), wanted.version],
    ['manufacturer', wanted.manufacturer === undefined ? undefined : glob(wanted.manufacturer), wanted.manufacturer],
    ['firmware', wanted.firmwareMin === undefined ? undefined : versionAtLeast(wanted.firmwareMin), wanted.firmwareMin],
  ] as const;
  return fields.flatMap(([field, test, asked]) => {
    const actual = inventory.tpm?.[field] ?? null;
    if (test === undefined || asked === undefined) return [];
    return factRow('tpm', test(actual), {
      path: `tpm/${field}`,
      expected: field === 'firmware' ? `${asked} or newer` : asked,
      actual,
      source: 'tpm',
      rule: `tpm-${field}`,
      sentence: `The TPM's ${field} is ${actual ?? 'not reported'}; the class asks for ${asked}${field === 'firmware' ? ' or newer' : ''}.`,
    });
  });
}

function whyUnread(inventory: Inventory, source: string): string {
  const reason = unreadReason(inventory, source);
  return reason === undefined ? '' : ` (${source}: ${reason})`;
}

function bootModeRow(inventory: Inventory, { bootMode: wanted }: MachineClassSpec): DraftRow[] {
  if (wanted === undefined) return [];
  // An inventory always names a boot mode; without its evidence it is only the default.
  const isUnread = unreadReason(inventory, 'firmware.json') !== undefined;
  const actual = isUnread ? null : inventory.firmware.bootMode;
  return factRow('firmware', exactly<string>(wanted)(actual), {
    path: 'firmware/boot-mode',
    expected: wanted,
    actual,
    source: 'sysfs',
    rule: 'boot-mode',
    sentence: `Boot mode is ${actual ?? 'not reported'}; the class asks for ${wanted}: change it in the firmware's settings.`,
  });
}

function secureBootRow({ firmware }: Inventory, { secureBoot: wanted }: MachineClassSpec): DraftRow[] {
  if (wanted === undefined) return [];
  const word = (isOn: boolean): string => (isOn ? 'on' : 'off');
  const actual = firmware.secureBoot === null ? null : word(firmware.secureBoot);
  return factRow('firmware', exactly(wanted)(firmware.secureBoot), {
    path: 'firmware/secure-boot',
    expected: word(wanted),
    actual,
    source: 'sysfs',
    rule: 'secure-boot',
    sentence: `Secure Boot is ${actual ?? 'not reported'}; the class asks for it ${word(wanted)}: change it in the firmware's settings.`,
  });
}

function microcodeRow(inventory: Inventory, { microcodeMin: wanted }: MachineClassSpec): DraftRow[] {
  if (wanted === undefined) return [];
  const actual = inventory.firmware.microcode;
  return factRow('firmware', hexAtLeast(wanted)(actual), {
    path: 'firmware/microcode',
    expected: `${wanted} or newer`,
    actual,
    source: 'kernel',
    rule: 'microcode',
    sentence: `Microcode is ${actual ?? 'not reported'}; the class asks for ${wanted} or newer: update the BIOS.`,
  });
}

const kinds = {
  better: 'mismatch',
  worse: 'below',
  wrong: 'mismatch',
  unverifiable: 'unverifiable',
} as const satisfies Record<Exclude<Outcome, 'match'>, Draft['kind']>;

function factRow(component: Component, outcome: Outcome, fact: Omit<Draft, 'kind'>): DraftRow[] {
  if (outcome !== 'match') return [singleRow(component, { ...fact, kind: kinds[outcome] })];
  const { path, expected, actual } = fact;
  const item = { path, actual: actual ?? '', verdict: 'match', faults: [] } as const;
  return [
    { findings: [], detail: () => ({ component, expected, count: 1, items: [item], missing: 0, verdict: 'match' }) },
  ];
}
