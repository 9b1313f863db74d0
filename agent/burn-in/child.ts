// Programs under load: each in a session of its own that ends as a whole, when it is cancelled, when its time is over and
// when the agent dies. Their output is bounded.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

import { messageOf } from '../../shared/errors.ts';

const outputBytesMax = 1024 * 1024;
const linesMax = 200;
const politeMs = 3000;
const pollMs = 50;

export type ChildEnd = {
  /** Undefined where a signal ended it. */
  readonly status: number | undefined;
  /** Standard output, at most a megabyte of it. */
  readonly output: string;
  /** Its last lines on standard error. */
  readonly errors: readonly string[];
  readonly isLate: boolean;
};

export type ChildOptions = {
  readonly signal: AbortSignal;
  /** When it is ended although it has not ended itself. */
  readonly timeoutMs: number;
  readonly cwd: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly onErrorLine?: (line: string) => void;
};

// Standard input stays open for as long as the agent lives. When it ends, so does the program: an agent that was killed
// must not leave a machine under full load.
const supervisor = `
exec 3<&0
"$@" < /dev/null 3<&- &
program=$!
{ read -r _ <&3; kill -TERM "$program"; sleep 2; kill -KILL 0; } > /dev/null 2>&1 &
watcher=$!
wait "$program"
status=$?
kill "$watcher" 2> /dev/null
exit "$status"
`;

/** Runs to its end. Throws what `signal` was aborted with, once nothing of the program is left. */
export async function runChild(command: readonly string[], options: ChildOptions): Promise<ChildEnd> {
  options.signal.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', supervisor, 'sh', ...command], {
    detached: true,
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', ...options.environment },
  });
  // A program that has ended reads nothing any more.
  child.stdin.on('error', () => undefined);
  const session = child.pid;
  if (session === undefined)
    throw new Error(`${command[0]} cannot be started: ${messageOf((await once(child, 'error'))[0])}`);
  const output = collect(child.stdout);
  const errors = lines(child.stderr, options.onErrorLine);
  const closed = once(child, 'close');
  let isLate = false;
  let ending: Promise<void> | undefined;
  const stop = (): void => void (ending ??= endSession(session));
  const timer = setTimeout(() => {
    isLate = true;
    stop();
  }, options.timeoutMs);
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    const status: unknown = (await closed).at(0);
    await (ending ?? endSession(session));
    options.signal.throwIfAborted();
    return { status: typeof status === 'number' ? status : undefined, output: output(), errors, isLate };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', stop);
  }
}

/** Ends every process of a session: asked first, then forced. Children that changed their process group are in it too. */
async function endSession(session: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const left = await sessionMembers(session);
    if (left.length === 0) return;
    if (waitedMs === 0) signalAll(left, 'SIGTERM');
    // What sleeps in the kernel on a disk that does not answer ends when the disk does.
    else if (waitedMs >= 2 * politeMs) return;
    else if (waitedMs >= politeMs) signalAll(left, 'SIGKILL');
    await delay(pollMs);
  }
}

function signalAll(processes: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const id of processes) {
    try {
      process.kill(id, signal);
    } catch {
      // It has ended meanwhile.
    }
  }
}

async function sessionMembers(session: number): Promise<number[]> {
  const members: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
    // proc(5): after the name in parentheses come state, parent, process group and session.
    const [state, , , itsSession] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (Number(itsSession) === session && state !== 'Z' && state !== 'X') members.push(Number(name));
  }
  return members;
}

function collect(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes >= outputBytesMax) return;
    chunks.push(chunk.subarray(0, outputBytesMax - bytes));
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString();
}

function lines(stream: Readable, onLine: ((line: string) => void) | undefined): string[] {
  const kept: string[] = [];
  createInterface({ input: stream }).on('line', (line) => {
    kept.push(line.slice(0, 1000));
    if (kept.length > linesMax) kept.shift();
    onLine?.(line);
  });
  return kept;
}

/** The last thing it said, for a sentence. */
export function lastWords(end: ChildEnd): string {
  if (end.isLate) return 'it did not end in time';
  const words = end.errors.filter((line) => line.trim() !== '').at(-1);
  const status = end.status === undefined ? 'a signal ended it' : `status ${end.status}`;
  return words === undefined ? status : `${status}: ${words.trim().slice(0, 200)}`;
}
