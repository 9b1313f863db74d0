import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { factCharsMax } from './fact-text.ts';
import { parseSmartctl, type SmartFacts } from './smartctl.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/smartctl/${name}.json`, import.meta.url), 'utf8');
const factsOf = (report: object): SmartFacts | undefined => parseSmartctl(JSON.stringify(report));

const drives: readonly (readonly [string, Partial<SmartFacts>])[] = [
  ['nvme-intel-ssdpe2kx020', {
    protocol: 'nvme', model: 'INTEL SSDPE2KX020T7', capacityBytes: 2_000_398_934_016, rotational: false, passed: true,
    wearPercent: 75, mediaErrors: 0, criticalWarning: 0, spareBelowThreshold: false, temperatureCelsius: 19,
    powerOnHours: 49_441, reallocatedSectors: null, pendingSectors: null,
  }],
  ['nvme-toshiba-kxg60', { model: 'KXG60ZNV512G TOSHIBA', capacityBytes: 512_110_190_592, wearPercent: 1, powerOnHours: 12_173 }],
  ['nvme-intel-ssdpf2kx038', { model: 'INTEL SSDPF2KX038TZ', capacityBytes: 3_840_755_982_336, wearPercent: 0 }],
  ['nvme-micron-mtfdhax1t6', { model: 'MTFDHAX1T6MCE-1AN1ZABYY', capacityBytes: 1_600_321_314_816, wearPercent: 69 }],
  ['sas-seagate-st373453', {
    protocol: 'scsi', model: 'SEAGATE ST373453LC', firmware: 'DX10', capacityBytes: 73_407_820_800, rotational: true,
    passed: true, mediaErrors: 536, reallocatedSectors: 260, pendingSectors: null, wearPercent: null,
    temperatureCelsius: 33, powerOnHours: 102_880,
  }],
  ['sata-hgst-hus724020', {
    protocol: 'ata', model: 'HGST HUS724020ALE640', capacityBytes: 2_000_398_934_016, rotational: true, passed: true,
    reallocatedSectors: 0, pendingSectors: 0, mediaErrors: null, wearPercent: null, powerOnHours: 83_425,
    exit: { status: 64, bits: ['error-log'], answered: true },
  }],
  ['sata-kingston-sa400', {
    model: 'KINGSTON SA400M8120G', rotational: false, wearPercent: 2, mediaErrors: 0,
    exit: { status: 4, bits: ['command-failed'], answered: true },
  }],
  ['sata-samsung-mz7wd240', {
    model: 'SAMSUNG MZ7WD240HAFV-00003', rotational: false, wearPercent: 9, mediaErrors: 0, reallocatedSectors: 0,
    pendingSectors: null, temperatureCelsius: 27, exit: { status: 0, bits: [], answered: true },
  }],
  ['sata-wdc-wuh721816', { model: 'WDC  WUH721816ALE6L4', capacityBytes: 16_000_900_661_248, rotational: true }],
]; // prettier-ignore

describe('a real drive', () => {
  it.each(drives)('gives its facts: %s', (name, expected) => expect(parseSmartctl(fixture(name))).toMatchObject(expected));
}); // prettier-ignore

describe('exit status', () => {
  it.each<[number, string[], boolean]>([
    [0, [], true],
    [1, ['command-line'], false],
    [2, ['not-opened'], false],
    [8, ['failing'], true],
    [24, ['failing', 'prefail-below-threshold'], true],
    [0xe0, ['threshold-passed-before', 'error-log', 'self-test-log'], true],
  ])('%d is %j, and the drive answered: %s', (...[status, bits, answered]) => {
    expect(factsOf({ smartctl: { exit_status: status } })?.exit).toEqual({ status, bits, answered });
  });

  it.each([-1, 256, 1.5, '4', null])('%j is none', (status) => {
    expect(factsOf({ smartctl: { exit_status: status } })?.exit).toBeNull();
  });
});

