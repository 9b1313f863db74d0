// Image contents on disk, named by their digest. An upload that does not have the digest it claims leaves nothing behind.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { PpecError } from '../shared/errors.ts';
import { formatDecimalBytes } from '../shared/units.ts';

export type Blobs = {
  readonly put: (sha256: string, content: Readable) => Promise<{ created: boolean; bytes: number }>;
  readonly sizeOf: (sha256: string) => Promise<number | undefined>;
  readonly digestOf: (sha256: string) => Promise<string | undefined>;
  readonly pathOf: (sha256: string) => string;
};

export async function openBlobs(folder: string, bytesMax: number): Promise<Blobs> {
  // What an upload left when the controller was killed.
  await rm(join(folder, 'incoming'), { recursive: true, force: true });
  await mkdir(join(folder, 'incoming'), { recursive: true });
  let uploads = 0;
  const pathOf = (sha256: string): string => join(folder, sha256);
  const sizeOf = async (sha256: string): Promise<number | undefined> =>
    stat(pathOf(sha256)).then(
      ({ size }) => size,
      () => undefined,
    );
  return {
    pathOf,
    sizeOf,
    digestOf: async (sha256) => {
      if ((await sizeOf(sha256)) === undefined) return undefined;
      const hash = createHash('sha256');
      await pipeline(createReadStream(pathOf(sha256)), hash);
      return hash.digest('hex');
    },
    put: async (sha256, content) => {
      const known = await sizeOf(sha256);
      if (known !== undefined) {
        content.resume();
        return { created: false, bytes: known };
      }
      uploads += 1;
      const path = join(folder, 'incoming', `${sha256}.${uploads}`);
      const hash = createHash('sha256');
      let bytes = 0;
      const meter = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          bytes += chunk.length;
          hash.update(chunk);
          if (bytes <= bytesMax) done(null, chunk);
          else done(new PpecError('invalid_argument', `An image may have up to ${formatDecimalBytes(bytesMax)}.`));
        },
      });
      try {
        await pipeline(content, meter, createWriteStream(path));
        const digest = hash.digest('hex');
        if (digest !== sha256) {
          throw new PpecError(
            'invalid_argument',
            `What arrived has digest ${digest.slice(0, 12)}…, not ${sha256.slice(0, 12)}…; nothing was kept. Upload it again.`,
          );
        }
        const file = await open(path, 'r');
        await file.sync();
        await file.close();
        await rename(path, pathOf(sha256));
      } finally {
        await rm(path, { force: true });
      }
      return { created: true, bytes };
    },
  };
}
