import { PassThrough, Writable } from 'node:stream';
import { expect, it } from 'vitest';

import type { BurnInDetail } from '../../shared/api/burn-in.ts';
import { systemClock } from '../../shared/clock.ts';
import { cannedServer, type Canned, type Seen } from '../sdk/canned-server.ts';
import { environmentOf } from './config.ts';
import { runCli } from './run.ts';

type Ended = { readonly status: number; readonly out: string; readonly err: string; readonly seen: readonly Seen[] };

async function ppec(
  words: readonly string[],
  answer: (seen: Seen, index: number) => Canned | undefined,
): Promise<Ended> {
  await using server = await cannedServer(answer);
  const texts = { out: '', err: '' };
  const sink = (to: 'out' | 'err'): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        texts[to] += chunk.toString();
        done();
      },
    });
  const status = await runCli(words, {
    stdin: new PassThrough(),
    stdout: sink('out'),
    stderr: sink('err'),
    environment: environmentOf({ PPEC_URL: server.url, PPEC_CONFIG: 'none.json' }),
    clock: systemClock,
    abort: new AbortController(),
  });
  return { status, ...texts, seen: server.seen };
}

const counts = { passed: 1, skipped: 0, unverifiable: 0, cancelled: 0, failed: 0 };
const burnIn: BurnInDetail = {
  id: 'op_1',
  assetId: 'ast_1',
  asset: 'srv-a',
  class: 'small@1',
  profile: 'intake',
  timeScale: 1,
  bootId: 'boot',
  askedBy: 'mia',
  peer: null,
  state: 'running',
  message: '',
  startedAt: 0,
  endedAt: null,
  progress: { percent: 43, test: 'memory', round: 1, rounds: 1, counts },
  report: null,
  log: [],
};
const result = { component: 'DIMM A1', seconds: 1, figures: {} };
const results = [
  { ...result, test: 'cpu', outcome: 'passed', sentence: 'processor: every result right' } as const,
  { ...result, test: 'counters', outcome: 'unverifiable', sentence: 'disk S1: it reports no error counters' } as const,
  { ...result, test: 'counters', outcome: 'failed', sentence: 'DIMM A1: 1 uncorrected memory errors' } as const,
];
const failed: BurnInDetail = {
  ...burnIn,
  state: 'failed',
  message: 'DIMM A1: 1 uncorrected memory errors',
  endedAt: 5,
  progress: null,
  report: { profile: 'intake', startedAtMs: 0, endedAtMs: 5, results, figures: {} },
};

it('begins a burn-in and watches it: a line per test, then what is wrong, the worst first', async () => {
  const { status, out, err } = await ppec(['asset', 'burn-in', 'srv-a', '--profile', 'intake', '--wait'], ({ method }, index) => ({
    json: method === 'POST' ? { ...burnIn, report: undefined, log: undefined } : index < 3 ? burnIn : failed,
  }));
  expect(err).toBe('');
  expect(out.split('\n')).toEqual([
    'srv-a  burn-in intake  ▕█████░░░░░░░▏ 43 %  memory  1 passed',
    'srv-a  burn-in intake failed: DIMM A1: 1 uncorrected memory errors',
    '  ✗ DIMM A1: 1 uncorrected memory errors',
    '  ! disk S1: it reports no error counters',
    '1 result passed.',
    '',
  ]);
  expect(status).toBe(1);
}); // prettier-ignore

it.each<[string[], RegExp]>([
  [['--profile', 'intake', '--write-disks', '--reason', 'new'], /intake writes to no disk/],
  [['--profile', 'standard', '--write-disks'], /Say why for the checker: --reason/],
  [['--profile', 'standard', '--write-disks', '--reason', 'new', '--peer', 'srv-b'], /two burn-ins/],
  [['--profile', 'standard', '--reason', 'new'], /--reason goes with --write-disks/],
  [['--profile', 'often'], /none of: intake, standard, soak/],
  [[], /--profile/],
])('refuses %j without asking the controller', async (words, sentence) => {
  const { status, err, seen } = await ppec(['asset', 'burn-in', 'srv-a', ...words], () => undefined);
  expect(err).toMatch(sentence);
  expect(status).toBe(2);
  expect(seen).toEqual([]);
});
