// Programs that collectors run: known folders, the C locale, a limit of time and of output. One that hangs on a device in
// a way that no signal ends is left behind; the collection goes on without it.
import { execFile } from 'node:child_process';

import { PpecError } from '../../shared/errors.ts';
import type { Host } from './collector.ts';

export type Ran = { readonly status: number; readonly stdout: Buffer; readonly stderr: string };
export type Limits = {
  readonly timeoutMs?: number;
  readonly outputBytesMax?: number;
  /** Words of its that mean nothing. */ readonly noise?: string;
};

const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const defaultTimeoutMs = 20_000;
const defaultOutputBytesMax = 1024 * 1024;
const wordsCharsMax = 300;

/** What it wrote and its exit status. Throws `not_found` where there is no such program, and where a limit is passed. */
export function run(host: Host, words: readonly [string, ...string[]], limits: Limits = {}): Promise<Ran> {
  const [program, ...args] = words;
  const timeoutMs = limits.timeoutMs ?? defaultTimeoutMs;
  const maxBuffer = limits.outputBytesMax ?? defaultOutputBytesMax;
  const env = { PATH: (host.programFolders ?? systemFolders).join(':'), LC_ALL: 'C', TZ: 'UTC' };
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { env, maxBuffer, encoding: 'buffer' }, (error, stdout, stderr) => {
      clearTimeout(timer);
      const ran = { status: error === null ? 0 : error.code, stdout, stderr: stderr.toString().trim() };
      const { status } = ran;
      if (typeof status === 'number') resolve({ ...ran, status });
      else reject(failure(program, error, maxBuffer));
    });
    const timer = setTimeout(() => {
      reject(new PpecError('deadline_exceeded', `${program} gave no answer within ${timeoutMs / 1000} s`));
      child.kill('SIGKILL');
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
    }, timeoutMs);
  });
}

/** What it wrote, of a program that ends with status 0. */
export async function outputOf(
  host: Host,
  words: readonly [string, ...string[]],
  limits: Limits = {},
): Promise<Buffer> {
  const { status, stdout, stderr } = await run(host, words, limits);
  if (status === 0) return stdout;
  const errors = limits.noise === undefined ? stderr : stderr.replaceAll(limits.noise, '').trim();
  const said = (errors === '' ? stdout.toString().trim() : errors).slice(-wordsCharsMax);
  throw new PpecError('unavailable', `${words[0]} ended with status ${status}: ${said === '' ? 'no words' : said}`);
}

export function isMissingProgram(error: unknown): boolean {
  return error instanceof PpecError && error.code === 'not_found';
}

function failure(program: string, error: unknown, outputBytesMax: number): PpecError {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  const options = { cause: error };
  if (code === 'ENOENT') return new PpecError('not_found', `${program} is not on this system`, options);
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return new PpecError('resource_exhausted', `${program} wrote more than ${outputBytesMax} bytes`, options);
  return new PpecError('unavailable', `${program} was ended from outside`, options);
}
