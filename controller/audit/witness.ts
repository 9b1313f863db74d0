// The witness: a file outside of the region's data, for signed heads, one JSON object a line. On a mount that can only be
// written once, or on another machine, it is what a rewritten history contradicts.
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Compile } from 'typebox/compile';

import { SignedHead } from '../../shared/audit/head.ts';
import { canonicalJson } from '../../shared/canonical-json.ts';

const validHead = Compile(SignedHead);
/** The end of the file in which its last head is looked for. */
const tailBytes = 64 * 1024;

/** On disk when it resolves. */
export async function appendWitness(path: string, heads: readonly SignedHead[]): Promise<void> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const last = Buffer.alloc(1, '\n');
    if (size > 0) await file.read(last, 0, 1, size - 1);
    // A line that was cut off by a crash ends here, and is none.
    const start = last.toString() === '\n' ? '' : '\n';
    await file.appendFile(start + heads.map((head) => `${canonicalJson(head)}\n`).join(''));
    await file.sync();
    if (size > 0) return;
  } finally {
    await file.close();
  }
  const folder = await open(dirname(resolve(path)), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The newest head in the file; undefined where there is no file, or no head in the end of it. */
export async function lastWitnessed(path: string): Promise<SignedHead | undefined> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, start);
    const lines = buffer.subarray(0, bytesRead).toString().split('\n');
    return lines.map(headOf).findLast((head) => head !== undefined);
  } finally {
    await file.close();
  }
}

function headOf(line: string): SignedHead | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return validHead.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
