import { describe, expect, it } from 'vitest';

import type { BurnInProfileName } from '../../shared/burn-in/profiles.ts';
import { dueBurnIn, requiredBurnIn, standingBurnIns, unfinishedBurnIns, type PastBurnIn } from './burn-in-policy.ts';

const now = { bootId: 'boot-2', hardwareKey: 'parts' };
const run = (profile: BurnInProfileName, change: Partial<PastBurnIn> = {}): PastBurnIn => ({
  profile,
  state: 'passed',
  bootId: now.bootId,
  hardwareKey: now.hardwareKey,
  timeScale: 1,
  ...change,
});
const earlier = { bootId: 'boot-1' };

type Profile = BurnInProfileName | 'none';

describe('what must run before a machine is a SPARE', () => {
  it.each<[Profile, BurnInProfileName | undefined, PastBurnIn[], BurnInProfileName | undefined]>([
    ['none', undefined, [], undefined],
    ['none', 'intake', [], 'intake'],
    ['none', 'standard', [], 'standard'],
    ['none', 'standard', [run('standard', earlier)], undefined],
    ['intake', undefined, [], 'intake'],
    ['intake', undefined, [run('intake')], undefined],
    ['intake', undefined, [run('intake', earlier)], 'intake'],
    ['intake', undefined, [run('standard', earlier)], 'intake'],
    ['intake', undefined, [run('standard')], undefined],
    ['intake', undefined, [run('intake', { hardwareKey: 'other' })], 'intake'],
    ['intake', 'standard', [], 'standard'],
    ['intake', 'standard', [run('intake')], 'standard'],
    ['intake', 'standard', [run('standard')], undefined],
    // Every boot is looked at, the parts are loaded once.
    ['intake', 'standard', [run('standard', earlier)], 'intake'],
    ['intake', 'standard', [run('soak', earlier), run('intake')], undefined],
    ['intake', 'standard', [run('standard', { hardwareKey: 'other' }), run('intake')], 'standard'],
    ['intake', 'soak', [run('standard')], 'soak'],
    ['standard', undefined, [], 'standard'],
    ['standard', 'intake', [], 'intake'],
    // Whether it went well is for findings; only what has no result is due again.
    ['intake', undefined, [run('intake', { state: 'failed' })], undefined],
    ['intake', undefined, [run('intake', { state: 'unverifiable' })], undefined],
    ['intake', undefined, [run('intake', { state: 'interrupted' })], 'intake'],
    ['intake', undefined, [run('intake', { state: 'cancelled' })], 'intake'],
    ['intake', undefined, [run('intake', { state: 'running' })], 'intake'],
    ['intake', undefined, [run('intake', { timeScale: 0.1 })], 'intake'],
  ])('region %s, class %s, after %j: %s', (...[profile, ofClass, past, due]) => {
    expect(dueBurnIn(requiredBurnIn({ profile, timeScale: 1 }, ofClass), past, now)).toBe(due);
  }); // prettier-ignore

  it('takes a shortened run where the region shortens it as much', () => {
    const required = requiredBurnIn({ profile: 'intake', timeScale: 0.1 }, undefined);
    expect(dueBurnIn(required, [run('intake', { timeScale: 0.1 })], now)).toBeUndefined();
  });
});

describe('the results that count', () => {
  it.each<[string, PastBurnIn[], number[]]>([
    ['the newest of a profile', [run('standard'), run('standard', { state: 'failed' })], [0]],
    ['not what a closer look took back', [run('standard'), run('intake', { state: 'failed' })], [0]],
    ['a closer look, which a glance does not take back', [run('intake'), run('standard', { state: 'failed' })], [0, 1]],
    ['no intake of another boot', [run('intake', { ...earlier, state: 'failed' })], []],
    ['a standard of another boot', [run('standard', earlier)], [0]],
    ['nothing of other parts', [run('soak', { hardwareKey: 'other', state: 'failed' })], []],
    ['nothing without a result', [run('soak', { state: 'cancelled' }), run('soak', { state: 'interrupted' })], []],
  ])('are %s', (_, past, standing) => {
    expect(standingBurnIns(past, now)).toEqual(standing.map((at) => past[at]));
  }); // prettier-ignore
});

it('counts what ended without a result since the last one that has one', () => {
  const gone = run('intake', { state: 'interrupted' });
  const stopped = run('intake', { state: 'cancelled' });
  const lists = (past: PastBurnIn[]): [number, boolean] => {
    const { interrupted, cancelled } = unfinishedBurnIns(past, now);
    return [interrupted.length, cancelled !== undefined];
  };
  expect(lists([])).toEqual([0, false]);
  expect(lists([gone, stopped, gone])).toEqual([2, true]);
  expect(lists([gone, run('intake'), gone])).toEqual([1, false]);
  expect(lists([gone, { ...gone, ...earlier }])).toEqual([2, false]);
  // The next boot begins anew what somebody ended.
  expect(lists([{ ...stopped, ...earlier }])).toEqual([0, false]);
  expect(lists([{ ...gone, hardwareKey: 'other' }, run('intake', { state: 'running' })])).toEqual([0, false]);
});
