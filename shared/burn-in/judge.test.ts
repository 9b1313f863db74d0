import { expect, it } from 'vitest';

import {
  judgeDiskTransfer,
  judgeLoss,
  judgeMemory,
  judgeMemoryErrors,
  judgePort,
  judgeProcessor,
  type ProcessorFacts,
} from './judge.ts';

const processor: ProcessorFacts = {
  cores: 8,
  seconds: 60,
  verifyErrors: 0,
  failure: undefined,
  throttleCount: 0,
  belowBaseSeconds: 0,
  temperatureMaxCelsius: 71.4,
};

it.each<[Partial<ProcessorFacts>, string, RegExp]>([
  [{}, 'passed', /^processor: 8 cores for 60 s, every result right, no throttling, at most 71 °C$/],
  [{ throttleCount: undefined }, 'passed', /throttling cannot be seen here/],
  [{ throttleCount: 1 }, 'failed', /throttled 1 times/],
  [{ belowBaseSeconds: 5 }, 'passed', /no throttling/],
  [{ belowBaseSeconds: 6 }, 'failed', /below its base clock for 6 s/],
  [{ belowBaseSeconds: undefined, temperatureMaxCelsius: undefined }, 'passed', /no throttling$/],
  [{ verifyErrors: 1, throttleCount: 5 }, 'failed', /1 results were wrong/],
  [{ failure: 'status 3' }, 'unverifiable', /did not run through: status 3/],
])('judges a processor with %j as %s', (change, outcome, sentence) => {
  const judged = judgeProcessor({ ...processor, ...change });
  expect(judged.outcome).toBe(outcome);
  expect(judged.sentence).toMatch(sentence);
});

it.each<[number, number, number, string]>([
  [0, 0, 0.1, 'passed'],
  [10, 0, 0.1, 'passed'],
  [11, 0, 0.1, 'failed'],
  [240, 0, 24, 'passed'],
  [241, 0, 24, 'failed'],
  [0, 1, 24, 'failed'],
])('judges %i corrected and %i uncorrected errors in %d h as %s, and names the DIMM', (...row) => {
  const [corrected, uncorrected, hours, outcome] = row;
  const judged = judgeMemoryErrors('DIMM A1', { corrected, uncorrected }, hours);
  expect(judged.outcome).toBe(outcome);
  expect(judged.sentence).toMatch(/^DIMM A1: /);
});

it('judges memory by what was read back', () => {
  expect(judgeMemory({ verifyErrors: 0, failure: undefined, text: '1 GiB' })).toEqual({ outcome: 'passed', sentence: 'memory: 1 GiB' });
  expect(judgeMemory({ verifyErrors: 2, failure: 'killed', text: '' }).outcome).toBe('failed');
  expect(judgeMemory({ verifyErrors: 0, failure: 'killed', text: '' }).outcome).toBe('unverifiable');
}); // prettier-ignore

it.each<[number, string | undefined, string]>([
  [0, undefined, 'passed'],
  [1, undefined, 'failed'],
  [0, 'a read failed: EIO at byte 4096', 'failed'],
])('judges a disk with %i wrong blocks and failure %s as %s', (verifyErrors, failure, outcome) => {
  const judged = judgeDiskTransfer({ disk: 'disk S1', done: 'read', amount: '1 GB', verifyErrors, failure });
  expect(judged.outcome).toBe(outcome);
  expect(judged.sentence).toMatch(/^disk S1: /);
});

it.each<[number, number, string]>([
  [0, 0, 'unverifiable'],
  [20, 0, 'passed'],
  [20, 1, 'passed'],
  [20, 2, 'failed'],
  [1, 1, 'failed'],
  [400, 2, 'passed'],
  [400, 3, 'failed'],
])('judges %i probes of which %i were lost as %s', (sent, lost, outcome) => {
  expect(judgeLoss({ to: 'there', sent, lost, roundTripMs: 1 }).outcome).toBe(outcome);
});

it('judges a port by what grew', () => {
  expect(judgePort('eno1', { 'CRC errors': 0 }).outcome).toBe('passed');
  expect(judgePort('eno1', { 'CRC errors': 3, 'receive errors': 0 })).toMatchObject({
    outcome: 'failed',
    sentence: 'port eno1: 3 CRC errors during the run: check cable and transceiver',
  });
});
