import { expect, it } from 'vitest';

import type { Psu } from '../inventory.ts';
import { parseFru, type Fru } from './fru.ts';
import { psusOf } from './power-supplies.ts';

const listed = (slot: string, change: Partial<Psu> = {}): Psu => ({
  slot, present: true, powered: true, watts: 750, manufacturer: 'DELL', model: null, part: null, serial: 'L1', source: 'smbios', ...change,
}); // prettier-ignore
const product = (name: string, serial: string): Fru => ({
  ...parseFru(new Uint8Array()),
  product: {
    checksumOk: true, custom: [], manufacturer: 'DELTA', name, part: '0CMPGM', version: 'A01', serial, assetTag: null, fruFileId: null,
  },
}); // prettier-ignore

const sdr = [
  'Inlet Temp,04h,ok,7.1,22 degrees C',
  'PS1 Status,C8h,ok,10.1,Presence detected',
  'PS1 Input Power,38h,ok,10.1,112 Watts',
  'PS2 Status,C9h,ok,10.2,Presence detected, Failure detected, Power Supply AC lost',
  'PS3 Status,CAh,ns,10.3,No Reading',
  'PS4 Status,CBh,ok,10.4,Device Absent',
  'Power Supply 5,95,Watts,ok,10.5,Presence detected',
  'Fan1,30h,ok,7.1,5640 RPM',
].join('\n');

it('believes the sensors about presence and input power', () => {
  expect(psusOf(sdr, [], []).map(({ slot, present, powered }) => [slot, present, powered])).toEqual([
    ['PSU1', true, true],
    ['PSU2', true, false],
    ['PSU4', false, null],
    ['PSU5', true, true],
  ]);
});

it('fills what sensors do not tell from the EEPROM, and then from the firmware tables', () => {
  const frus = [{ name: 'PS1', fru: product('PWR SPLY,1400W,RDNT,DELTA', 'CN1797265A0001') }];
  const [first, second] = psusOf(sdr, frus, [listed('PSU 1', { watts: null }), listed('PSU 2')]);
  expect(first).toMatchObject({ slot: 'PSU 1', watts: 1400, manufacturer: 'DELTA', serial: 'CN1797265A0001', source: 'ipmi' }); // prettier-ignore
  expect(second).toMatchObject({ slot: 'PSU 2', watts: 750, manufacturer: 'DELL', serial: 'L1', powered: false });
});

it('takes the firmware tables where there is no sensor', () => {
  expect(psusOf('', [], [listed('PSU1')])).toEqual([listed('PSU1')]);
  expect(psusOf('', [], [])).toEqual([]);
});

it.each([
  ['PWR SPLY,750W,RDNT,EMSN', 750],
  ['HPE 800W FS Plat Ht Plg LH', 800],
  ['PWS-1K62A-1R', null],
  ['1600 W', 1600],
  ['WX750Wide', null],
])('reads the power out of %s', (name, watts) => {
  const [supply] = psusOf('PS1 Status,C8h,ok,10.1,Presence detected', [{ name: 'PSU1', fru: product(name, 'S') }], []);
  expect(supply?.watts).toBe(watts);
});
