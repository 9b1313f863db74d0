// The kernel's messages since boot (Linux ABI dev-kmsg): each read gives one record, and fails where there is none yet.
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** The kernel cuts a record to less. */
const recordBytesMax = 8192;
const readsMax = 65_536;

/** Empty where the kernel shows none to this system. */
export function kernelMessages(root: string): string[] {
  let fd: number;
  try {
    fd = openSync(join(root, 'dev/kmsg'), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    return recordsOf(fd);
  } finally {
    closeSync(fd);
  }
}

function recordsOf(fd: number): string[] {
  const buffer = Buffer.alloc(recordBytesMax);
  let text = '';
  for (let reads = 0; reads < readsMax; reads += 1) {
    try {
      const length = readSync(fd, buffer);
      if (length === 0) break;
      text += buffer.toString('utf8', 0, length);
    } catch (error) {
      // EPIPE: the record was overwritten meanwhile, the next read goes on with the oldest that is left.
      if (codeOf(error) === 'EPIPE') continue;
      if (codeOf(error) === 'EAGAIN') break;
      throw error;
    }
  }
  return text.split('\n');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
