import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { openEvents, parseSel, selRecord, selRecordBytes, type SelRecord } from './sel.ts';

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');
/** [sensor type, sensor number, event direction and type, event data 1] as a record of 2024-01-01. */
type EventBytes = readonly [sensorType: number, sensor: number, typeByte: number, data1: number];
const record = (event: EventBytes, id = 1): Buffer =>
  Buffer.from([id & 0xff, id >> 8, 2, 0x80, 0x00, 0x92, 0x65, 0x20, 0, 4, ...event, 0xff, 0xff]);
const parsed = (...events: EventBytes[]): readonly SelRecord[] =>
  parseSel(Buffer.concat(events.map((event, index) => record(event, index + 1)))).records;

describe('a record of a real log', () => {
  it('of a power unit that lost its second supply', () => {
    expect(selRecord(bytesOf('4d15 02 90b3c667 4100 04 09 01 0b 03ffff'))).toEqual({
      kind: 'event', id: 5453, atMs: Date.parse('2025-03-04T08:02:24Z'), beforeClock: false, generator: 0x41,
      sensorType: 9, sensorNumber: 1, eventType: 0x0b, offset: 3, asserted: true, severity: 'warning',
      text: 'power unit: not redundant, resources suffice', detail: 'ffff',
    }); // prettier-ignore
  });

  it('with a maker’s own sensor and event types keeps the numbers', () => {
    expect(selRecord(bytesOf('ff03 02 f761ef52 7e00 04 f2 09 7f 00ffff'))).toMatchObject({
      atMs: Date.parse('2014-02-03T09:31:35Z'), sensorType: 0xf2, eventType: 0x7f, offset: null, severity: 'info',
      text: 'sensor type f2h: event type 7fh, state 0',
    }); // prettier-ignore
  });
});

describe('an event', () => {
  it.each<[string, EventBytes, string, string]>([
    ['a supply that failed', [0x08, 1, 0x6f, 1], 'power supply: failed', 'critical'],
    ['a supply that will fail', [0x08, 1, 0x6f, 2], 'power supply: failure predicted', 'warning'],
    ['a pulled cord', [0x08, 1, 0x6f, 3], 'power supply: input power lost', 'critical'],
    ['one bad bit', [0x0c, 1, 0x6f, 0xa0], 'memory: correctable ECC error', 'warning'],
    ['two bad bits', [0x0c, 1, 0x6f, 0xa1], 'memory: uncorrectable ECC error', 'critical'],
    ['many bad bits', [0x0c, 1, 0x6f, 5], 'memory: limit of correctable ECC errors reached', 'warning'],
    ['IERR', [0x07, 1, 0x6f, 0], 'processor: internal error (IERR)', 'critical'],
    ['a CPU that got too hot', [0x07, 1, 0x6f, 1], 'processor: thermal trip', 'critical'],
    ['a failed disk', [0x0d, 1, 0x6f, 1], 'drive: fault', 'critical'],
    ['a slow fan', [0x04, 1, 0x01, 0x52], 'fan: fell below its lower critical threshold', 'critical'],
    ['lost fan redundancy', [0x04, 1, 0x0b, 1], 'fan: redundancy lost', 'critical'],
    ['heat', [0x01, 1, 0x01, 0x59], 'temperature: rose above its upper critical threshold', 'critical'],
    ['warmth', [0x01, 1, 0x01, 0x57], 'temperature: rose above its upper non-critical threshold', 'warning'],
    ['a fatal bus error', [0x13, 1, 0x6f, 10], 'critical interrupt: fatal bus error', 'critical'],
    ['an opened lid', [0x05, 1, 0x6f, 0], 'chassis intrusion: chassis opened', 'warning'],
    ['a full log', [0x10, 1, 0x6f, 4], 'event log: log full', 'warning'],
    ['a supply that is there', [0x08, 1, 0x6f, 0], 'power supply: present', 'info'],
    ['a state the standard does not have', [0x08, 1, 0x6f, 14], 'power supply: event type 6fh, state 14', 'info'],
  ])('of %s says so', (...[, event, text, severity]) => {
    expect(selRecord(record(event))).toMatchObject({ text, severity, asserted: true });
  }); // prettier-ignore

  it('whose highest bit of the event type is set was left', () => {
    expect(selRecord(record([0x08, 1, 0xef, 3]))).toMatchObject({ asserted: false, eventType: 0x6f, offset: 3 });
  });

  it.each<[string, string, number | null, boolean]>([
    ['a date', '80009265', Date.parse('2024-01-01T00:00:00Z'), false],
    ['seconds since the BMC started', '2a000000', null, true],
    ['the last such second', '00000020', null, true],
    ['no time', 'ffffffff', null, false],
  ])('may carry %s', (...[, time, atMs, beforeClock]) => {
    const bytes = bytesOf(`0100 02 ${time} 2000 04 08 01 6f 03ffff`);
    expect(selRecord(bytes)).toMatchObject({ atMs, beforeClock });
  });
});

