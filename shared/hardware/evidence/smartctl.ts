// Facts of a drive from `smartctl -j -x` (smartmontools JSON format 1.0) for ATA, SCSI/SAS and NVMe. Pure. Only facts:
// what they mean for the machine's health is decided elsewhere.
import { factText } from './fact-text.ts';

export type SmartProtocol = 'ata' | 'scsi' | 'nvme';
export type SmartMessage = { readonly severity: string; readonly text: string };
export type SmartFacts = {
  readonly protocol: SmartProtocol | null;
  readonly model: string | null;
  readonly serial: string | null;
  readonly firmware: string | null;
  readonly capacityBytes: number | null;
  readonly rotational: boolean | null;
  /** The drive's own verdict; null where it gives none. */
  readonly passed: boolean | null;
  /** Percent of the rated endurance used; may exceed 100. Null for disks and where only the maker knows. */
  readonly wearPercent: number | null;
  /** Data the drive could not give back: NVMe media errors, ATA attribute 187, SCSI uncorrected errors. */
  readonly mediaErrors: number | null;
  /** ATA attribute 5, or the SCSI list of grown defects. */
  readonly reallocatedSectors: number | null;
  /** ATA attribute 197. */
  readonly pendingSectors: number | null;
  /** NVMe critical warning bits (NVMe Base 2.0 figure 207). */
  readonly criticalWarning: number | null;
  readonly spareBelowThreshold: boolean | null;
  readonly temperatureCelsius: number | null;
  readonly powerOnHours: number | null;
  readonly exit: SmartExit | null;
  readonly messages: readonly SmartMessage[];
};
export type SmartExit = {
  readonly status: number;
  readonly bits: readonly SmartExitBit[];
  /** False where smartctl could not ask the drive: the facts prove nothing then. */
  readonly answered: boolean;
};
export type SmartExitBit = (typeof exitBits)[number];

/** smartctl(8) EXIT STATUS, bit 0 first. */
const exitBits = [
  'command-line',
  'not-opened',
  'command-failed',
  'failing',
  'prefail-below-threshold',
  'threshold-passed-before',
  'error-log',
  'self-test-log',
] as const;

const messagesMax = 32;
const attributesMax = 256;

/** Undefined where the text is no JSON object. */
export function parseSmartctl(json: string): SmartFacts | undefined {
  let report: unknown;
  try {
    report = JSON.parse(json);
  } catch {
    return undefined;
  }
  return typeof report === 'object' && report !== null && !Array.isArray(report) ? smartFactsOf(report) : undefined;
}

/** Of a report that is an object already. */
export function smartFactsOf(report: object): SmartFacts {
  const protocol = protocolOf(member(report, 'device', 'protocol'));
  const attributes = attributesOf(report);
  const nvme = member(report, 'nvme_smart_health_information_log');
  const spare = count(nvme, 'available_spare');
  const threshold = count(nvme, 'available_spare_threshold');
  const passed = member(report, 'smart_status', 'passed');
  return {
    protocol,
    model: text(report, 'model_name') ?? text(report, 'scsi_model_name') ?? vendorAndProduct(report),
    serial: text(report, 'serial_number'),
    firmware: text(report, 'firmware_version') ?? text(report, 'scsi_revision'),
    capacityBytes: positive(count(report, 'user_capacity', 'bytes')) ?? positive(count(report, 'nvme_total_capacity')),
    rotational: rotationalOf(report, protocol),
    passed: typeof passed === 'boolean' ? passed : null,
    wearPercent: wearOf(report, attributes),
    mediaErrors: count(nvme, 'media_errors') ?? attributes.get(187)?.raw ?? scsiUncorrected(report),
    reallocatedSectors: attributes.get(5)?.raw ?? count(report, 'scsi_grown_defect_list'),
    pendingSectors: attributes.get(197)?.raw ?? null,
    criticalWarning: count(nvme, 'critical_warning'),
    spareBelowThreshold: spare === null || threshold === null ? null : spare < threshold,
    temperatureCelsius: temperatureOf(report),
    powerOnHours: count(report, 'power_on_time', 'hours'),
    exit: exitOf(member(report, 'smartctl', 'exit_status')),
    messages: messagesOf(report),
  };
}

