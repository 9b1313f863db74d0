// The end-to-end test: the demo's story with emulated machines, step by step.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildImage } from '../../images/build-image.ts';
import { buildPious } from '../../pious-image/build-pious.ts';
import { bundles } from '../../scripts/bundles.ts';
import { cacheDir } from '../../scripts/cache-dir.ts';
import type { Change } from '../../shared/api/change.ts';
import { processesIn } from './namespace.ts';
import { startLab, type Lab } from './lab.ts';
import { serverA, serverB, serverC } from './rack.ts';
import { startRegion, type LabRegion } from './region.ts';
import type { LabServer } from './server.ts';
import { approve, askForServer, prepareRegion, rackUp, type Story } from './story.ts';
import { waitFor } from './wait.ts';

const root = join(import.meta.dirname, '../..');

let dir: string;
let lab: Lab;
let region: LabRegion;
let story: Story;
let a: LabServer;
let change: Change;

beforeAll(async () => {
  expect(await bundles()).toBe(true);
  const agentPath = join(root, 'dist/agent.cjs');
  const quiet = (): void => undefined;
  await buildPious({
    profile: 'test',
    agentPath,
    outDir: join(root, 'dist/pious'),
    cacheDir: cacheDir('pious'),
    log: quiet,
  });
  await buildImage({
    recipe: 'debian-12-hardened',
    agentPath,
    outDir: join(root, 'dist/images'),
    cacheDir: cacheDir('images'),
    log: quiet,
  });
  dir = mkdtempSync(join(tmpdir(), 'ppec-'));
  lab = await startLab({ dir });
  region = await startRegion({ lab, piousDirectory: join(root, 'dist/pious/test'), apiPort: 0 });
  story = { region, said: quiet };
  await prepareRegion(story, { dir: join(dir, 'files'), imageDirectory: join(root, 'dist/images/debian-12-hardened') });
  a = lab.server(serverA);
}, 1_800_000);

afterAll(async () => {
  const id = lab.namespaceId;
  await lab[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
  expect(processesIn(id)).toEqual([]);
});

// The steps follow each other: one that fails leaves the later ones without their ground.
describe('a rack', { concurrent: false }, () => {
  it('has a server that is as ordered: it becomes a SPARE with a production address', async () => {
    const { asset } = await rackUp(story, a, () => undefined);
    expect(asset).toMatchObject({
      state: 'SPARE', name: 'srv-a', class: 'compute-large@1', address: '10.20.0.2', presence: 'online', home: 'pious',
      health: 'ok', findings: [], verificationEnforced: true,
    }); // prettier-ignore
    const { inventory } = await region.client('mia').call('asset.inventory', { asset: 'srv-a' });
    expect(inventory.dimms).toHaveLength(4);
    expect(inventory.unread).toEqual([]);
    expect(Object.keys(inventory.evidence)).toContain('smbios.bin');
    await waitFor(() => (a.consoleText().includes('verdict     SPARE') ? true : undefined), {
      timeoutMs: 60_000,
      what: () => 'the verdict on the console',
    });
    expect(await agentRssBytes()).toBeLessThanOrEqual(80_000_000);
  });

  it('has one with a DIMM too few and a smaller disk: QUARANTINED, with two findings a person can act on', async () => {
    const b = lab.server(serverB);
    const { asset } = await rackUp(story, b, () => undefined);
    expect(asset.state).toBe('QUARANTINED');
    expect(asset.findings.map(({ sentence }) => sentence)).toEqual([
      'DIMM slot A3 is empty; ordered 4 × 256 MiB DDR5-4800, found 3 (PO-2026-0042 line 1).',
      'Disk nvme0n1 (SN NV101) is 3.8 GB NVMe QEMU NVMe Ctrl; ordered 1 × 4.0 GB NVMe (PO-2026-0042 line 1).',
    ]);
    await b.powerOff();
  });

  it('has one that is on no order: QUARANTINED as unknown, its inventory kept', async () => {
    const c = lab.server(serverC);
    const { asset } = await rackUp(story, c, () => undefined);
    expect(asset.findings.map(({ kind, sentence }) => [kind, sentence])).toEqual([
      ['not-ordered', 'SN-X900 is on no purchase order or invoice.'],
    ]);
    const { inventory } = await region.client('mia').call('asset.inventory', { asset: 'SN-X900' });
    expect(inventory.identity.serial).toBe('SN-X900');
    await c.powerOff();
  });

  it('does nothing to the machine when a maker asks, or when the maker tries to approve', async () => {
    change = await askForServer(story, 'ledger-07');
    const own = await region.ppec('mia', 'change', 'approve', change.id, '--yes');
    expect(own.status).toBe(4);
    const asset = await region.client('mia').call('asset.get', { asset: 'srv-a' });
    expect([asset.state, asset.operationId]).toEqual(['SPARE', null]);
    expect(a.consoleText()).not.toContain('running provision');
  });

  it('gives the machine to its team when a checker approves, and outlives a killed controller on the way', async () => {
    let hasRestarted = false;
    const { asset, operation } = await approve(story, change, (text) => {
      // In the middle of the download: the agent starts over, the controller goes on.
      if (hasRestarted || !text.startsWith('writing the image')) return;
      hasRestarted = true;
      void region.restart('SIGKILL');
    });
    expect(hasRestarted).toBe(true);
    expect([asset.state, asset.stateReason]).toEqual(['BAREMETAL', expect.stringContaining('phoned home')]);
    expect(asset).toMatchObject({
      address: '10.20.0.2',
      hostname: 'ledger-07',
      project: 'payments',
      home: 'production',
    });
    expect(operation.steps.every(({ state }) => state === 'done')).toBe(true);
    // The production address answers, and nothing but SSH is open.
    const ping = await lab.run(
      'sh',
      [
        '-c',
        'for i in 1 2 3 4 5 6 7 8 9 10; do timeout 5 bash -c "exec 3<>/dev/tcp/10.20.0.2/22 && head -c 7 <&3" && exit 0; sleep 3; done; exit 1',
      ],
      { timeoutMs: 120_000 },
    );
    expect(ping.stdout).toContain('SSH-2.0');
    const verified = await region.ppec('ada', 'audit', 'verify');
    expect([verified.status, verified.stdout]).toEqual([0, expect.stringContaining('unbroken')]);
  });

  it('boots the machine from its disk when it is power-cycled in production', async () => {
    const from = a.consoleText().length;
    await a.powerOff();
    await a.powerOn();
    await a.waitForConsole(/booting from its disk/, { timeoutMs: 180_000, from });
    await a.waitForConsole(/ledger-07 login:/, { timeoutMs: 300_000, from });
    await waitForPresence('online');
  });
});

async function agentRssBytes(): Promise<number> {
  const told = async (): Promise<number> => {
    const text = await (await fetch(`${region.url}/metrics`)).text();
    return Number(/^ppec_agent_rss_bytes (\d+)/m.exec(text)?.[1] ?? 0);
  };
  // The first heartbeat tells it.
  await expect.poll(told, { timeout: 60_000, interval: 500 }).toBeGreaterThan(0);
  return told();
}

async function waitForPresence(presence: string): Promise<void> {
  await expect
    .poll(async () => (await region.client('mia').call('asset.get', { asset: 'srv-a' })).presence, {
      timeout: 300_000,
      interval: 1000,
    })
    .toBe(presence);
}
