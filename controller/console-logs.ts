// Console logs that the site's console server writes: one file per machine, named by its serial. Only the end is read.
import { open } from 'node:fs/promises';
import { join } from 'node:path';

const tailBytesMax = 64 * 1024;

/** The end of a machine's console log; undefined where the site keeps none. */
export async function consoleTail(directory: string | null, serial: string): Promise<string | undefined> {
  // A serial comes from firmware: it must not walk out of the folder.
  if (directory === null || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/.test(serial)) return undefined;
  const file = await open(join(directory, `${serial}.log`), 'r').catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const length = Math.min(size, tailBytesMax);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8');
  } finally {
    await file.close();
  }
}
