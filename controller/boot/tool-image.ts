// The tool image of the burn-in: one file, served under its digest to machines whose command names it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { toolsBytesMax } from '../../shared/burn-in/outcome.ts';
import { messageOf, PpecError } from '../../shared/errors.ts';

export type ToolImage = { readonly path: string; readonly sha256: string; readonly bytes: number };

export function toolPath(sha256: string): string {
  return `/boot/tools/${sha256}`;
}

/** Reads the file once. Throws `invalid_argument` where it cannot be read, is empty, or is more than an agent takes. */
export async function openToolImage(path: string): Promise<ToolImage> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      if (!Buffer.isBuffer(chunk)) throw new Error('a file without bytes');
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw new PpecError('invalid_argument', `burnIn.tools: ${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (bytes === 0 || bytes > toolsBytesMax) {
    throw new PpecError(
      'invalid_argument',
      `burnIn.tools: ${path} has ${bytes} bytes; a tool image has 1 to ${toolsBytesMax}`,
    );
  }
  return { path, sha256: hash.digest('hex'), bytes };
}
