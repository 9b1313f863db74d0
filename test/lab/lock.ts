// One live owner per lab folder: a lock file with the owner's process id and start time, so a reused id is no owner.

import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** Takes the folder or throws when a live process has it. Returns the release. */
export function lockFolder(dir: string): () => void {
  const path = join(dir, 'lab.lock');
  const mine = `${path}.${randomUUID()}`;
  writeFileSync(mine, `${String(process.pid)} ${startTime(process.pid) ?? ''}\n`);
  try {
    // A link either creates the complete lock file or fails: nobody reads half of one.
    if (!tryLink(mine, path)) {
      const owner = readFileSync(path, 'utf8').trim();
      const [pid, start] = owner.split(' ');
      if (startTime(Number(pid)) === start) throw new Error(`the lab folder ${dir} belongs to process ${String(pid)}`);
      rmSync(path, { force: true });
      if (!tryLink(mine, path)) throw new Error(`another process took the lab folder ${dir} just now`);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  return () => {
    rmSync(path, { force: true });
  };
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** When the process started, in clock ticks since boot; undefined when there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold anything; field 22 is the 20th after it.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie owns nothing any more.
    return state === 'Z' ? undefined : rest[18];
  } catch {
    return undefined;
  }
}
