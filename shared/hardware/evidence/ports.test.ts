import { expect, it } from 'vitest';

import { lldpFrame } from '../../../test/fixtures/evidence-of.ts';
import { bareNic } from '../../../test/fixtures/parts.ts';
import { isHeardOut, withWitnesses, type Ports } from './ports.ts';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const frame = (port: string): string =>
  base64(lldpFrame({ system: 'leaf-b17-1', chassis: 'c1', port, portDescription: 'R12' }));
const nicOf = (port: Ports[string], frames: string[] = []) =>
  withWitnesses([bareNic], {
    ports: { eth0: port },
    heard: { sinceMs: 0, readAtMs: 1, frames: { eth0: frames } },
    labels: new Map([['0000:01:00.0', 'Integrated NIC 1']]),
  })[0];

it('takes the permanent address, not the one a bond has lent the port', () => {
  expect(nicOf({ permanentMac: '24:6E:96:00:00:01' })?.mac).toBe('24:6e:96:00:00:01');
  expect(nicOf({ permanentMac: '00:00:00:00:00:00' })?.mac).toBe(bareNic.mac);
  expect(nicOf({})?.mac).toBe(bareNic.mac);
});

it('tells the fastest mode only where the driver knows one', () => {
  expect([nicOf({ maxMbps: 25_000 })?.maxMbps, nicOf({ maxMbps: 0 })?.maxMbps, nicOf({ maxMbps: null })?.maxMbps]).toEqual([25_000, null, null]); // prettier-ignore
});

it.each([
  ['an SFP', 0x03, 20, 40, 68],
  ['a QSFP28', 0x11, 148, 168, 196],
  ['a QSFP-DD', 0x18, 129, 148, 166],
])('reads vendor, part and serial of %s', (...[, identifier, vendor, part, serial]) => {
  const eeprom = Buffer.alloc(256);
  eeprom[0] = identifier;
  eeprom.write('FINISAR CORP.   ', vendor);
  eeprom.write('FTLF8536P4BCL   ', part);
  eeprom.write('ABC123          ', serial);
  const expected = { vendor: 'FINISAR CORP.', part: 'FTLF8536P4BCL', serial: 'ABC123' };
  expect(nicOf({ module: base64(eeprom) })?.module).toEqual(expected);
  expect(nicOf({ module: base64(eeprom.subarray(0, 60)) })?.module).toBeNull();
});

it.each([[null], [''], ['!!'], [base64(Buffer.alloc(256))]])('holds no module where its EEPROM is %j', (module) => {
  expect(nicOf({ module })?.module).toBeNull();
});

it('names the neighbour of the newest frame that is one', () => {
  expect(nicOf({}, [frame('swp7'), frame('swp9'), 'rubbish'])?.neighbour).toEqual({
    system: 'leaf-b17-1', chassis: 'c1', port: 'swp9', portDescription: 'R12',
  }); // prettier-ignore
  expect(nicOf({}, [])?.neighbour).toBeNull();
});

it('has heard everybody after a little more than one interval of a switch', () => {
  const heard = (readAtMs: number) => isHeardOut({ sinceMs: 1000, readAtMs, frames: {} });
  expect([isHeardOut(undefined), heard(35_999), heard(36_000)]).toEqual([false, false, true]);
});

it('labels a port as its firmware does', () => {
  const [nic] = withWitnesses([{ ...bareNic, pci: '0000:01:00.0' }], {
    ports: {},
    heard: undefined,
    labels: new Map([['0000:01:00.0', 'Integrated NIC 1']]),
  });
  expect(nic?.label).toBe('Integrated NIC 1');
});
