import fc from 'fast-check';
import { expect, it } from 'vitest';

import { memoryStore } from '../../test/fixtures/memory-store.ts';
import { canTransition } from '../../shared/lifecycle/asset.ts';
import { assetAsOf } from './asset-as-of.ts';
import { assetById, assetView } from './assets.ts';
import { toJson } from './json.ts';
import type { AssetRow } from './schema.ts';
import { systemActor } from './unit-of-work.ts';

const containing = (text: string): unknown => expect.stringContaining(text);
const text = fc.option(fc.constantFrom('a', '7', 'true', 'null', '{"a":1}', '“ü”'), { nil: null });
const number = fc.option(fc.constantFrom(0, 1, 7), { nil: null });
const finding = (sentence: string) =>
  ({
    path: 'memory',
    rule: 'count',
    severity: 'block',
    expected: null,
    actual: null,
    sentence,
    blame: 'vendor',
  }) as const;

/** Everything that is ever patched, nulls and texts that look like something else among it. */
const patches = fc.record(
  {
    state: fc.constantFrom('DISCOVERED', 'INSPECTING', 'SPARE', 'QUARANTINED', 'RESERVED'),
    state_reason: fc.constantFrom('', 'because', '42'),
    health: fc.constantFrom('ok', 'degraded', 'failed', 'unknown'),
    presence: fc.constantFrom('online', 'offline'),
    hold: fc.constantFrom('none', 'repair'),
    home: fc.option(fc.constantFrom('pious', 'production'), { nil: null }),
    findings: fc.constantFrom(
      toJson([]),
      JSON.stringify([finding('one')]),
      JSON.stringify([finding('x'.repeat(20_000))]),
    ),
    macs: fc.constantFrom(toJson([]), toJson(['02:00:00:00:00:01'])),
    project: text,
    class: text,
    address: text,
    hostname: text,
    image: text,
    rack: text,
    slot: text,
    operation_id: text,
    inventory_hash: text,
    order_line: number,
    verification_enforced: number,
    command_generation: fc.constantFrom(0, 1, 2, 3),
    production_ran: fc.constantFrom('no', 'maybe', 'yes'),
  },
  { requiredKeys: [] },
);

it('answers any asset as it was at any time', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ patch: patches, pauseMs: fc.integer({ min: 0, max: 3 }) }), { maxLength: 25 }),
      fc.integer({ min: 0, max: 80 }),
      async (steps, probe) => {
        const { store, clock, addAsset } = await memoryStore();
        const startMs = clock.nowMs();
        const first = await addAsset({ serial: 'SN-1', state: 'DISCOVERED', state_reason: '' });
        const recorded = new Map<number, AssetRow>([[startMs, first]]);
        let row = first;
        for (const { patch, pauseMs } of steps) {
          clock.set(clock.nowMs() + pauseMs);
          const { state, ...rest } = patch;
          const isLegal = state !== undefined && canTransition(row.state, state);
          row = await store.write(systemActor('test'), (uow) =>
            uow.patchAsset(row, isLegal ? { ...rest, state } : rest),
          );
          recorded.set(clock.nowMs(), row);
        }
        const today = await assetById(store.db, first.id);
        if (today === undefined) throw new Error('the asset is there');
        const atMs = Math.min(startMs + probe, clock.nowMs());
        const [, then] = [...recorded].findLast(([ms]) => ms <= atMs) ?? [];
        const found = await assetAsOf(store.db, today, { atMs, nowMs: clock.nowMs() });
        expect(found).toEqual(then);
        if (then !== undefined) expect(assetView(found)).toEqual(assetView(then));
      },
    ),
    { numRuns: 300 },
  );
});

it('goes back through more changes than are read at once', async () => {
  const { store, clock, addAsset } = await memoryStore();
  const startMs = clock.nowMs();
  const first = await addAsset({ serial: 'SN-1', state: 'DISCOVERED', state_reason: '' });
  await store.write(systemActor('test'), async (uow) => {
    let row = first;
    for (let i = 0; i < 2500; i += 1) row = await uow.patchAsset(row, { project: `p${i}` });
  });
  clock.set(startMs + 10);
  const row = await store.write(systemActor('test'), async (uow) => {
    let now = await assetById(uow.db, first.id);
    for (let i = 0; i < 2500; i += 1) now = now === undefined ? now : await uow.patchAsset(now, { project: `q${i}` });
    return now;
  });
  if (row === undefined) throw new Error('the asset is there');
  const then = await assetAsOf(store.db, row, { atMs: startMs + 9, nowMs: clock.nowMs() });
  expect([then.project, then.revision]).toEqual(['p2499', 2501]);
});

it('refuses a time before the asset existed, and one that has not come', async () => {
  const { store, clock, addAsset } = await memoryStore();
  const row = await addAsset({ serial: 'SN-1', state: 'DISCOVERED', state_reason: '' });
  const nowMs = clock.nowMs();
  await expect(assetAsOf(store.db, row, { atMs: nowMs - 1, nowMs })).rejects.toMatchObject({
    code: 'failed_precondition',
    message: containing('SN-1 did not exist at 2027-01-15T07:59:59.999Z'),
  });
  await expect(assetAsOf(store.db, row, { atMs: nowMs + 86_400_000, nowMs })).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});
