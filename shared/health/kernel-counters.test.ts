// What the kernel counted: memory, PCI functions, ports, its own messages. Each rule with both sides.
import { describe, expect, it } from 'vitest';

import { bareInventory, bareNic, barePci } from '../../test/fixtures/parts.ts';
import { edacOf } from '../hardware/evidence/edac.ts';
import type { Dimm, PciDevice } from '../hardware/inventory.ts';
import { gib, mib } from '../units.ts';
import type { HealthFinding } from './finding.ts';
import { kernelLogFindings } from './kernel-log.ts';
import { memoryErrorFindings, memoryTotalFindings } from './memory.ts';
import { pciErrorFindings } from './pci-errors.ts';
import { portErrorFindings, portLinkFindings } from './ports.ts';

const texts = (findings: readonly HealthFinding[]): string[] =>
  findings.map(({ state, message }) => `${state}: ${message}`);
const states = (findings: readonly HealthFinding[]): string[] => findings.map(({ state }) => state);
const dimm = (slot: string, sizeBytes: number | null): Dimm => ({
  handle: 1, slot, bank: null, populated: sizeBytes !== null, sizeBytes, type: null, ratedMts: null,
  configuredMts: null, manufacturer: null, serial: 'M1', part: null, rank: null, ecc: null,
}); // prettier-ignore

describe('memory errors', () => {
  const mc = (corrected: string, uncorrected: string, modules: Record<string, string> = {}): Record<string, string> => ({
    ce_count: corrected, ue_count: uncorrected, ...modules,
  });
  const module = (corrected: string, uncorrected: string, label?: string): Record<string, string> => ({
    'dimm0/dimm_ce_count': corrected, 'dimm0/dimm_ue_count': uncorrected, 'dimm0/dimm_location': 'channel 0 slot 0 ',
    ...(label === undefined ? {} : { 'dimm0/dimm_label': label }),
  });
  it.each<[string, Record<string, string>, string[]]>([
    ['none', mc('0', '0', module('0', '0', 'A3')), []],
    ['corrected ones', mc('1', '0', module('1', '0', 'A3')), ['degraded: DIMM A3 (SN M1): 1 corrected memory error: reseat the module, replace it if the count grows.']],
    ['uncorrected ones', mc('3', '2', module('3', '2', 'DIMM_B1')), ['failed: DIMM_B1: 2 uncorrected memory errors: replace the module.']],
    ['of a module without a label', mc('0', '1', module('0', '1')), ['failed: Memory module mc0 dimm0, channel 0 slot 0: 1 uncorrected memory error: replace the module.']],
    ['of no known module', mc('0', '1', module('0', '0', 'A3')), ['failed: Memory controller mc0, of no known module: 1 uncorrected memory error: replace the module.']],
    ['without modules', mc('2', '0'), ['degraded: Memory controller mc0, of no known module: 2 corrected memory errors: reseat the module, replace it if the count grows.']],
    ['unreadable counters', mc('', 'many'), ['unknown: Memory controller mc0: its error counters cannot be read.']],
  ])('%s', (_, attributes, expected) => {
    expect(texts(memoryErrorFindings(edacOf({ mc0: attributes }), [dimm('A3', gib)]))).toEqual(expected);
  });
}); // prettier-ignore

describe('the sum of memory', () => {
  const two = [dimm('A1', 16 * gib), dimm('A2', 16 * gib), dimm('A3', null)];
  it.each<[string, Dimm[], number | null, string[]]>([
    ['all of it can be used', two, 32 * gib, []],
    ['the kernel keeps seven percent and 128 MiB', two, Math.ceil(32 * gib * 0.93 - 128 * mib), []],
    ['a little more is missing', two, Math.ceil(32 * gib * 0.93 - 128 * mib) - 1, ['degraded']],
    ['a whole module is missing', two, 16 * gib, ['degraded']],
    ['a small machine has its firmware take a larger part', [dimm('A1', 2 * gib)], 1.85 * gib, []],
    ['no module is known', [dimm('A1', null)], 16 * gib, []],
    ['the total is not known', two, null, []],
  ])('is judged where %s', (...[, dimms, memoryTotalBytes, expected]) => {
    expect(states(memoryTotalFindings({ ...bareInventory, dimms, memoryTotalBytes }))).toEqual(expected);
  });
});

