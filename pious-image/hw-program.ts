// ppec-hw, compiled for an image: one static program, so that it asks for no library of the machine that built it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PpecError } from '../shared/errors.ts';
import { tool } from './tool.ts';

export const hwProgramSource = join(import.meta.dirname, 'hw/ppec-hw.c');
export const hwProgramInImage = 'usr/sbin/ppec-hw';

const flags = ['-std=gnu17', '-Os', '-static', '-s', '-Wall', '-Wextra', '-Werror', '-Wl,--build-id=none'];

/** The program's bytes; the same source and compiler give the same ones. */
export async function hwProgram(): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'ppec-hw-'));
  try {
    const path = join(folder, 'ppec-hw');
    await compileTo(path);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function compileTo(path: string, source = hwProgramSource): Promise<void> {
  await tool('cc', [...flags, '-o', path, source]).catch((error: unknown) => {
    throw new PpecError('failed_precondition', `${source} does not compile. apt-get install gcc libc6-dev`, {
      cause: error,
    });
  });
}
