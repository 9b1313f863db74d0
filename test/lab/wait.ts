// Waiting for the outside world with a deadline: a condition to hold, a text to appear in a file.

import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 50;
const tailLength = 2000;

interface WaitOptions {
  readonly timeoutMs: number;
  /** What did not happen, for the error. */
  readonly what: () => string;
}

/** Resolves with the first defined value `probe` returns; rejects after the deadline or when `probe` throws. */
export async function waitFor<T>(
  probe: () => T | undefined | Promise<T | undefined>,
  options: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`waited ${String(options.timeoutMs)} ms for ${options.what()}`);
    await delay(pollMs);
  }
}

/** The text of a file, or '' as long as there is none. */
export function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Resolves with the match of `pattern` in the file, looking only at characters from `from` on. */
export async function waitForText(
  path: string,
  pattern: RegExp,
  options: { readonly timeoutMs: number; readonly from?: number },
): Promise<RegExpMatchArray> {
  const expression = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  const text = (): string => textOf(path).slice(options.from ?? 0);
  return await waitFor(() => text().match(expression) ?? undefined, {
    timeoutMs: options.timeoutMs,
    what: () => `${String(pattern)} in ${path}, which ends:\n${text().slice(-tailLength)}`,
  });
}

/** Whether `promise` settled within the time. */
export async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(timeoutMs, false, { signal: timer.signal }).catch(() => false);
  const settled = promise.then(
    () => true,
    () => true,
  );
  const result = await Promise.race([settled, late]);
  timer.abort();
  return result;
}
