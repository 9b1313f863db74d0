// What must be the same after a fuzz run as before: the process, its memory, its log without faults, and every table that no
// stranger may write to.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

import type { Region } from '../integration/region.ts';

/** Tables that neither an agent nor somebody who may only read can change. Events, the audit and facts of the fuzzing machines do change. */
const guarded = [
  'people', 'changes', 'operations', 'commands', 'images', 'networks', 'purchase_orders', 'vendors', 'machine_classes', 'cabling', 'waivers',
  'grants', 'roles', 'teams', 'projects', 'members', 'passwords', 'identities', 'set_up_tokens',
]; // prettier-ignore

export type Witness = { readonly digests: ReadonlyMap<string, string>; readonly rssBytes: number };

export function witnessOf(region: Region): Witness {
  const file = new Sqlite(join(region.dir, 'data/ppec.db'), { readonly: true });
  try {
    const names = file.prepare("select name from sqlite_master where type = 'table'").pluck().all().map(String);
    const digests = names
      .filter((name) => guarded.includes(name))
      .map((name): [string, string] => [name, digestOf(file.prepare(`select * from "${name}" order by rowid`).all())]);
    if (digests.length < guarded.length / 2) throw new Error(`only these tables are known: ${names.join(', ')}`);
    return { digests: new Map(digests), rssBytes: rssBytes(region) };
  } finally {
    file.close();
  }
}

function digestOf(rows: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

export function rssBytes(region: Region): number {
  const status = readFileSync(`/proc/${region.pid()}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** The controller's heap in a run: what it would keep of each request or frame ends it long before a long run does. */
export const fuzzHeapMb = 160;
/** Memory that a run may leave behind: caches, compiled schemas, and what the collector has not given back yet. */
const growthBytesMax = 400 * 1024 * 1024;

/** What is not as it was; empty where all is well. */
export function differences(before: Witness, after: Witness, region: Region): string[] {
  const changed = [...before.digests].filter(([name, digest]) => after.digests.get(name) !== digest);
  const grown = after.rssBytes - before.rssBytes;
  return [
    ...changed.map(([name]) => `the table ${name} was changed`),
    ...(grown > growthBytesMax ? [`memory grew by ${Math.round(grown / 1e6)} MB`] : []),
    ...faults(region.logText()),
  ];
}

/** Lines of the log that tell of a fault of ours. */
function faults(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => /"level":(?:50|60|"error"|"fatal")/.test(line) || /^(?:\s+at |node:|Uncaught)/.test(line))
    .slice(0, 5)
    .map((line) => `in the log: ${line.slice(0, 600)}`);
}
