// What is built, as it is: PIOUS within its budget and the same every time, the production image as hard as it claims.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { auditImage } from '../../images/audit-image.ts';
import { buildImage } from '../../images/build-image.ts';
import { buildPious, type PiousImage } from '../../pious-image/build-pious.ts';
import { bundles } from '../../scripts/bundles.ts';
import { cacheDir } from '../../scripts/cache-dir.ts';
import { startLab } from './lab.ts';
import { serverC } from './rack.ts';
import { startRegion } from './region.ts';
import { rackUp } from './story.ts';

const root = join(import.meta.dirname, '../..');
const agentPath = join(root, 'dist/agent.cjs');
const log = (): void => undefined;
let dir: string;

beforeAll(async () => {
  expect(await bundles()).toBe(true);
  dir = mkdtempSync(join(tmpdir(), 'ppec-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('the release profile of PIOUS', () => {
  let pious: PiousImage;
  beforeAll(async () => {
    pious = await buildPious({
      profile: 'release',
      agentPath,
      outDir: join(root, 'dist/pious'),
      cacheDir: cacheDir('pious'),
      log,
    });
  }, 1_800_000);

  it('takes at most 64 MB, kernel and initramfs together', () => {
    expect(pious.kernelBytes + pious.initramfsBytes).toBeLessThanOrEqual(64_000_000);
  });

  it('boots over the network in 512 MB of memory, enrols and finds the machine healthy', async () => {
    await using lab = await startLab({ dir: join(dir, 'lab') });
    const region = await startRegion({ lab, piousDirectory: join(root, 'dist/pious/release'), apiPort: 0 });
    const small = lab.server({ ...serverC, memoryMiB: 512, dimms: serverC.dimms.slice(0, 2) });
    const { asset } = await rackUp({ region, said: log }, small, log);
    expect(asset).toMatchObject({ serial: 'SN-X900', home: 'pious', health: 'ok', presence: 'online' });
    const { inventory } = await region.client('mia').call('asset.inventory', { asset: 'SN-X900' });
    expect(inventory.dimms.filter(({ populated }) => populated)).toHaveLength(2);
  });
});

describe('PIOUS', () => {
  it('is the same, byte for byte, when it is built from the same inputs in another place', async () => {
    const digests: string[] = [];
    for (const name of ['one', 'two']) {
      // Packages are inputs; everything made from them is made anew.
      const cache = join(dir, name, 'cache');
      mkdirSync(cache, { recursive: true });
      mkdirSync(join(cacheDir('pious'), 'debs'), { recursive: true });
      symlinkSync(join(cacheDir('pious'), 'debs'), join(cache, 'debs'));
      const built = await buildPious({
        profile: 'test',
        agentPath,
        outDir: join(dir, name, 'out'),
        cacheDir: cache,
        log,
      });
      expect(built.cached).toBe(false);
      digests.push(built.digest);
    }
    expect(digests[1]).toBe(digests[0]);
  }, 900_000);
});

describe('the production image', () => {
  it('has nothing that its hardening forbids', async () => {
    await buildImage({
      recipe: 'debian-12-hardened',
      agentPath,
      outDir: join(root, 'dist/images'),
      cacheDir: cacheDir('images'),
      log,
    });
    expect(await auditImage(join(root, 'dist/images/debian-12-hardened'))).toEqual([]);
  }, 1_800_000);
});
