// What is told when the hardware is read again, with the clock moved by hand.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { HealthFinding } from '../../shared/health/finding.ts';
import type { AgentMessage } from '../../shared/protocol/messages.ts';
import type { CollectedInventory } from '../collect/inventory.ts';
import { healthReporter, inventoryKeeper, type FactsDeps } from './facts.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const collected = (hash: string, findings: readonly HealthFinding[]): CollectedInventory => ({
  inventory: inventoryFromEvidence([]),
  hash,
  report: { hash, evidence: [], absent: [], unread: [] },
  findings,
});
const worn: HealthFinding = { check: 'drive-pending', component: 'disk S1', state: 'failed', message: 'Disk sda.' };

function bench(next: CollectedInventory): { sent: AgentMessage[]; askAnew: () => Promise<void> } {
  const sent: AgentMessage[] = [];
  const send = (message: AgentMessage): void => void sent.push(message);
  const deps: FactsDeps = {
    clock: { nowMs: () => performance.now() },
    collect: () => Promise.resolve(next),
    health: ({ findings }) =>
      Promise.resolve({ state: findings[0]?.state ?? 'ok', findings: [...findings], readings: {} }),
    log: () => undefined,
  };
  const keeper = inventoryKeeper(deps, collected('a', []), { send, onRead: () => reporter.tell() });
  const reporter = healthReporter(deps, () => deps.health(keeper.current(), undefined), send);
  reporter.start();
  keeper.start();
  return { sent, askAnew: () => keeper.tellAnew(reporter.tellAnew) };
}
const typesOf = (sent: readonly AgentMessage[]): string[] =>
  sent.map(({ type, body }) => (type === 'health' ? `health ${body.state}` : type));

it('tells at once that a disk is failing which was well when it was asked before, and the inventory after it', async () => {
  const { sent } = bench(collected('b', [worn]));
  await vi.advanceTimersByTimeAsync(0);
  expect(typesOf(sent)).toEqual(['health ok']);
  // Ten minutes: one reading of all hardware. The health that is due every five minutes does not count here.
  await vi.advanceTimersByTimeAsync(600_000);
  expect(typesOf(sent).filter((type) => type !== 'health ok')).toEqual(['health failed', 'inventory-offer']);
});

it('tells nothing of a reading that found all as it was, but that it still lives', async () => {
  const { sent } = bench(collected('a', []));
  await vi.advanceTimersByTimeAsync(610_000);
  expect(typesOf(sent)).toEqual(['health ok', 'health ok', 'health ok']);
});

it('tells all of it when it is asked to, the health first', async () => {
  const { sent, askAnew } = bench(collected('a', [worn]));
  await vi.advanceTimersByTimeAsync(0);
  await askAnew();
  expect(typesOf(sent)).toEqual(['health ok', 'health failed', 'inventory']);
});

it('drops a reading of its own that one which was asked for has overtaken', async () => {
  const sent: AgentMessage[] = [];
  const slow = Promise.withResolvers<CollectedInventory>();
  const readings = [slow.promise, Promise.resolve(collected('new', []))];
  const deps: FactsDeps = {
    clock: { nowMs: () => performance.now() },
    collect: () => readings.shift() ?? Promise.reject(new Error('read too often')),
    health: () => Promise.resolve({ state: 'ok', findings: [], readings: {} }),
    log: () => undefined,
  };
  const onRead = (): Promise<void> => Promise.resolve();
  const keeper = inventoryKeeper(deps, collected('a', []), { send: (message) => void sent.push(message), onRead });
  keeper.start();
  await vi.advanceTimersByTimeAsync(600_000);
  await keeper.tellAnew(onRead);
  slow.resolve(collected('old', []));
  await vi.advanceTimersByTimeAsync(0);
  keeper.stop();
  expect(sent.map(({ type, body }) => (type === 'inventory' ? `told ${body.hash}` : type))).toEqual(['told new']);
  expect(keeper.current().hash).toBe('new');
});
