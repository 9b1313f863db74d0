import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { driveCounters, judgeDriveCounters, judgeSelfTest, selfTestState, type SelfTestState } from './drive-health.ts';

const folder = join(import.meta.dirname, '../../test/fixtures/smartctl');
const fixture = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));

it.each<[string, Record<string, number>]>([
  ['nvme-toshiba-kxg60', { 'media errors': 0 }],
  ['sata-hgst-hus724020', { 'reallocated sectors': 0, 'pending sectors': 0, 'interface CRC errors': 12 }],
  ['sas-seagate-st373453', { 'uncorrected read errors': 1, 'uncorrected write errors': 535, 'grown defects': 260 }],
])('reads the counters of %s', (name, counters) => {
  expect(driveCounters(fixture(name))).toMatchObject(counters);
});

it('finds no counters in an answer that has none', () => {
  for (const answer of [undefined, null, 'text', {}, { device: {} }]) expect(driveCounters(answer)).toBeUndefined();
});

it.each<[Record<string, number> | undefined, Record<string, number> | undefined, string, RegExp]>([
  [{ 'media errors': 4 }, { 'media errors': 4 }, 'passed', /did not grow/],
  [{ 'media errors': 0 }, { 'media errors': 1 }, 'failed', /1 more media errors under load/],
  [{ 'pending sectors': 1 }, { 'pending sectors': 0 }, 'passed', /did not grow/],
  [{ 'grown defects': 260 }, { 'grown defects': 262 }, 'failed', /2 more grown defects/],
  [{ 'interface CRC errors': 0 }, { 'interface CRC errors': 7 }, 'passed', /7 more interface CRC errors; watch it/],
  [undefined, { 'media errors': 0 }, 'unverifiable', /reports no error counters/],
  [{ 'media errors': 0 }, undefined, 'unverifiable', /reports no error counters/],
])('judges %j and then %j as %s', (...[before, after, outcome, sentence]) => {
  const judged = judgeDriveCounters('disk S1', before, after);
  expect(judged.outcome).toBe(outcome);
  expect(judged.sentence).toMatch(sentence);
});

const ata = (value: number): unknown => ({ ata_smart_data: { self_test: { status: { value, string: 'words' } } } });
const scsi = (value: number): unknown => ({ scsi_self_test_0: { result: { value, string: 'words' } } });
const nvme = (operation: number, result?: number): unknown => ({
  'Current Device Self-Test Operation': operation,
  'Current Device Self-Test Completion': operation === 0 ? 0 : 40,
  'List of Valid Reports': result === undefined ? [] : [{ 'Self test result': result }, { 'Self test result': 7 }],
});
const ended = (judgement: string): Record<string, unknown> => ({ kind: 'ended', judgement });

it.each<[string, unknown, Record<string, unknown>]>([
  ['ATA that passed', ata(0), ended('passed')],
  ['ATA that was aborted by the host', ata(0x10), ended('aborted')],
  ['ATA with a read failure', ata(0x79), ended('failed')],
  ['ATA in progress', ata(0xf4), { kind: 'running', percent: 60 }],
  ['SCSI that passed', scsi(0), ended('passed')],
  ['SCSI that was aborted', scsi(2), ended('aborted')],
  ['SCSI with a failed segment', scsi(7), ended('failed')],
  ['SCSI in progress', scsi(15), { kind: 'running' }],
  ['NVMe that passed', nvme(0, 0), ended('passed')],
  ['NVMe that a reset aborted', nvme(0, 2), ended('aborted')],
  ['NVMe with a fatal error', nvme(0, 5), ended('failed')],
  ['NVMe with a failed segment', nvme(0, 7), ended('failed')],
  ['NVMe in progress', nvme(1, 0), { kind: 'running', percent: 40 }],
  ['NVMe without a test', nvme(0), { kind: 'none' }],
  ['NVMe with an unused entry', nvme(0, 15), { kind: 'none' }],
  ['a SAS drive that reports none', fixture('sas-seagate-st373453'), { kind: 'none' }],
  ['no answer', undefined, { kind: 'none' }],
])('reads the self-test of %s', (_, answer, state) => {
  expect(selfTestState(answer)).toMatchObject(state);
});

it.each<[SelfTestState, string]>([
  [{ kind: 'ended', judgement: 'passed', words: '' }, 'passed'],
  [{ kind: 'ended', judgement: 'failed', words: 'read failure' }, 'failed'],
  [{ kind: 'ended', judgement: 'aborted', words: '' }, 'unverifiable'],
  [{ kind: 'running', percent: 90 }, 'unverifiable'],
  [{ kind: 'none', why: 'it has none' }, 'unverifiable'],
])('judges %j as %s: nothing counts as passed that was not looked at', (state, outcome) => {
  const judged = judgeSelfTest('disk S1', 'short', state);
  expect(judged.outcome).toBe(outcome);
  expect(judged.sentence).toMatch(/^disk S1: /);
});