describe('a maker’s record', () => {
  it('with a time has the maker’s number', () => {
    expect(selRecord(bytesOf('0200 c0 80009265 a20200 010203040506'))).toEqual({
      kind: 'oem', id: 2, recordType: 0xc0, atMs: Date.parse('2024-01-01T00:00:00Z'), beforeClock: false,
      manufacturerId: 674, data: '010203040506',
    }); // prettier-ignore
  });

  it('without a time is thirteen bytes', () => {
    expect(selRecord(bytesOf('0300 e0 0102030405060708090a0b0c0d'))).toMatchObject({
      recordType: 0xe0, atMs: null, beforeClock: false, manufacturerId: null, data: '0102030405060708090a0b0c0d',
    }); // prettier-ignore
  });
});

describe('what is still wrong', () => {
  const texts = (...events: EventBytes[]): string[] => openEvents(parsed(...events)).map(({ text }) => text);

  it('is what was entered and not left', () => {
    expect(texts([0x08, 1, 0x6f, 3], [0x0c, 9, 0x6f, 1], [0x08, 1, 0xef, 3])).toEqual(['memory: uncorrectable ECC error']);
  });

  it('keeps two sensors, and two states of one sensor, apart', () => {
    expect(texts([0x08, 1, 0x6f, 3], [0x08, 2, 0x6f, 3], [0x08, 2, 0xef, 3])).toHaveLength(1);
    expect(texts([0x08, 1, 0x6f, 1], [0x08, 1, 0x6f, 3], [0x08, 1, 0xef, 3])).toEqual(['power supply: failed']);
  });

  it('ends with the opposite state where states exclude each other', () => {
    expect(texts([0x08, 7, 0x0b, 1], [0x08, 7, 0x0b, 0])).toEqual(['power supply: fully redundant']);
    expect(texts([0x08, 7, 0x0b, 0], [0x08, 7, 0x0b, 1], [0x08, 7, 0x8b, 0])).toEqual(['power supply: redundancy lost']);
  });

  it('is nothing before the log was cleared', () => {
    expect(texts([0x0c, 9, 0x6f, 1], [0x10, 1, 0x6f, 2])).toEqual(['event log: log cleared']);
  });
}); // prettier-ignore

describe('a log', () => {
  it('that ends inside a record says so, and gives the others', () => {
    const whole = Buffer.concat([record([0x08, 1, 0x6f, 1]), record([0x08, 1, 0x6f, 3], 2)]);
    const { records, problems } = parseSel(whole.subarray(0, 20));
    expect(records).toHaveLength(1);
    expect(problems).toEqual(['the last record is cut off: 4 of 16 bytes']);
  });

  it('with records of no known type counts them', () => {
    const { records, problems } = parseSel(Buffer.concat([Buffer.alloc(16), record([0x08, 1, 0x6f, 1])]));
    expect(records).toHaveLength(1);
    expect(problems).toEqual(['1 records of an unknown type are left out']);
  });

  it('has no more records than record ids', () => {
    const { records, problems } = parseSel(new Uint8Array(selRecordBytes * 0x10001).fill(2));
    expect(records).toHaveLength(0xffff);
    expect(problems).toHaveLength(1);
  });

  it('of any bytes gives a result, and never throws', () => {
    const typed = fc.tuple(fc.constantFrom(2, 0xc0, 0xe0), fc.uint8Array({ minLength: 16, maxLength: 16 })).map(
      ([type, bytes]) => Uint8Array.from(bytes, (byte, index) => (index === 2 ? type : byte)),
    );
    const log = fc.tuple(fc.array(typed, { maxLength: 40 }), fc.uint8Array({ maxLength: 40 }));
    fc.assert(
      fc.property(log, ([records, rest]) => {
        const sel = parseSel(Buffer.concat([...records, rest]));
        expect(sel.records.length).toBeGreaterThanOrEqual(records.length);
        expect(openEvents(sel.records).length).toBeLessThanOrEqual(sel.records.length);
        for (const one of sel.records) if (one.kind === 'event') expect(one.text).toMatch(/^.+: .+$/);
      }),
      { numRuns: 1000 },
    );
  }); // prettier-ignore
});
