// The tool image: fetched while its digest is taken, mounted read-only, its programs run by its own loader with its own
// libraries. Unmounted at the end; its file is in memory, so it is removed as soon as it is mounted.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { copyFile, mkdir, rm, stat, statfs } from 'node:fs/promises';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { rootCertificates } from 'node:tls';
import { promisify } from 'node:util';

import { messageOf, PpecError } from '../../shared/errors.ts';
import type { BurnInTools } from '../../shared/burn-in/report.ts';
import { formatDecimalBytes, mib } from '../../shared/units.ts';

const execute = promisify(execFile);
const answerTimeoutMs = 30_000;
const mountTimeoutMs = 30_000;
/** Memory that stays free for the system when the image is in it. */
const spareBytes = 32 * mib;
const libraryPath = 'usr/lib/x86_64-linux-gnu';

export type Tools = {
  /** The words that run one of its programs. */
  readonly command: (program: string, ...args: readonly string[]) => string[];
  readonly close: () => Promise<void>;
};

export type ToolsSource = BurnInTools | { readonly file: string };

export type OpenToolsOptions = {
  readonly folder: string;
  readonly ca: string | undefined;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
};

/** Throws an error that says what is the matter where the image cannot be had, is another one, or cannot be mounted. */
export async function openTools(source: ToolsSource, options: OpenToolsOptions): Promise<Tools> {
  const root = join(options.folder, 'tools');
  const file = join(options.folder, 'tools.squashfs');
  // Left by a run whose agent was killed.
  await unmount(root);
  await mkdir(root, { recursive: true });
  try {
    if ('file' in source) await copyFile(source.file, file);
    else await fetchTools(source, file, options);
    // No device asks for these drivers.
    for (const driver of ['loop', 'squashfs']) await execute('modprobe', ['-q', driver]).catch(() => undefined);
    await execute('mount', ['-t', 'squashfs', '-o', 'loop,ro,nosuid,nodev', file, root], { timeout: mountTimeoutMs });
  } catch (error) {
    await unmount(root);
    options.signal.throwIfAborted();
    throw error instanceof PpecError
      ? error
      : new PpecError('unavailable', `the tool image cannot be mounted: ${messageOf(error)}`, { cause: error });
  } finally {
    await rm(file, { force: true });
  }
  const loader = join(root, 'lib64/ld-linux-x86-64.so.2');
  return {
    command: (program, ...args) => [
      loader,
      '--library-path',
      join(root, libraryPath),
      join(root, 'usr/bin', program),
      ...args,
    ],
    close: () => unmount(root),
  };
}

async function fetchTools(wanted: BurnInTools, file: string, options: OpenToolsOptions): Promise<void> {
  const { bavail, bsize } = await statfs(options.folder);
  if (bavail * bsize < wanted.bytes + spareBytes) {
    throw new PpecError(
      'resource_exhausted',
      `the tool image takes ${formatDecimalBytes(wanted.bytes)} of memory, and ${formatDecimalBytes(bavail * bsize)} are free`,
    );
  }
  options.log(`fetching the tool image, ${formatDecimalBytes(wanted.bytes)}`);
  const hash = createHash('sha256');
  let bytes = 0;
  const response = await request(wanted.url, options);
  await pipeline(
    response,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        bytes += chunk.length;
        if (bytes > wanted.bytes)
          throw new PpecError('failed_precondition', 'the tool image is longer than the command says');
        hash.update(chunk);
        yield chunk;
      }
    },
    createWriteStream(file, { mode: 0o600 }),
    { signal: options.signal },
  ).catch((error: unknown) => {
    options.signal.throwIfAborted();
    throw error instanceof PpecError
      ? error
      : new PpecError('unavailable', `${wanted.url}: ${messageOf(error)}`, { cause: error });
  });
  const digest = hash.digest('hex');
  const { size } = await stat(file);
  if (digest !== wanted.sha256 || size !== wanted.bytes) {
    throw new PpecError(
      'failed_precondition',
      `the tool image is not the one of the command: ${size} bytes with digest ${digest.slice(0, 16)}…, ` +
        `where it says ${wanted.bytes} and ${wanted.sha256.slice(0, 16)}…`,
    );
  }
}

/** The digest of the signed command is what counts; TLS keeps others from looking. */
function request(url: string, { ca, signal }: OpenToolsOptions): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, cause?: unknown): void =>
      reject(new PpecError('unavailable', `the tool image cannot be fetched from ${url}: ${why}`, { cause }));
    const take = (response: IncomingMessage): void => {
      if (response.statusCode === 200) return resolve(response);
      response.resume();
      fail(`HTTP ${response.statusCode}`);
    };
    const common = { timeout: answerTimeoutMs, signal };
    const sent = url.startsWith('https:')
      ? httpsGet(url, { ...common, ca: [...rootCertificates, ...(ca === undefined ? [] : [ca])] }, take)
      : httpGet(url, common, take);
    sent.once('timeout', () => sent.destroy(new Error('no data in time')));
    sent.once('error', (error) => fail(error.message, error));
  });
}

/** Whatever is mounted there goes; nothing being mounted is what is wanted. */
async function unmount(root: string): Promise<void> {
  await execute('umount', [root], { timeout: mountTimeoutMs }).catch(() => undefined);
}
