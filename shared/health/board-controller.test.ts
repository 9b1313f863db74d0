// What the board controller tells: sensors, event log, clock. Each rule with a value that is found and one that is not.
import { describe, expect, it } from 'vitest';

import { toRfc3339 } from '../clock.ts';
import { sensorsOf } from '../hardware/evidence/sdr.ts';
import type { Psu } from '../hardware/inventory.ts';
import { bmcClockFindings, hostClockFindings, parseSelTime } from './clocks.ts';
import { eventLogFindings, logSpaceFindings } from './event-log.ts';
import type { HealthFinding } from './finding.ts';
import { sensorFindings } from './sensors.ts';
import { supplyFindings } from './supplies.ts';

const texts = (findings: readonly HealthFinding[]): string[] =>
  findings.map(({ state, message }) => `${state}: ${message}`);
const states = (findings: readonly HealthFinding[]): string[] => findings.map(({ state }) => state);
const psu = (slot: string, powered: boolean | null, present = true): Psu => ({
  slot, present, powered, watts: null, manufacturer: null, model: null, part: null, serial: null, source: 'ipmi',
}); // prettier-ignore

describe('a sensor', () => {
  it.each<[string, string[]]>([
    ['CPU1 Temp,31,degrees C,ok', []],
    ['CPU1 Temp,88,degrees C,nc', ['degraded']],
    ['CPU1 Temp,96,degrees C,cr', ['failed']],
    ['CPU1 Temp,105,degrees C,nr', ['failed']],
    ['CPU1 Temp,,,ns\nCPU2 Temp,31,degrees C,ok', []],
    ['Inlet Temp,32,degrees C,ok', []],
    ['Inlet Temp,33,degrees C,ok', ['degraded']],
    ['Exhaust Temp,45,degrees C,ok', []],
    ['Inlet Temp,45,degrees C,cr', ['failed']],
    ['PS Redundancy,77h,ok,7.1,Fully Redundant', []],
    ['PS Redundancy,77h,ok,7.1,Redundancy Lost', ['failed']],
    ['PS Redundancy,77h,ok,7.1,Redundancy Degraded', ['degraded']],
    ['Fans,78h,ok,29.1,Non-Redundant: Sufficient from Redundant', ['degraded']],
    ['Fans,78h,ok,29.1,Non-Redundant: Insufficient Resources', ['failed']],
    ['PSU1,C8h,ok,10.1,Presence detected', []],
    ['PSU1,C8h,ok,10.1,Presence detected, Failure detected', ['failed']],
    ['PSU1,C8h,ok,10.1,Presence detected, Predictive failure', ['degraded']],
    ['PSU1,C8h,ok,10.1,Presence detected, Power Supply AC lost', ['failed']],
    ['Drive 3,A4h,ok,26.4,Drive Present', []],
    ['Drive 3,A4h,ok,26.4,Drive Present, Drive Fault', ['failed']],
    ['CMOS Battery,16h,ok,7.1,Presence Detected', []],
    ['CMOS Battery,16h,ok,7.1,Failed', ['failed']],
    ['CMOS Battery,16h,ok,7.1,Low', ['degraded']],
    ['CPU,60h,ok,3.1,IERR', ['failed']],
    ['CPU,60h,ok,3.1,Thermal Trip', ['failed']],
    ['Memory,61h,ok,8.1,Correctable ECC', ['degraded']],
    ['Memory,61h,ok,8.1,Uncorrectable ECC', ['failed']],
    ['Intrusion,73h,ok,23.1,General Chassis intrusion', ['degraded']],
    ['OS Watchdog,71h,ok,7.1,', []],
    ['', []],
  ])('%j is %j', (row, expected) => expect(states(sensorFindings(sensorsOf(row), []))).toEqual(expected));

  it('is unknown where none gives a reading', () => {
    expect(texts(sensorFindings(sensorsOf('A,,,ns\nB,77h,ns,7.1,No Reading'), []))).toEqual([
      'unknown: None of the 2 sensors gave a reading: reset the board controller (ipmitool mc reset cold).',
    ]);
  });

  it('says what and what to do', () => {
    const rows = 'FAN 2,300,RPM,cr\nInlet Temp,34,degrees C,ok\nPS Redundancy,77h,ok,7.1,Redundancy Lost';
    expect(texts(sensorFindings(sensorsOf(rows), []))).toEqual([
      'failed: FAN 2 (300 RPM) is beyond its critical threshold: replace the fan.',
      'degraded: Inlet Temp: the air that goes in has 34 °C, more than 32: cool the aisle, close gaps in the rack.',
      'failed: PS Redundancy: Redundancy Lost: check the power supply and its cord.',
    ]);
  });

  it('leaves a supply without input to the finding that names its slot', () => {
    const lost = sensorsOf('Status,C8h,ok,10.2,Presence detected, Power Supply AC lost');
    expect(sensorFindings(lost, [psu('PSU2', false)])).toEqual([]);
    expect(texts(supplyFindings([psu('PSU1', true), psu('PSU2', false), psu('PSU3', null), psu('PSU4', null, false)]))).toEqual([
      'failed: PSU2 has no input power: check its cord and the outlet.',
    ]);
  });
}); // prettier-ignore

