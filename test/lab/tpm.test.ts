// A real machine, but for its silicon, with a TPM: it proves in PIOUS that it holds it, over the kernel's own driver, and with
// another chip in its place it is refused. And the image that all machines are given holds nobody's secret.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';

import { buildPious } from '../../pious-image/build-pious.ts';
import { bundles } from '../../scripts/bundles.ts';
import { cacheDir } from '../../scripts/cache-dir.ts';
import { manufacture } from '../fixtures/swtpm.ts';
import { startLab } from './lab.ts';
import { serverA } from './rack.ts';
import { startRegion } from './region.ts';
import { waitFor } from './wait.ts';

const root = join(import.meta.dirname, '../..');
const patienceMs = 300_000;
const agentRssBytesMax = 80 * 1024 * 1024;

it('enrols with its TPM, and not with another one', async () => {
  expect(await bundles()).toBe(true);
  const outDir = join(root, 'dist/pious');
  const agentPath = join(root, 'dist/agent.cjs');
  await buildPious({ profile: 'test', agentPath, outDir, cacheDir: cacheDir('pious'), log: () => undefined });
  const piousDirectory = join(outDir, 'test');
  expectNoSecret(zstdDecompressSync(readFileSync(join(piousDirectory, 'initramfs.img'))));

  const dir = mkdtempSync(join(tmpdir(), 'ppec-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const { caPem } = manufacture(join(dir, 'tpm-own'), true);
  manufacture(join(dir, 'tpm-other'));
  await using lab = await startLab({ dir });
  const region = await startRegion({ lab, piousDirectory, apiPort: 0, tpmCaFiles: caPem });
  const ada = region.client('ada');
  const server = lab.server(serverA);
  const find = <T>(what: string, probe: () => Promise<T | undefined>): Promise<T> =>
    waitFor(() => probe().catch(() => undefined), {
      timeoutMs: patienceMs,
      what: () => `${what}:\n${server.consoleText().slice(-2000)}`,
    });

  server.fitTpm(join(dir, 'tpm-own'));
  await server.powerOn();
  const asset = await find('the machine to be online', async () => {
    const found = await ada.call('asset.get', { asset: serverA.serial });
    return found.presence === 'online' ? found : undefined;
  });
  expect(asset.trust).toBe('certified-ek');
  const identity = await ada.call('asset.identity', { asset: asset.id });
  expect(identity.tpm?.issuer).toContain('swtpm-localca');
  const rss = await find('a heartbeat', async () => {
    const text = await (await fetch(`${region.url}/metrics`)).text();
    const bytes = Number(/^ppec_agent_rss_bytes (\S+)$/m.exec(text)?.[1] ?? 0);
    return bytes > 0 ? bytes : undefined;
  });
  expect(rss).toBeLessThan(agentRssBytesMax);

  await server.powerOff();
  server.fitTpm(join(dir, 'tpm-other'));
  await server.powerOn();
  const alert = await find('an alert', async () => {
    const { items } = await ada.call('event.list', { limit: 1000 });
    return items.find(({ kind }) => kind === 'alert');
  });
  expect(alert).toMatchObject({ objectId: asset.id });
  expect(alert.text).toContain('its TPM is another one');
  const after = await ada.call('asset.identity', { asset: asset.id });
  expect(after.certificates).toHaveLength(identity.certificates.length);
  expect(after.tpm).toEqual(identity.tpm);
});

/** No private key, and no token of anybody: what is in the image is the same for whoever asks. */
function expectNoSecret(initramfs: Buffer): void {
  const text = initramfs.toString('latin1');
  expect(text.length).toBeGreaterThan(50_000_000);
  expect(text).toContain('ppec-agent');
  // A name alone is in every TLS library; a key follows it here.
  expect(/-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}/.exec(text)?.[0]).toBeUndefined();
  expect(/ppec\.token=[A-Za-z0-9_-]{20}/.exec(text)?.[0]).toBeUndefined();
}
