// An anonymous network namespace held by one process, and processes inside it that die with their Node process.
// Nothing has a name outside the namespace, so two labs with the same addresses do not meet.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { settlesWithin, waitFor } from './wait.ts';

export interface LabProcess {
  readonly pid: number;
  /** The exit status; 128 + the signal's number when a signal ended it. */
  readonly exited: Promise<number>;
  /** Asks to end, then forces it. */
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

export interface RunResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const startTimeoutMs = 10_000;
const stopTimeoutMs = 3_000;
const killOnOwnersDeath = ['setpriv', '--pdeathsig', 'KILL', '--'];

/** Holds the namespace open; everything else enters through it. */
export class Namespace {
  readonly id: string;
  readonly #holder: ChildProcess;
  readonly #path: string;

  private constructor(holder: ChildProcess, pid: number) {
    this.#holder = holder;
    this.#path = `/proc/${String(pid)}/ns/net`;
    this.id = readlinkSync(this.#path);
  }

  static async create(): Promise<Namespace> {
    const holder = spawn('unshare', ['--net', '--', ...killOnOwnersDeath, 'sleep', 'infinity'], { stdio: 'ignore' });
    await once(holder, 'spawn');
    const pid = requirePid(holder);
    // Only the last of the three programs is called sleep: by then the namespace is there and the death signal set.
    await waitFor(() => (nameOf(pid) === 'sleep' ? true : undefined), {
      timeoutMs: startTimeoutMs,
      what: () => 'a network namespace (this needs root)',
    });
    return new Namespace(holder, pid);
  }

  /** Runs to the end and collects the output. Past the deadline the command is killed and the promise rejects. */
  async run(command: string, args: readonly string[], options: { readonly timeoutMs: number }): Promise<RunResult> {
    const child = this.#spawn([command, ...args], ['ignore', 'pipe', 'pipe']);
    const output = { stdout: '', stderr: '' };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    const closed = statusOf(child, 'close');
    if (!(await settlesWithin(closed, options.timeoutMs))) {
      child.kill('SIGKILL');
      throw new Error(`${command} took longer than ${String(options.timeoutMs)} ms: ${output.stderr.slice(-1000)}`);
    }
    return { status: await closed, ...output };
  }

  /** Starts a process whose output is appended to a file. */
  start(command: readonly string[], logPath: string): LabProcess {
    const log = openSync(logPath, 'a');
    const child = this.#spawn(command, ['ignore', log, log]);
    closeSync(log);
    const exited = statusOf(child, 'exit');
    return {
      pid: requirePid(child),
      exited,
      async stop() {
        child.kill('SIGTERM');
        if (await settlesWithin(exited, stopTimeoutMs)) return;
        child.kill('SIGKILL');
        await settlesWithin(exited, stopTimeoutMs);
      },
      kill(signal) {
        child.kill(signal);
      },
    };
  }

  /** The text of a file under /proc/net as the namespace sees it. */
  procNet(name: string): string {
    return readFileSync(this.#path.replace('ns/net', `net/${name}`), 'utf8');
  }

  /** Ends every process inside, then the holder; the kernel then removes bridge and taps. */
  async destroy(): Promise<void> {
    const killAll = (): true | undefined => {
      const left = processesIn(this.id);
      for (const pid of left) killQuietly(pid);
      return left.length === 0 ? true : undefined;
    };
    await waitFor(killAll, {
      timeoutMs: stopTimeoutMs,
      what: () => `processes to end: ${String(processesIn(this.id))}`,
    });
    await settlesWithin(statusOf(this.#holder, 'exit'), stopTimeoutMs);
  }

  #spawn(command: readonly string[], stdio: ('ignore' | 'pipe' | number)[]): ChildProcess {
    // Each of these replaces itself by the next, so the child's process id is the command's.
    return spawn('nsenter', [`--net=${this.#path}`, '--', ...killOnOwnersDeath, ...command], { stdio });
  }
}

/** The ids of all live processes whose network namespace is `id` (as in `net:[4026532000]`). */
export function processesIn(id: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && namespaceOf(pid) === id);
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${String(pid)}/ns/net`);
  } catch {
    return undefined;
  }
}

function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${String(pid)}/comm`, 'utf8').trim();
  } catch {
    throw new Error('cannot create a network namespace (this needs root)');
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended between the listing and the signal.
  }
}

function requirePid(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error(`cannot start ${child.spawnfile}`);
  return child.pid;
}

async function statusOf(child: ChildProcess, event: 'exit' | 'close'): Promise<number> {
  if (event === 'exit' && (child.exitCode !== null || child.signalCode !== null)) return status(child);
  await new Promise((resolve, reject) => {
    child.once(event, resolve);
    child.once('error', reject);
  });
  return status(child);
}

function status(child: ChildProcess): number {
  return child.exitCode ?? 128 + (child.signalCode === null ? 0 : constants.signals[child.signalCode]);
}
