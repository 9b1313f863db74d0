// Findings from `smartctl -j`, by the thresholds that hold for a drive of any age. Pure.
import type { HealthFinding } from './checks.ts';

export function smartFindings(component: string, output: string): HealthFinding[] {
  let report: unknown;
  try {
    report = JSON.parse(output);
  } catch {
    return [{ check: 'smart', component, state: 'unknown', message: 'smartctl gave no readable answer' }];
  }
  const findings: HealthFinding[] = [];
  const fail = (message: string): void => void findings.push({ check: 'smart', component, state: 'failed', message });
  if (member(report, 'smart_status', 'passed') === false) fail('the drive itself says it is failing');
  const nvme = member(report, 'nvme_smart_health_information_log');
  const critical = numberAt(nvme, 'critical_warning');
  if (critical > 0) fail(`NVMe critical warning 0x${critical.toString(16)}`);
  const mediaErrors = numberAt(nvme, 'media_errors');
  if (mediaErrors > 0) fail(`${mediaErrors} media errors`);
  const used = numberAt(nvme, 'percentage_used');
  if (used >= 100) fail(`its rated endurance is used up (${used} %)`);
  for (const id of [187, 197, 198]) {
    const raw = ataRaw(report, id);
    if (raw > 0) fail(`ATA attribute ${id} is ${raw}`);
  }
  const uncorrected = numberAt(report, 'scsi_error_counter_log', 'read', 'total_uncorrected_errors');
  if (uncorrected > 0) fail(`${uncorrected} uncorrected read errors`);
  return findings;
}

function ataRaw(report: unknown, id: number): number {
  const table = member(report, 'ata_smart_attributes', 'table');
  if (!Array.isArray(table)) return 0;
  const row: unknown = table.find((entry: unknown) => member(entry, 'id') === id);
  return numberAt(row, 'raw', 'value');
}

function numberAt(value: unknown, ...path: string[]): number {
  const found = member(value, ...path);
  return typeof found === 'number' ? found : 0;
}

function member(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
