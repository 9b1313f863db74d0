// Where packages and other downloads stay between builds; build.sh says where.
import { homedir } from 'node:os';
import { join } from 'node:path';

// oxlint-disable-next-line no-restricted-properties -- the scripts have no other setting, and this is its only reader
const cacheFolder = process.env['PPEC_CACHE'] ?? join(homedir(), '.cache/ppec');

/** The folder of one build in the cache; it may not exist yet. */
export function cacheDir(name: 'pious' | 'images'): string {
  return join(cacheFolder, name);
}
