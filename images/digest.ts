// Digests of what an image is made from: they name its cache entries and its disk's identifiers.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** SHA-256 over names, execute bits and contents of all files below a folder. */
export async function digestOfFolder(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.toSorted()) {
    const { mode } = await stat(path);
    const content = await readFile(path);
    hash.update(`${path.slice(folder.length)}\0${(mode & 0o100) === 0 ? '-' : 'x'}\0${content.length}\0`);
    hash.update(content);
  }
  return hash.digest('hex');
}

export function digestOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}\0${part}`);
  return hash.digest('hex');
}

/** A UUID (RFC 9562 §5.8) that is the same whenever the image and the purpose are. */
export function uuidOf(digest: string, purpose: string): string {
  const hex = digestOf(digest, purpose);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
