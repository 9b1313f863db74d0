// What a collector is: it reads one source of evidence of this host, or says that the machine has no such thing. One that
// fails throws; the reason becomes part of the evidence.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import type { Clock } from '../../shared/clock.ts';
import type { EvidenceSource } from '../../shared/hardware/evidence/inventory-from-evidence.ts';

export type Host = {
  /** Where /sys, /proc, /dev and /run are; `/` except in tests. */
  readonly root: string;
  /** Where programs are looked for; the system's folders unless said otherwise. */
  readonly programFolders?: readonly string[];
  readonly clock?: Clock;
};

export type Reading = Uint8Array | { readonly absentBecause: string };

export type Collector = { readonly source: EvidenceSource; readonly collect: () => Promise<Reading> };

/** Collectors that belong together, for one collection: what they share (a queue, a cache) lives as long as that. */
export type Family = (host: Host) => readonly Collector[];

/** One line per value: evidence is compared by people too. */
export function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value, undefined, 1));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** What the kernel gives of an attribute is one page. */
const page = Buffer.alloc(4096);

/**
 * The trimmed text of a sysfs attribute; undefined where it is not there or cannot be read. Not asynchronous: the text is
 * in the kernel's memory, and there are thousands of them. Attributes that a driver works out have `slowAttribute`.
 */
export function attribute(path: string): string | undefined {
  // Cheaper than the error of opening what is not there, which is the common case.
  if (!existsSync(path)) return undefined;
  try {
    const fd = openSync(path, 'r');
    try {
      return page.toString('utf8', 0, readSync(fd, page)).trim();
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** The same, of a driver that may ask its device first, or wait for another one: `speed`, `duplex` of a port. */
export async function slowAttribute(path: string): Promise<string | undefined> {
  // Reading may fail by design: `speed` of a port that is down answers EINVAL.
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text?.slice(0, page.length).trim();
}

/** `work` over all items, a few at a time; the results in the order of the items. */
export async function mapLimited<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = items.entries();
  const worker = async (): Promise<void> => {
    // All workers draw from the same iterator.
    for (const [index, item] of entries) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