/** [sensor type, sensor number, event direction and type, event data 1] as a record of 2024-01-01. */
type EventBytes = readonly [sensorType: number, sensor: number, typeByte: number, data1: number];
const log = (...events: EventBytes[]): Uint8Array =>
  Buffer.concat(
    events.map((event, at) => Buffer.from([at + 1, 0, 2, 0x80, 0x00, 0x92, 0x65, 0x20, 0, 4, ...event, 0xff, 0xff])),
  );
const sensors = sensorsOf('PS2 Status,C8h,ok,10.2,Presence detected'); // prettier-ignore

describe('the event log', () => {
  it.each<[string, EventBytes[], string[]]>([
    ['nothing', [], []],
    ['a supply that is there', [[0x08, 1, 0x6f, 0]], []],
    ['a pulled cord', [[0x08, 1, 0x6f, 3]], ['failed']],
    ['a cord that is back', [[0x08, 1, 0x6f, 3], [0x08, 1, 0xef, 3]], []],
    ['an uncorrectable memory error', [[0x0c, 1, 0x6f, 1]], ['failed']],
    ['a correctable memory error', [[0x0c, 1, 0x6f, 0]], ['degraded']],
    ['IERR', [[0x07, 1, 0x6f, 0]], ['failed']],
    ['a thermal trip', [[0x07, 1, 0x6f, 1]], ['failed']],
    ['a drive fault', [[0x0d, 1, 0x6f, 1]], ['failed']],
    ['a fatal bus error', [[0x13, 1, 0x6f, 10]], ['failed']],
    ['an open lid', [[0x05, 1, 0x6f, 0]], ['degraded']],
    ['a system that stopped once', [[0x20, 1, 0x6f, 1]], ['degraded']],
    ['a full log', [[0x10, 1, 0x6f, 4]], ['degraded']],
    ['what was cleared', [[0x0c, 1, 0x6f, 1], [0x10, 1, 0x6f, 2]], []],
  ])('with %s', (_, events, expected) => expect(states(eventLogFindings(log(...events), []))).toEqual(expected));

  it('names sensor, event and time, and what to do', () => {
    expect(texts(eventLogFindings(log([0x08, 0xc8, 0x6f, 3]), sensors))).toEqual([
      "failed: PS2 Status (sensor C8h): power supply: input power lost, 2024-01-01 00:00:00 by the board controller's clock, and not left since: mend it, then clear the log (ipmitool sel clear).",
    ]);
    expect(eventLogFindings(log([0x08, 0xc8, 0x6f, 3]), [])[0]?.message).toMatch(/^Sensor C8h: power supply: input/);
  });

  it('names no more sensors than a person reads, the worst first, and says how many are left', () => {
    const many = Array.from({ length: 40 }, (_, at): EventBytes => [0x0c, at, 0x6f, 0]);
    const findings = eventLogFindings(log(...many, [0x0d, 99, 0x6f, 1]), []);
    expect(findings).toHaveLength(33);
    expect(findings[0]?.state).toBe('failed');
    expect(findings.at(-1)?.message).toBe('9 more events in the log: read it with ipmitool sel elist.');
  });

  it('that is cut off is not known whole', () => {
    expect(states(eventLogFindings(Buffer.concat([log([0x08, 1, 0x6f, 0]), Buffer.alloc(3)]), []))).toEqual(['unknown']);
  });

  it.each([[90, []], [91, ['degraded']]])('may be %s %% full: %j', (used, expected) => {
    expect(states(logSpaceFindings(`Version : 1.5\nPercent Used     : ${used}%\n`))).toEqual(expected);
  });
}); // prettier-ignore

