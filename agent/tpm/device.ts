// The TPM as the kernel shows it: its resource manager, which lets others use it meanwhile and forgets our objects when the
// device is closed.
import { access, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { PpecError } from '../../shared/errors.ts';
import type { Exchange } from './wire.ts';

const responseBytesMax = 4096;

export type OpenTpm = AsyncDisposable & { readonly exchange: Exchange };

/** Whether the kernel found one, and which language it speaks. */
export async function tpmVersion(root: string): Promise<'none' | '1.2' | '2.0'> {
  const folder = join(root, 'sys/class/tpm/tpm0');
  const isThere = await access(folder).then(
    () => true,
    () => false,
  );
  if (!isThere) return 'none';
  const version = (await readFile(join(folder, 'tpm_version_major'), 'utf8').catch(() => '2')).trim();
  return version === '1' ? '1.2' : '2.0';
}

/** A character device: one write is one command, one read its whole answer. */
export async function openTpm(root: string): Promise<OpenTpm> {
  const device = await open(join(root, 'dev/tpmrm0'), 'r+');
  return {
    exchange: async (command) => {
      await device.write(command, 0, command.length, null);
      const answer = new Uint8Array(responseBytesMax);
      const { bytesRead } = await device.read(answer, 0, answer.length, null);
      return answer.subarray(0, bytesRead);
    },
    [Symbol.asyncDispose]: () => device.close(),
  };
}

/** A TPM that hangs keeps its one thread; what waits for it goes on. */
export async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new PpecError('deadline_exceeded', `the TPM gave no answer within ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