describe('a report', () => {
  it('of a drive that could not be opened has messages and no facts', () => {
    const facts = factsOf({
      smartctl: { exit_status: 2, messages: [{ string: 'Unable to open device', severity: 'error' }, 7, {}] },
    });
    expect(facts).toMatchObject({ passed: null, serial: null, capacityBytes: null, mediaErrors: null });
    expect(facts?.messages).toEqual([{ severity: 'error', text: 'Unable to open device' }]);
  });

  it.each<[string, object, number]>([
    ['NVMe', { nvme_smart_health_information_log: { percentage_used: 104 } }, 104],
    ['the endurance of smartctl 7.4', { endurance_used: { current_percent: 12 } }, 12],
    ['SCSI', { scsi_percentage_used_endurance_indicator: 3 }, 3],
    ['the device statistics', { ata_device_statistics: { pages: [{ number: 1 }, { number: 7, table: [{ name: 'Percentage Used Endurance Indicator', value: 5, flags: { valid: true } }] }] } }, 5],
  ])('has its wear from %s', (...[, report, wearPercent]) => expect(factsOf(report)).toMatchObject({ wearPercent })); // prettier-ignore

  it('whose statistic is not valid has no wear', () => {
    const row = { name: 'Percentage Used Endurance Indicator', value: 5, flags: { valid: false } };
    expect(factsOf({ ata_device_statistics: { pages: [{ table: [row] }] } })).toMatchObject({ wearPercent: null });
  });

  it('takes vendor and product for the model, and placeholders for nothing', () => {
    expect(factsOf({ scsi_vendor: 'HITACHI', scsi_product: 'HUS156045VLS600', serial_number: '00000000' })).toMatchObject({
      model: 'HITACHI HUS156045VLS600',
      serial: null,
    });
  }); // prettier-ignore

  it('with fewer spare blocks than its threshold says so', () => {
    const log = { available_spare: 4, available_spare_threshold: 10 };
    expect(factsOf({ nvme_smart_health_information_log: log })).toMatchObject({ spareBelowThreshold: true });
  });

  it('of a drive that is failing says so', () => {
    expect(factsOf({ smart_status: { passed: false } })).toMatchObject({ passed: false });
  });

  it.each(['', '{', 'null', '[]', '"text"', '7'])('that is %j is none', (text) =>
    expect(parseSmartctl(text)).toBeUndefined(),
  );
});

function bounded(facts: SmartFacts | undefined): void {
  if (facts === undefined) return;
  for (const value of Object.values(facts)) {
    if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(factCharsMax);
    if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
  }
  expect(facts.messages.length).toBeLessThanOrEqual(32);
}

describe('anything else', () => {
  it('never throws: a text, cut or not', () => {
    const whole = fixture('nvme-toshiba-kxg60');
    for (let length = 0; length <= whole.length; length += 1) bounded(parseSmartctl(whole.slice(0, length)));
    fc.assert(fc.property(fc.string(), (text) => bounded(parseSmartctl(text)))); // prettier-ignore
  });

  it('never throws: a report with any values under its keys', () => {
    const keys = [
      'device', 'protocol', 'model_name', 'serial_number', 'user_capacity', 'bytes', 'smart_status', 'passed', 'smartctl',
      'exit_status', 'messages', 'string', 'ata_smart_attributes', 'table', 'id', 'raw', 'value', 'name', 'temperature',
      'current', 'nvme_smart_health_information_log', 'scsi_error_counter_log', 'read', 'ata_device_statistics', 'pages',
    ]; // prettier-ignore
    const values = fc.anything({ key: fc.constantFrom(...keys), maxDepth: 4, maxKeys: 12 });
    const reports = fc.dictionary(fc.constantFrom(...keys), values);
    fc.assert(fc.property(reports, (report) => bounded(factsOf(report))), { numRuns: 2000 }); // prettier-ignore
  });
});
