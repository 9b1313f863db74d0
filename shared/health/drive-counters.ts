// What a drive counted, out of `smartctl -j -x`, beside the facts of smartctl.ts: counters that only health asks for. Pure.
import { count, deviceStatistic, member, text } from '../hardware/evidence/smartctl.ts';
import { gb, gib, mib } from '../units.ts';

export type AtaAttribute = {
  readonly id: number;
  readonly name: string;
  readonly raw: number;
  /** As smartctl writes it: some makers pack several counters into one. */
  readonly text: string;
  /** Whether its normalised value is, or was, at its threshold or below. */
  readonly failed: 'now' | 'past' | null;
};

export type DriveCounters = {
  readonly attributes: readonly AtaAttribute[];
  /** SCSI: data that could not be corrected, by what was done. */
  readonly uncorrected: Readonly<Record<'read' | 'write' | 'verify', number>>;
  /** NVMe, percent. */
  readonly spare: { readonly left: number; readonly threshold: number } | null;
  readonly bytesWritten: number | null;
  /** False where the report says nothing about health at all. */
  readonly hasHealth: boolean;
};

const attributesMax = 256;

export function driveCountersOf(report: object): DriveCounters {
  const attributes = attributesOf(report);
  const nvme = member(report, 'nvme_smart_health_information_log');
  const spare = count(nvme, 'available_spare');
  const threshold = count(nvme, 'available_spare_threshold');
  const uncorrected = (kind: string): number =>
    count(report, 'scsi_error_counter_log', kind, 'total_uncorrected_errors') ?? 0;
  return {
    attributes,
    uncorrected: { read: uncorrected('read'), write: uncorrected('write'), verify: uncorrected('verify') },
    // Both zero: a controller that does not count its spare, as virtual ones do not.
    spare: spare === null || threshold === null || spare + threshold === 0 ? null : { left: spare, threshold },
    bytesWritten: bytesWrittenOf(report, attributes),
    hasHealth:
      typeof member(report, 'smart_status', 'passed') === 'boolean' ||
      attributes.length > 0 ||
      [nvme, member(report, 'scsi_error_counter_log'), member(report, 'scsi_grown_defect_list')].some(
        (part) => part !== undefined,
      ),
  };
}

function attributesOf(report: object): AtaAttribute[] {
  const table = member(report, 'ata_smart_attributes', 'table');
  if (!Array.isArray(table)) return [];
  return table.slice(0, attributesMax).flatMap((row: unknown): AtaAttribute[] => {
    const id = count(row, 'id');
    if (id === null) return [];
    const raw = count(row, 'raw', 'value') ?? 0;
    const failed = text(row, 'when_failed');
    return [
      {
        id,
        name: text(row, 'name') ?? `attribute ${id}`,
        raw,
        text: text(row, 'raw', 'string') ?? String(raw),
        failed: failed === 'now' || failed === 'past' ? failed : null,
      },
    ];
  });
}

/** Makers count attribute 241 in units of their own; its name tells which. */
const writtenUnits: readonly (readonly [RegExp, number])[] = [
  [/LBAs_Written$/, 512],
  [/Writes_32MiB$/, 32 * mib],
  [/Writes_GiB$/, gib],
];

function bytesWrittenOf(report: object, attributes: readonly AtaAttribute[]): number | null {
  // NVMe Base 2.0 figure 207: thousands of 512-byte units.
  const units = count(report, 'nvme_smart_health_information_log', 'data_units_written');
  if (units !== null) return units * 512_000;
  const sectors = deviceStatistic(report, 'Logical Sectors Written');
  if (sectors !== null) return sectors * (count(report, 'logical_block_size') ?? 512);
  const gigabytes = Number(text(report, 'scsi_error_counter_log', 'write', 'gigabytes_processed') ?? NaN);
  if (Number.isFinite(gigabytes)) return Math.round(gigabytes * gb);
  for (const { id, name, raw } of attributes) {
    const unit = id === 241 ? writtenUnits.find(([pattern]) => pattern.test(name))?.[1] : undefined;
    if (unit !== undefined) return raw * unit;
  }
  return null;
}
