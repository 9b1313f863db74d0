import { expect, it } from 'vitest';

import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { burnin } from './burnin-verb.ts';

async function run(words: readonly string[], interruptAfterMs?: number): Promise<{ code: number; text: string; wrong: string }> {
  let text = '';
  let wrong = '';
  const timer = interruptAfterMs === undefined ? undefined : setTimeout(() => process.emit('SIGINT'), interruptAfterMs);
  const code = await burnin(await temporaryFolder(), words, {
    isTerminal: true,
    print: (part) => (text += part),
    warn: (part) => (wrong += part),
    controller: { host: '127.0.0.1', port: 1 },
    inventory: () => Promise.resolve(inventoryFromEvidence([])),
  });
  clearTimeout(timer);
  return { code, text, wrong };
} // prettier-ignore

it('shows a line of progress and every result, and ends with 1 where something failed', async () => {
  const { code, text } = await run(['--time-scale', '0.001']);
  expect(code).toBe(1);
  const shown = text.split('\r\u001B[K');
  const told = shown.at(-1) ?? '';
  expect(shown[1]).toMatch(/^ {2}0 % cpu/);
  expect(told).toMatch(/^passed\s+cpu\s+\d+ s {2}processor: /m);
  expect(told).toMatch(/^failed\s+network\s+\d+ s {2}network: none of 20 probes/m);
  expect(told).toMatch(/intake burn-in: .*1 failed\n$/);
});

it('ends cleanly when it is interrupted', async () => {
  const { code, text } = await run([], 500);
  expect(code).toBe(130);
  expect(text).toMatch(/intake burn-in: 5 cancelled\n$/);
});

it.each([
  [['--profile', 'all'], /there is no profile 'all'; there are intake, standard, soak/],
  [['--time-scale', '0'], /above 0, at most 1/],
  [['--time-scale', 'x'], /above 0, at most 1/],
  [['--write'], /Unknown option/],
  [['intake'], /Unexpected argument/],
])('does not run for %j', async (words, why) => {
  const { code, text, wrong } = await run(words);
  expect({ code, text }).toEqual({ code: 2, text: '' });
  expect(wrong).toMatch(why);
});
