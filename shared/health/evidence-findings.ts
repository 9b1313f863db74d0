// Findings of all evidence: one entry per source. A source that could not be read, or holds something else than it should,
// leaves `unknown` for its check; one that the machine does not have leaves nothing. Pure.
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';

import { messageOf, PpecError } from '../errors.ts';
import { BmcEvidence } from '../hardware/evidence/board-controller.ts';
import { SmartReports } from '../hardware/evidence/drives.ts';
import { edacOf } from '../hardware/evidence/edac.ts';
import type { Evidence, EvidenceSource } from '../hardware/evidence/inventory-from-evidence.ts';
import { sensorsOf } from '../hardware/evidence/sdr.ts';
import type { Inventory } from '../hardware/inventory.ts';
import { bmcClockFindings } from './clocks.ts';
import { driveFindings, keepsSmart } from './drives.ts';
import { eventLogFindings, logSpaceFindings } from './event-log.ts';
import type { HealthFinding } from './finding.ts';
import { memoryErrorFindings, memoryErrorsCheck, memoryTotalFindings } from './memory.ts';
import { pciErrorFindings } from './pci-errors.ts';
import { portLinkFindings } from './ports.ts';
import { sensorFindings } from './sensors.ts';
import { supplyFindings } from './supplies.ts';

const TreeFile = Compile(Type.Record(Type.String(), Type.Record(Type.String(), Type.String())));
const SmartFile = Compile(SmartReports);
const BmcFile = Compile(BmcEvidence);

type Given = { readonly bytes: Uint8Array; readonly inventory: Inventory; readonly sdr: string };
type SourceCheck = {
  readonly source: EvidenceSource;
  readonly check: string;
  readonly component: string;
  /** What is not known without it: `The health of the drives`. */
  readonly about: string;
  readonly findings: (given: Given) => HealthFinding[];
};

const checks: readonly SourceCheck[] = [
  {
    source: 'smart.json',
    check: 'drive-status',
    component: 'disks',
    about: 'The health of the disks',
    findings: ({ bytes, inventory }) => driveFindings(jsonOf(bytes, SmartFile), inventory.disks),
  },
  {
    source: 'edac.json',
    check: memoryErrorsCheck,
    component: 'memory',
    about: 'Whether there were memory errors',
    findings: ({ bytes, inventory }) => memoryErrorFindings(edacOf(jsonOf(bytes, TreeFile)), inventory.dimms),
  },
  {
    source: 'pci.json',
    check: 'pci-errors',
    component: 'pci',
    about: 'Whether there were PCIe errors',
    findings: ({ bytes, inventory }) => pciErrorFindings(jsonOf(bytes, TreeFile), inventory.pci),
  },
  {
    source: 'sdr.csv',
    check: 'sensor',
    component: 'sensors',
    about: 'What the sensors of the board controller say',
    findings: ({ bytes, inventory }) => sensorFindings(sensorsOf(textOf(bytes)), inventory.psus),
  },
  {
    source: 'sel.bin',
    check: 'event-log',
    component: 'event log',
    about: 'What the event log of the board controller says',
    findings: ({ bytes, sdr }) => eventLogFindings(bytes, sensorsOf(sdr)),
  },
  {
    source: 'bmc.json',
    check: 'clock',
    component: 'board controller clock',
    about: "Whether the board controller's clock is right",
    findings: ({ bytes }) => {
      const { selTime = null, hostTimeMs, selInfo } = jsonOf(bytes, BmcFile);
      return [...bmcClockFindings({ selTime, hostTimeMs }), ...logSpaceFindings(selInfo ?? '')];
    },
  },
];

export function findingsOfEvidence(evidence: readonly Evidence[], inventory: Inventory): HealthFinding[] {
  const sensors = evidence.find(({ source }) => source === 'sdr.csv');
  const sdr = sensors !== undefined && 'bytes' in sensors ? textOf(sensors.bytes) : '';
  return [
    ...checks.flatMap((check) => findingsOfSource(check, { evidence, inventory, sdr })),
    ...memoryTotalFindings(inventory),
    ...supplyFindings(inventory.psus),
    ...portLinkFindings(inventory.nics),
  ];
}

type All = { readonly evidence: readonly Evidence[]; readonly inventory: Inventory; readonly sdr: string };

function findingsOfSource(check: SourceCheck, { evidence, inventory, sdr }: All): HealthFinding[] {
  const item = evidence.find(({ source }) => source === check.source);
  const unknown = (why: string): HealthFinding[] => [
    {
      check: check.check,
      component: check.component,
      state: 'unknown',
      message: `${check.about} is not known: ${why.slice(0, 200)}.`,
    },
  ];
  if (item === undefined) return unknown(`${check.source} was not collected`);
  if ('unreadBecause' in item) return unknown(`${check.source} could not be read: ${item.unreadBecause}`);
  // Disks that are there and were not asked are not well by that.
  if ('absentBecause' in item)
    return check.source === 'smart.json' && inventory.disks.some(keepsSmart) ? unknown(item.absentBecause) : [];
  try {
    return check.findings({ bytes: item.bytes, inventory, sdr });
  } catch (error) {
    if (error instanceof PpecError) return unknown(`${check.source} could not be read: ${error.message}`);
    throw error;
  }
}

type Check<T> = { readonly Check: (value: unknown) => value is T };

function jsonOf<T>(bytes: Uint8Array, schema: Check<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(textOf(bytes));
  } catch (error) {
    throw new PpecError('unavailable', `not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (schema.Check(value)) return value;
  throw new PpecError('unavailable', 'it does not have the form that belongs to it');
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
