import { expect, it } from 'vitest';

import { memoryStore, type MemoryStore } from '../../test/fixtures/memory-store.ts';
import { createBootToken, findToken, useToken, type BootTokenAsked } from './tokens.ts';
import { systemActor } from './unit-of-work.ts';

const asked: BootTokenAsked = {
  mac: '52:54:00:00:00:01',
  asset: undefined,
  from: '10.0.0.1',
  livesMs: 600_000,
  perSourceMax: 3,
};

/** A millisecond after the one before: which is the older one is by the clock. */
const ask = async (
  { store, clock }: MemoryStore,
  change: Partial<BootTokenAsked> = {},
): Promise<string | undefined> => {
  clock.set(clock.nowMs() + 1);
  return store.write(systemActor('boot'), (uow) => createBootToken(uow.db, { ...asked, ...change }, uow.ids));
};
const isOpen = async ({ store }: MemoryStore, token: string | undefined): Promise<boolean> =>
  (await findToken(store.db, token ?? ''))?.used_at === null;
const macOf = (nth: number): string => `52:54:00:00:01:${nth.toString(16).padStart(2, '0')}`;

it('is pushed out by its own address only, for its MAC and for any', async () => {
  const memory = await memoryStore();
  const victim = await ask(memory, { from: '10.0.0.2', perSourceMax: 100 });
  const first = await ask(memory);
  // The same MAC as the victim's, from elsewhere, more often than one machine may.
  for (let time = 0; time < 10; time += 1) await ask(memory);
  for (let nth = 0; nth < 10; nth += 1) await ask(memory, { mac: macOf(nth) });
  expect(await isOpen(memory, victim)).toBe(true);
  expect(await isOpen(memory, first)).toBe(false);
  const open = await memory.store.db.selectFrom('tokens').select('id').where('from_address', '=', '10.0.0.1').execute();
  expect(open).toHaveLength(3);
}); // prettier-ignore

it('that the region has no room for takes the place of one of the address with the most', async () => {
  const memory = await memoryStore();
  const victims = await Promise.all(['10.0.0.2', '10.0.0.3'].map((from) => ask(memory, { from })));
  const { store } = memory;
  // A flood of as many as there may be, as it lies in the table.
  await store.write(systemActor('test'), async (uow) => {
    for (let at = 0; at < 20_000; at += 500) {
      const rows = Array.from({ length: 500 }, (_none, nth) => ({
        id: `tok_${String(at + nth).padStart(26, '0')}`, hash: `hash-${at + nth}`, kind: 'boot' as const, mac: asked.mac, asset_id: null,
        operation_id: null, serial: null, from_address: '10.0.0.66', expires_at: uow.nowMs + 600_000, used_at: null,
      })); // prettier-ignore
      await uow.db.insertInto('tokens').values(rows).execute();
    }
  });
  const late = await ask(memory, { from: '10.0.0.4' });
  for (const token of [...victims, late]) expect(await isOpen(memory, token)).toBe(true);
});

it('is used once', async () => {
  const memory = await memoryStore();
  const token = (await findToken(memory.store.db, (await ask(memory)) ?? ''))?.id ?? '';
  const use = (): Promise<boolean> => memory.store.write(systemActor('t'), (uow) => useToken(uow.db, token, uow.nowMs));
  expect(await Promise.all([use(), use(), use()])).toEqual([true, false, false]);
});

it('keeps to whom it was given', async () => {
  const memory = await memoryStore();
  const token = await ask(memory, { asset: { id: 'ast_1', serialKey: 'SN1' } });
  expect(await findToken(memory.store.db, token ?? '')).toMatchObject({ mac: asked.mac, serial: 'SN1', asset_id: 'ast_1' });
}); // prettier-ignore
