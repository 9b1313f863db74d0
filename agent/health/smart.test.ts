import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';

import { smartFindings } from './smart.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../test/fixtures/smartctl/${name}.json`, import.meta.url), 'utf8');
const messagesOf = (report: unknown): string[] =>
  smartFindings('disk S1', JSON.stringify(report)).map(({ state, message }) => `${state}: ${message}`);
const nvme = (log: object): object => ({ smart_status: { passed: true }, nvme_smart_health_information_log: log });
const ata = (id: number, value: number): object => ({ ata_smart_attributes: { table: [{ id, raw: { value } }] } });

it.each([
  'nvme-intel-ssdpe2kx020',
  'nvme-toshiba-kxg60',
  'sata-hgst-hus724020',
  'sata-kingston-sa400',
  'sata-samsung-mz7wd240',
])('finds nothing wrong with the real drive %s', (name) => expect(smartFindings('disk S1', fixture(name))).toEqual([]));

it('finds the uncorrected read error of a real SAS drive that calls itself healthy', () => {
  expect(smartFindings('disk S1', fixture('sas-seagate-st373453'))).toEqual([
    { check: 'smart', component: 'disk S1', state: 'failed', message: '1 uncorrected read errors' },
  ]);
});

it.each<[string, object, string[]]>([
  ['the drive says so', { smart_status: { passed: false } }, ['failed: the drive itself says it is failing']],
  ['it warns', nvme({ critical_warning: 5 }), ['failed: NVMe critical warning 0x5']],
  ['media failed', nvme({ media_errors: 3 }), ['failed: 3 media errors']],
  ['it is worn out', nvme({ percentage_used: 100 }), ['failed: its rated endurance is used up (100 %)']],
  ['sectors could not be corrected', ata(187, 1), ['failed: ATA attribute 187 is 1']],
  ['sectors are pending', ata(197, 8), ['failed: ATA attribute 197 is 8']],
  ['sectors cannot be read offline', ata(198, 2), ['failed: ATA attribute 198 is 2']],
  ['several things are wrong', nvme({ critical_warning: 1, media_errors: 1 }), ['failed: NVMe critical warning 0x1', 'failed: 1 media errors']],
])('calls a drive failed when %s', (_, report, messages) => expect(messagesOf(report)).toEqual(messages)); // prettier-ignore

it.each<[string, object]>([
  ['nearly worn out', nvme({ percentage_used: 99 })],
  ['with sectors that were reallocated well', ata(5, 100)],
  ['without any data', {}],
])('finds nothing wrong with a drive %s', (_, report) => expect(messagesOf(report)).toEqual([]));

it('does not know the state of a drive whose answer is not JSON', () => {
  expect(smartFindings('disk S1', 'smartctl: command failed')).toMatchObject([{ state: 'unknown' }]);
});

it('answers any JSON with findings, never by throwing', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(Array.isArray(smartFindings('disk S1', text))).toBe(true);
    }),
  );
});