describe('a PCI function', () => {
  const card: PciDevice = { ...barePci, bdf: '0000:3b:00.0', vendor: '15b3', device: '101d', slot: '3' };
  it.each<[Record<string, string>, string[]]>([
    [{ aer_fatal: '0', aer_nonfatal: '0', aer_correctable: '0' }, []],
    [{}, []],
    [{ aer_fatal: '1' }, ['failed: PCI device 0000:3b:00.0 (slot 3, 15b3:101d): 1 PCIe fatal error since boot: reseat it, replace it if they come back.']],
    [{ aer_nonfatal: '2' }, ['failed: PCI device 0000:3b:00.0 (slot 3, 15b3:101d): 2 PCIe uncorrected errors since boot: reseat it, replace it if they come back.']],
    [{ aer_correctable: '3' }, ['degraded: PCI device 0000:3b:00.0 (slot 3, 15b3:101d): 3 PCIe corrected errors since boot: reseat it if the count grows.']],
  ])('counts errors %j', (attributes, expected) => {
    expect(texts(pciErrorFindings({ [card.bdf]: attributes }, [card]))).toEqual(expected);
  });
}); // prettier-ignore

describe('a port', () => {
  const nic = { ...bareNic, name: 'eno1', label: 'NIC 1', linkUp: true, speedMbps: 10_000, maxMbps: 10_000 };
  it.each<[Record<string, Record<string, string>>, string[]]>([
    [{ eno1: { rx_crc_errors: '0' } }, []],
    [{ eno2: { rx_crc_errors: '5' } }, []],
    [{ eno1: { rx_crc_errors: '5' } }, ['degraded: Port eno1 (NIC 1, 52:54:00:00:00:01): 5 frames with a wrong checksum since boot: reseat the cable and its module, replace them if the count grows.']],
  ])('counts broken frames %j', (counters, expected) => {
    expect(texts(portErrorFindings(counters, [nic]))).toEqual(expected);
  });

  it.each([
    [{}, []],
    [{ speedMbps: 1000 }, ['degraded']],
    [{ speedMbps: 1000, linkUp: false }, []],
    [{ speedMbps: null }, []],
    [{ speedMbps: 1000, maxMbps: null }, []],
  ])('with %j is judged by what it could do', (change, expected) => {
    expect(states(portLinkFindings([{ ...nic, ...change }]))).toEqual(expected);
  });
}); // prettier-ignore

it.each<[string, string[]]>([
  ['6,1,0,-;Linux version 6.12', []],
  ['4,900,1,-;mce: [Hardware Error]: Machine check events logged', ['degraded']],
  ['4,900,1,-;{1}[Hardware Error]: event severity: corrected', ['degraded']],
  ['0,900,1,-;{1}[Hardware Error]: event severity: fatal', ['failed']],
  ['0,900,1,-;{1}[Hardware Error]: event severity: recoverable', ['failed']],
  ['6,900,1,-;{1}[Hardware Error]:  Error 0, type: corrected', []],
  ['0,1,1,-;[Hardware Error]: event severity: fatal\n0,2,1,-;mce: [Hardware Error]: Machine check events logged', ['failed', 'degraded']],
])('the kernel saying %j is %j', (lines, expected) => expect(states(kernelLogFindings(lines.split('\n')))).toEqual(expected)); // prettier-ignore

it('tells the last of the kernel’s messages, and how many there were', () => {
  const lines = ['4,1,1,-;{1}[Hardware Error]: event severity: fatal', '4,2,2,-;{2}[Hardware Error]: event severity: fatal'];
  expect(texts(kernelLogFindings(lines))).toEqual([
    'failed: The kernel reported 2 uncorrected hardware errors since boot, the last: "{2}[Hardware Error]: event severity: fatal". Read dmesg and the event log for the part, replace it.',
  ]);
}); // prettier-ignore