describe('a clock', () => {
  const hostTimeMs = 1_795_456_800_000;
  it.each<[string, string | null, string[]]>([
    ['the same', '11/23/2026 18:00:00', []],
    ['two seconds ahead', '11/23/2026 18:00:02', []],
    ['three seconds ahead', '11/23/2026 18:00:03', ['degraded']],
    ['five minutes behind', '11/23/2026 17:55:00', ['degraded']],
    ['more behind', '11/23/2026 17:54:59', ['failed']],
    ['the same, in the form of ipmitool 1.8.19', '11/23/26 18:00:00 UTC', []],
    ['the same, in the zone of the host', '11/23/26 13:00:01 EST', []],
    ['wrong, in the zone of the host', '11/23/26 13:06:00 EST', ['failed']],
    ['not set', 'S+ 00:03:10', ['degraded']],
    ['not set, in another form', '01/01/1970 00:03:10', ['degraded']],
    ['no time', 'yesterday', ['unknown']],
    ['not told', null, ['unknown']],
  ])('of the board controller may be %s', (_, selTime, expected) => {
    expect(states(bmcClockFindings({ selTime, hostTimeMs }))).toEqual(expected);
  });

  it('of the board controller is unknown without a time of the host', () => {
    expect(states(bmcClockFindings({ selTime: '11/23/2026 18:00:00', hostTimeMs: undefined }))).toEqual(['unknown']);
  });

  it('says how far, and that local time may be the reason', () => {
    expect(texts(bmcClockFindings({ selTime: '11/23/2026 20:00:04', hostTimeMs }))).toEqual([
      "failed: The board controller's clock is 2 h 0 min ahead of the host's; one of the two may hold local time in place of UTC: set it (ipmitool sel time set now), and point it to a time server.",
    ]);
    expect(texts(hostClockFindings(-400_000))).toEqual([
      "failed: The host's clock is 7 min behind the controller's: set it (date, then hwclock --systohc), and point the host to a time server.",
    ]);
  });

  it.each([[5000, []], [-5001, ['degraded']], [300_000, ['degraded']], [-300_001, ['failed']]])(
    'of the host may be %s ms ahead of the controller: %j',
    (aheadMs, expected) => expect(states(hostClockFindings(aheadMs))).toEqual(expected),
  );

  it.each<[string, string | undefined]>([
    ['02/29/2024 23:59:59', '2024-02-29T23:59:59.000Z'],
    ['03/01/2100 00:00:00', '2100-03-01T00:00:00.000Z'],
    ['01/01/2000 12:34:56', '2000-01-01T12:34:56.000Z'],
    ['12/31/99 00:00:00 GMT', '2099-12-31T00:00:00.000Z'],
    ['13/01/2024 00:00:00', undefined],
    ['01/01/2024 24:00:00', undefined],
    ['', undefined],
  ])('reads %j', (text, iso) => {
    const told = parseSelTime(text);
    expect(told === undefined ? undefined : toRfc3339(told.ms)).toBe(iso);
  });
}); // prettier-ignore
