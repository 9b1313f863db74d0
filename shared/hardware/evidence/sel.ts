// A BMC's system event log from its raw 16-byte records, as `ipmitool sel writeraw` saves them (IPMI v2.0 rev 1.1 §32).
// Pure. Text listings vary by tool version and locale; these bytes do not.
import { hexOf } from './fact-text.ts';
import { u16, u24, u32 } from './little-endian.ts';
import { generic, sensorSpecific, sensorTypes, thresholds, type Meaning, type SelSeverity } from './sel-events.ts';

type SelTime = {
  /** Milliseconds since 1970 by the BMC's clock (UTC where it is set so); null where there is no date. */
  readonly atMs: number | null;
  /** True where the BMC counted seconds since its start, having no clock yet (§37.1). */
  readonly beforeClock: boolean;
};
export type SelEvent = SelTime & {
  readonly kind: 'event';
  readonly id: number;
  readonly generator: number;
  readonly sensorType: number;
  readonly sensorNumber: number;
  readonly eventType: number;
  /** Which of the event type's states; null for a maker's own event types. */
  readonly offset: number | null;
  /** False: the state was left. */
  readonly asserted: boolean;
  /** How much the state matters while it is asserted. */
  readonly severity: SelSeverity;
  /** `memory: uncorrectable ECC error`. */
  readonly text: string;
  /** Event data 2 and 3 as hex: a reading and its threshold, or the maker's detail. */
  readonly detail: string;
};
export type SelOem = SelTime & {
  readonly kind: 'oem';
  readonly id: number;
  readonly recordType: number;
  /** IANA enterprise number; null for records without a time (E0h–FFh). */
  readonly manufacturerId: number | null;
  readonly data: string;
};
export type SelRecord = SelEvent | SelOem;
export type Sel = { readonly records: readonly SelRecord[]; readonly problems: readonly string[] };

export const selRecordBytes = 16;
/** Record ids are 16 bits; more records are no log. */
const recordsMax = 0xffff;

export function parseSel(bytes: Uint8Array): Sel {
  const problems: string[] = [];
  const records: SelRecord[] = [];
  const whole = Math.floor(bytes.length / selRecordBytes);
  let unknown = 0;
  for (let index = 0; index < Math.min(whole, recordsMax); index += 1) {
    const record = selRecord(bytes.subarray(index * selRecordBytes, (index + 1) * selRecordBytes));
    if (record === null) unknown += 1;
    else records.push(record);
  }
  if (unknown > 0) problems.push(`${unknown} records of an unknown type are left out`);
  if (whole > recordsMax) problems.push(`more than ${recordsMax} records; the rest is left out`);
  const rest = bytes.length % selRecordBytes;
  if (rest > 0) problems.push(`the last record is cut off: ${rest} of ${selRecordBytes} bytes`);
  return { records, problems };
}

/** One record of 16 bytes; null where its type is reserved (§32.1). */
export function selRecord(bytes: Uint8Array): SelRecord | null {
  if (bytes.length !== selRecordBytes) return null;
  const recordType = bytes[2] ?? 0;
  if (recordType === 0x02) return eventOf(bytes);
  if (recordType < 0xc0) return null;
  const timed = recordType < 0xe0;
  return {
    kind: 'oem',
    id: u16(bytes, 0) ?? 0,
    recordType,
    ...(timed ? timeOf(u32(bytes, 3) ?? 0) : { atMs: null, beforeClock: false }),
    manufacturerId: timed ? (u24(bytes, 7) ?? null) : null,
    data: hexOf(bytes.subarray(timed ? 10 : 3)),
  };
}

function eventOf(bytes: Uint8Array): SelEvent {
  const sensorType = bytes[10] ?? 0;
  const direction = bytes[12] ?? 0;
  const eventType = direction & 0x7f;
  const state = (bytes[13] ?? 0) & 0x0f;
  const known = eventType <= 0x0c || eventType === 0x6f;
  const [meaning, severity] = meaningOf(sensorType, eventType, state);
  return {
    kind: 'event',
    id: u16(bytes, 0) ?? 0,
    ...timeOf(u32(bytes, 3) ?? 0),
    generator: u16(bytes, 7) ?? 0,
    sensorType,
    sensorNumber: bytes[11] ?? 0,
    eventType,
    offset: known ? state : null,
    asserted: (direction & 0x80) === 0,
    severity,
    text: `${sensorTypes[sensorType] ?? `sensor type ${hex(sensorType)}`}: ${meaning}`,
    detail: hexOf(bytes.subarray(14, 16)),
  };
}

/** §37.1: all ones is no time; up to 20000000h counts seconds since the BMC started. */
function timeOf(seconds: number): SelTime {
  if (seconds === 0xffffffff) return { atMs: null, beforeClock: false };
  if (seconds <= 0x20000000) return { atMs: null, beforeClock: true };
  return { atMs: seconds * 1000, beforeClock: false };
}

function meaningOf(sensorType: number, eventType: number, state: number): Meaning {
  const known =
    eventType === 0x01
      ? thresholds[state]
      : eventType === 0x6f
        ? sensorSpecific[sensorType]?.[state]
        : generic[eventType]?.[state];
  return known ?? [`event type ${hex(eventType)}, state ${state}`, 'info'];
}

/** The states that were asserted and not left since, oldest first: what is still wrong by this log alone. */
export function openEvents(records: readonly SelRecord[]): SelEvent[] {
  const open = new Map<string, SelEvent>();
  for (const record of records) {
    if (record.kind !== 'event') continue;
    if (isCleared(record)) open.clear();
    const { generator, sensorType, sensorNumber, eventType } = record;
    const key = [generator, sensorType, sensorNumber, eventType, stateKey(record)].join(':');
    const before = open.get(key);
    // A state that was never entered may be left: with exclusive states that says nothing of the one that holds.
    if (!record.asserted && before?.offset !== record.offset) continue;
    open.delete(key);
    if (record.asserted) open.set(key, record);
  }
  return [...open.values()];
}

/**
 * The states of event types 02h–0Ch exclude each other: `fully redundant` ends `redundancy lost` without a word. All
 * others stand side by side. A maker's own event type has no states this file knows; its detail tells them apart.
 */
function stateKey({ eventType, offset, detail }: SelEvent): string {
  if (eventType >= 0x02 && eventType <= 0x0c) return 'exclusive';
  return offset === null ? detail : String(offset);
}

/** `log cleared`: what stood before it is gone by someone's decision. */
function isCleared(event: SelEvent): boolean {
  return event.sensorType === 0x10 && event.eventType === 0x6f && event.offset === 2 && event.asserted;
}

function hex(value: number): string {
  return `${value.toString(16).padStart(2, '0')}h`;
}
