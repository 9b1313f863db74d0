// Which bases stay in the cache. A base is hundreds of megabytes, and each release of Debian, Node or a recipe makes a
// new one; the one before stays for whoever goes back a commit.
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

const kept = 2;

/** Removes all but the newest `base-<name>-<digest>` files or folders; those of other names stay as they are. */
export async function pruneBases(folder: string, name: string): Promise<void> {
  const digest = /^[0-9a-f]+(\.tar)?$/;
  const prefix = `base-${name}-`;
  const bases = (await readdir(folder)).filter(
    (entry) => entry.startsWith(prefix) && digest.test(entry.slice(prefix.length)),
  );
  const dated = await Promise.all(
    bases.map(async (entry) => ({ path: join(folder, entry), madeMs: (await stat(join(folder, entry))).mtimeMs })),
  );
  const old = dated.toSorted((a, b) => b.madeMs - a.madeMs).slice(kept);
  for (const { path } of old) await rm(path, { recursive: true, force: true });
}
