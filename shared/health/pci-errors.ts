// PCI functions: errors that the kernel counted (Advanced Error Reporting). Pure. Lanes that did not come up are the
// comparator's: it knows what was ordered.
import type { DeviceTree } from '../hardware/evidence/sysfs.ts';
import type { PciDevice } from '../hardware/inventory.ts';
import type { HealthState } from '../lifecycle/asset.ts';
import { counted, type HealthFinding } from './finding.ts';
import { pciName } from './part-names.ts';

const kinds: readonly (readonly [key: string, noun: string, state: HealthState, advice: string])[] = [
  ['aer_fatal', 'fatal error', 'failed', 'reseat it, replace it if they come back'],
  ['aer_nonfatal', 'uncorrected error', 'failed', 'reseat it, replace it if they come back'],
  ['aer_correctable', 'corrected error', 'degraded', 'reseat it if the count grows'],
];

/** A function without counters has a driver or a bridge that reports none: nothing can be said, nothing is wrong. */
export function pciErrorFindings(tree: DeviceTree, devices: readonly PciDevice[]): HealthFinding[] {
  return Object.entries(tree).flatMap(([bdf, attributes]) =>
    kinds.flatMap(([key, noun, state, advice]): HealthFinding[] => {
      const errors = Number(attributes[key] ?? 0);
      if (!Number.isSafeInteger(errors) || errors <= 0) return [];
      const name = pciName(
        bdf,
        devices.find((device) => device.bdf === bdf),
      );
      const message = `${name}: ${counted(errors, `PCIe ${noun}`)} since boot: ${advice}.`;
      return [{ check: 'pci-errors', component: `pci ${bdf}`, state, message }];
    }),
  );
}
