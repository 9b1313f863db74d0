import fc from 'fast-check';
import { expect, it } from 'vitest';

import { sensorsOf, type Sensor } from './sdr.ts';

const bare: Sensor = { name: '', number: null, status: 'ok', reading: null, unit: null, entity: null, states: [] };

it.each<[string, string, Partial<Sensor>]>([
  ['a reading', 'CPU1 Temp,31,degrees C,ok', { name: 'CPU1 Temp', reading: 31, unit: 'degrees C' }],
  ['a reading beyond a threshold', 'FAN 2,300.5,RPM,cr', { name: 'FAN 2', reading: 300.5, unit: 'RPM', status: 'cr' }],
  ['a threshold sensor without a reading', 'FAN 9,,,ns', { name: 'FAN 9', status: 'ns' }],
  ['states', 'Status,C8h,ok,10.1,Presence detected, Power Supply AC lost', { name: 'Status', number: 0xc8, entity: '10.1', states: ['Presence detected', 'Power Supply AC lost'] }],
  ['no state', 'PS Redundancy,77h,ok,7.1,', { name: 'PS Redundancy', number: 0x77, entity: '7.1' }],
  ['a state sensor without a reading', 'Drive 4,A4h,ns,26.4,No Reading', { name: 'Drive 4', number: 0xa4, status: 'ns', entity: '26.4', states: ['No Reading'] }],
  ['a reading with states', 'Power Supply 2,95,Watts,ok,10.2,Presence detected', { name: 'Power Supply 2', reading: 95, unit: 'Watts', entity: '10.2', states: ['Presence detected'] }],
  ['a FRU record', 'BMC FRU,00h,ok,7.1', { name: 'BMC FRU', entity: '7.1' }],
])('reads a row of %s', (_, row, sensor) => expect(sensorsOf(row)).toEqual([{ ...bare, ...sensor }])); // prettier-ignore

it.each(['', 'no commas', 'name,1,2,3,4', ',31,degrees C,ok', 'Get SDR failed: timeout'])('leaves out %j', (row) => {
  expect(sensorsOf(row)).toEqual([]);
});

it('reads any text, and at most so many sensors', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(sensorsOf(text).every(({ name }) => name !== '')).toBe(true);
    }),
  );
  expect(sensorsOf('T,1,degrees C,ok\n'.repeat(2000))).toHaveLength(1024);
});
