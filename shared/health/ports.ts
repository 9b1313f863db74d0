// Network ports: frames that arrived broken, and links slower than port and module can. Pure.
import type { Nic } from '../hardware/inventory.ts';
import { counted, type HealthFinding } from './finding.ts';

/** `counters`: port → attributes of its `statistics` folder (Linux ABI sysfs-class-net-statistics). */
export function portErrorFindings(counters: Readonly<Record<string, Readonly<Record<string, string>>>>, nics: readonly Nic[]): HealthFinding[] {
  return nics.flatMap((nic): HealthFinding[] => {
    const broken = Number(counters[nic.name]?.['rx_crc_errors'] ?? 0);
    if (!Number.isSafeInteger(broken) || broken <= 0) return [];
    const message = `${nameOf(nic)}: ${counted(broken, 'frame')} with a wrong checksum since boot: reseat the cable and its module, replace them if the count grows.`;
    return [{ check: 'port-errors', component: componentOf(nic), state: 'degraded', message }];
  });
} // prettier-ignore

/** How fast a link had to be is the class's to say: a slow management network is no fault of the machine. */
export function portLinkFindings(nics: readonly Nic[]): HealthFinding[] {
  return nics.flatMap((nic): HealthFinding[] => {
    const { linkUp, speedMbps, maxMbps } = nic;
    if (linkUp !== true || speedMbps === null || maxMbps === null || speedMbps >= maxMbps) return [];
    const message = `${nameOf(nic)}: its link runs at ${speedMbps} Mbit/s and could at ${maxMbps}: check the cable, the module and the switch port.`;
    return [{ check: 'port-link', component: componentOf(nic), state: 'degraded', message }];
  });
}

function nameOf({ name, label, mac }: Nic): string {
  return `Port ${name} (${label === null ? '' : `${label}, `}${mac})`;
}

function componentOf({ mac }: Nic): string {
  return `port ${mac}`;
}
