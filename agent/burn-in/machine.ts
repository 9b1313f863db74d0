// What a burn-in needs of the machine it runs on, so that tests run the real thing on files and loop devices.
import type { Inventory } from '../../shared/hardware/inventory.ts';
import type { BurnInTestResult } from '../../shared/burn-in/report.ts';
import type { PlannedTest } from '../../shared/burn-in/profiles.ts';
import type { BurnInPeer } from '../../shared/burn-in/report.ts';
import type { DiskDevice } from '../handlers/platform.ts';
import type { Sensors } from './sensors.ts';
import type { Tools } from './tools.ts';

export type BurnInMachine = {
  /** `/`, except in tests. */
  readonly root: string;
  /** The hardware as it is now. */
  readonly inventory: () => Promise<Inventory>;
  /** The disk with this serial, never one by its kernel name alone. */
  readonly findDisk: (serial: string) => Promise<DiskDevice | undefined>;
  /** Whom the network is tried against; undefined where no controller is configured. */
  readonly controller: { readonly host: string; readonly port: number } | undefined;
  /** PEM of a CA that is trusted for fetching the tool image, beside the usual ones. */
  readonly ca: () => string | undefined;
  /** For what a run leaves behind while it runs; made anew and removed. */
  readonly folder: string;
};

/** What one test works with. */
export type TestContext = {
  readonly plan: PlannedTest;
  readonly machine: BurnInMachine;
  readonly inventory: Inventory;
  readonly sensors: Sensors;
  /** Or why there are none. */
  readonly tools: Tools | string;
  readonly writeDiskSerials: readonly string[];
  readonly peer: BurnInPeer | undefined;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

export type Finding = Pick<BurnInTestResult, 'component' | 'outcome' | 'sentence' | 'figures'>;
export type TestRunner = (context: TestContext) => Promise<Finding[]>;

/** A disk as sentences and results call it. */
export function diskName(disk: Inventory['disks'][number]): string {
  return disk.serial === null ? `disk ${disk.name}` : `disk ${disk.serial}`;
}

/** What figures of a disk are filed under. */
export function diskPart(disk: Inventory['disks'][number]): string {
  return (disk.serial ?? disk.name).slice(0, 80);
}