function protocolOf(value: unknown): SmartProtocol | null {
  const name = typeof value === 'string' ? value.toLowerCase() : '';
  return name === 'ata' || name === 'scsi' || name === 'nvme' ? name : null;
}

function vendorAndProduct(report: object): string | null {
  return factText([text(report, 'scsi_vendor'), text(report, 'scsi_product')].filter(Boolean).join(' '));
}

/** 0 RPM is how smartctl says that a drive has no platters. */
function rotationalOf(report: object, protocol: SmartProtocol | null): boolean | null {
  if (protocol === 'nvme') return false;
  const rpm = count(report, 'rotation_rate');
  return rpm === null ? null : rpm > 0;
}

type Attribute = { readonly name: string; readonly value: number | null; readonly raw: number | null };

function attributesOf(report: object): Map<number, Attribute> {
  const table = member(report, 'ata_smart_attributes', 'table');
  const attributes = new Map<number, Attribute>();
  if (!Array.isArray(table)) return attributes;
  for (const row of table.slice(0, attributesMax)) {
    const id = count(row, 'id');
    const name = text(row, 'name') ?? '';
    if (id !== null) attributes.set(id, { name, value: count(row, 'value'), raw: count(row, 'raw', 'value') });
  }
  return attributes;
}

/** Attributes whose normalised value counts down from 100 (new) as the endurance is used. */
const countingDown = /^(Wear_Leveling_Count|Media_Wearout_Indicator|SSD_Life_Left|Percent_Lifetime_Remain)$/;

function wearOf(report: object, attributes: ReadonlyMap<number, Attribute>): number | null {
  const reportedWear =
    count(report, 'nvme_smart_health_information_log', 'percentage_used') ??
    count(report, 'endurance_used', 'current_percent') ??
    count(report, 'scsi_percentage_used_endurance_indicator') ??
    deviceStatistic(report, 'Percentage Used Endurance Indicator');
  if (reportedWear !== null) return reportedWear;
  for (const { name, value } of attributes.values())
    if (countingDown.test(name) && value !== null && value >= 1 && value <= 100) return 100 - value;
  return null;
}

/** ATA device statistics (ACS-4 §9.5): pages of named numbers. */
export function deviceStatistic(report: object, name: string): number | null {
  const pages = member(report, 'ata_device_statistics', 'pages');
  if (!Array.isArray(pages)) return null;
  for (const page of pages.slice(0, attributesMax)) {
    const table = member(page, 'table');
    if (!Array.isArray(table)) continue;
    const row: unknown = table.slice(0, attributesMax).find((entry: unknown) => member(entry, 'name') === name);
    if (row !== undefined && member(row, 'flags', 'valid') !== false) return count(row, 'value');
  }
  return null;
}

/** Reads, writes and verifications together; null where the drive keeps no such log. */
function scsiUncorrected(report: object): number | null {
  const counts = ['read', 'write', 'verify'].map((kind) =>
    count(report, 'scsi_error_counter_log', kind, 'total_uncorrected_errors'),
  );
  const known = counts.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

/** 0 °C and the like of a drive without a sensor stay facts; only what cannot be a temperature is left out. */
function temperatureOf(report: object): number | null {
  const value = member(report, 'temperature', 'current');
  return typeof value === 'number' && value > -100 && value < 250 ? value : null;
}

function exitOf(value: unknown): SmartExit | null {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 255) return null;
  const bits = exitBits.filter((_, index) => (value & (1 << index)) !== 0);
  return { status: value, bits, answered: (value & 0b11) === 0 };
}

function messagesOf(report: object): SmartMessage[] {
  const messages = member(report, 'smartctl', 'messages');
  if (!Array.isArray(messages)) return [];
  return messages.slice(0, messagesMax).flatMap((message: unknown) => {
    const string = text(message, 'string');
    return string === null ? [] : [{ severity: text(message, 'severity') ?? 'unknown', text: string }];
  });
}

export function text(value: unknown, ...path: string[]): string | null {
  const found = member(value, ...path);
  return typeof found === 'string' ? factText(found) : null;
}

/** A count that JSON can hold exactly. */
export function count(value: unknown, ...path: string[]): number | null {
  const found = member(value, ...path);
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : null;
}

function positive(value: number | null): number | null {
  return value === 0 ? null : value;
}

export function member(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}
