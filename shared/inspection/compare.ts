// The comparator: an inventory against what a machine class promises. Pure. What a machine does not report is
// "not reported" and blocks; it never passes silently. The order in which parts are listed never matters.
import type { Inventory } from '../hardware/inventory.ts';
import type { Draft, DraftRow, Row } from './component.ts';
import { cpuRows } from './cpu.ts';
import { diskRows } from './disk.ts';
import type { Finding } from './finding.ts';
import { gpuRows } from './gpu.ts';
import type { MachineClassSpec } from './machine-class.ts';
import { memoryRows } from './memory.ts';
import { nicRows } from './nic.ts';
import { pciRows } from './pci.ts';
import { firmwareRows, productRows, tpmRows } from './platform.ts';
import { psuRows } from './psu.ts';
import { witnessRows } from './witnesses.ts';

export type Promised = { readonly class: string; readonly spec: MachineClassSpec };

/** One entry of the class and the parts that stand for it; or what no entry asks for. */
export type ComponentRow = Row<Finding>;

/** Differences between a machine and its class, each with a sentence a person in the datacentre can act on. */
export function compare(inventory: Inventory, { class: name, spec }: Promised): Finding[] {
  return rowsOf(inventory, spec).flatMap((row) => row.findings.map((draft) => findingOf(draft, name)));
}

/** Each entry of the class with its parts and a verdict; the findings of all rows are those of `compare`. */
export function compareComponents(inventory: Inventory, { class: name, spec }: Promised): ComponentRow[] {
  return rowsOf(inventory, spec).map(({ findings, detail }) => ({
    ...detail(),
    findings: findings.map((draft) => findingOf(draft, name)),
  }));
}

function rowsOf(inventory: Inventory, spec: MachineClassSpec): DraftRow[] {
  return [
    ...productRows(inventory, spec),
    ...cpuRows(inventory, spec),
    ...memoryRows(inventory, spec),
    ...diskRows(inventory, spec),
    ...nicRows(inventory, spec),
    ...pciRows(inventory, spec),
    ...psuRows(inventory, spec),
    ...gpuRows(inventory, spec),
    ...tpmRows(inventory, spec),
    ...firmwareRows(inventory, spec),
    ...witnessRows(inventory, spec),
  ];
}

/** Texts of firmware may be long; a finding's are bounded (see finding.ts). */
function findingOf(draft: Draft, name: string): Finding {
  return {
    ...draft,
    severity: draft.severity ?? 'block',
    class: name,
    path: draft.path.slice(0, 200),
    expected: draft.expected?.slice(0, 300) ?? null,
    actual: draft.actual?.slice(0, 300) ?? null,
    sentence: draft.sentence.slice(0, 300),
  };
}
