import { expect, it } from 'vitest';

import { createLog } from '../log.ts';
import { createPump } from './pump.ts';

const log = createLog('silent');

it('sleeps until the next is due, and no longer where it is woken', async () => {
  let nowMs = 0;
  const looked: number[] = [];
  const twice = Promise.withResolvers<void>();
  const pump = createPump({ what: 'test', clock: { nowMs: () => nowMs }, log }, () => {
    looked.push(nowMs);
    if (looked.length === 2) twice.resolve();
    nowMs += 10;
    return Promise.resolve(looked.length === 1 ? nowMs + 20 : Number.POSITIVE_INFINITY);
  });
  pump.wake();
  await twice.promise;
  await pump.stop();
  expect(looked).toEqual([0, 10]);
});

it('does not send again at once what was sent and not noted', async () => {
  let sent = 0;
  const tried = Promise.withResolvers<void>();
  const events: string[] = [];
  const pump = createPump({ what: 'test', clock: { nowMs: () => 0 }, log }, ({ start }) => {
    if (sent === 0)
      start(
        () => {
          sent += 1;
          tried.resolve();
          return Promise.reject(new Error('the disk is full'));
        },
        () => void events.push('its place is free'),
      );
    return Promise.resolve(Number.POSITIVE_INFINITY);
  });
  pump.wake();
  await tried.promise;
  // Whatever runs before a timer has run: its place is still taken.
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual([]);
  await pump.stop();
  expect(events).toEqual(['its place is free']);
});
