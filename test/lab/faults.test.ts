// Real emulated machines with one fault each: each is QUARANTINED with exactly the sentence that names it, and becomes a
// SPARE once it is mended. What hardware lets a person change while the machine runs is changed so; one machine goes from
// fault to fault, while others boot.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { buildPious } from '../../pious-image/build-pious.ts';
import { bundles } from '../../scripts/bundles.ts';
import { cacheDir } from '../../scripts/cache-dir.ts';
import type { Asset } from '../../shared/api/asset.ts';
import type { Inventory } from '../../shared/hardware/inventory.ts';
import { listedDimms } from '../fixtures/dmidecode-listing.ts';
import { fakeSwitch } from './fake-switch.ts';
import {
  classes,
  cold,
  coldWithout,
  hot,
  order,
  orderNumber,
  real,
  realListing,
  rightDisk,
  smallDisk,
} from './faulty-rack.ts';
import { startLab, type Lab } from './lab.ts';
import { processesIn } from './namespace.ts';
import { startRegion, type LabRegion } from './region.ts';
import type { LabServer } from './server.ts';
import { rackUp, type Decided, type Story } from './story.ts';
import { waitFor } from './wait.ts';

const root = join(import.meta.dirname, '../..');
const quiet = (): void => undefined;
const patienceMs = 300_000;

let dir: string;
let lab: Lab;
let region: LabRegion;
let story: Story;
let hotServer: LabServer;
/** Machines boot while another one is tested. */
let mended: Promise<{ readonly before: Asset; readonly after: Asset }>;
let realBoot: Promise<Decided>;

beforeAll(async () => {
  expect(await bundles()).toBe(true);
  const agentPath = join(root, 'dist/agent.cjs');
  const outDir = join(root, 'dist/pious');
  await buildPious({ profile: 'test', agentPath, outDir, cacheDir: cacheDir('pious'), log: quiet });
  dir = mkdtempSync(join(tmpdir(), 'ppec-'));
  lab = await startLab({ dir });
  region = await startRegion({ lab, piousDirectory: join(outDir, 'test'), apiPort: 0 });
  story = { region, said: quiet };
  const ada = region.client('ada');
  for (const [name, spec] of Object.entries(classes)) await ada.call('class.create', { name, spec });
  await ada.call('network.create', { name: 'discovery', kind: 'discovery', cidr: '10.99.0.0/24', gateway: '10.99.0.1' });
  await ada.call('network.create', { name: 'production', kind: 'production', cidr: '10.20.0.0/24', gateway: '10.20.0.1' });
  await ada.call('po.import', { fileName: 'po.yaml', text: order('SN-FOO1') });
  hotServer = lab.server(hot);
  mended = started(mendMemory(lab.server(coldWithout)));
}, 1_800_000); // prettier-ignore

afterAll(async () => {
  const id = lab.namespaceId;
  await lab[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
  expect(processesIn(id)).toEqual([]);
});

/** Its failure is told by the test that waits for it. */
function started<T>(work: Promise<T>): Promise<T> {
  work.catch(quiet);
  return work;
}

async function inventoryOf(asset: string): Promise<Inventory> {
  return (await region.client('mia').call('asset.inventory', { asset })).inventory;
}

/** Boots with a module too few, then with all of them. */
async function mendMemory(server: LabServer): Promise<{ before: Asset; after: Asset }> {
  const { asset: before } = await rackUp(story, server, quiet);
  const { last } = await region.client('mia').call('event.list', { limit: 1 });
  await server.powerOff();
  server.fitMemory(cold);
  await server.powerOn();
  return { before, after: await decidedAfter('srv-cold', last) };
}

const sentences = ({ findings }: Asset): string[] => findings.map(({ sentence }) => sentence);

/** Has a machine inspected once more; the asset after that inspection's verdict. */
async function inspected(asset: string): Promise<Asset> {
  const client = region.client('mia');
  const { last } = await client.call('event.list', { limit: 1 });
  await client.call('asset.inspect', { asset });
  return decidedAfter(asset, last);
}

/** The asset after the first verdict that comes after that event. */
async function decidedAfter(asset: string, event: number): Promise<Asset> {
  const client = region.client('mia');
  const verdict = new RegExp(`^${asset} (SPARE|QUARANTINED)`);
  const deadlineMs = performance.now() + patienceMs;
  for (let after = event; ;) {
    const { items } = await client.call('event.list', { after, waitMs: 2000 });
    if (items.some(({ text }) => verdict.test(text))) return client.call('asset.get', { asset });
    if (performance.now() > deadlineMs) throw new Error(`${asset} was not inspected in time`);
    after = items.at(-1)?.seq ?? after;
  }
}

/** Waits until the machine has heard all that its switches say: from then on it reads its hardware only when asked. */
async function untilListened(asset: string): Promise<void> {
  await waitFor(async () => ((await inventoryOf(asset)).neighboursComplete ? true : undefined), {
    what: () => `${asset} to hear its switches out`,
    timeoutMs: patienceMs,
  });
}

const spare = { state: 'SPARE', findings: [] };

// The steps follow each other on one machine: one that fails leaves the later ones without their ground.
describe('a machine that stays on', { concurrent: false }, () => {
  it('with a serial that is on no order is unknown, and a SPARE once the order is corrected', async () => {
    const { asset } = await rackUp(story, hotServer, quiet);
    // Two machines at a time: one per core.
    realBoot = started(rackUp(story, lab.server(real), quiet));
    expect(asset.state).toBe('QUARANTINED');
    expect(sentences(asset)).toEqual(['SN-F001 is on no purchase order or invoice.']);
    const ada = region.client('ada');
    const { revision } = await ada.call('po.get', { po: orderNumber });
    const { last } = await ada.call('event.list', { limit: 1 });
    await ada.call('po.amend', { po: orderNumber, revision, reason: 'FOO1 was F001', fileName: 'po.yaml', text: order('SN-F001') });
    expect(await decidedAfter('srv-hot', last)).toMatchObject(spare);
    await untilListened('srv-hot');
  }); // prettier-ignore

  it('with a cable out has a port without a link, until the cable is in', async () => {
    await hotServer.setLink(1, false);
    const asset = await inspected('srv-hot');
    expect(asset.state).toBe('QUARANTINED');
    expect(sentences(asset)).toEqual([
      'No link on eth1 (52:54:00:fa:01:01); 2 ports must have one: check the cable (PO-F line 1).',
    ]);
    await hotServer.setLink(1, true);
    expect(await inspected('srv-hot')).toMatchObject(spare);
  });

  it('with a disk that warns of itself is not a SPARE, until the disk is well', async () => {
    const isReadOnly = 8;
    await hotServer.setDiskWarning(0, isReadOnly);
    const asset = await inspected('srv-hot');
    expect(asset.state).toBe('QUARANTINED');
    expect(sentences(asset)).toEqual(['Disk nvme0n1 (SN NVF1): NVMe critical warning 0x8 (read only): replace it.']);
    await hotServer.setDiskWarning(0, 0);
    expect(await inspected('srv-hot')).toMatchObject(spare);
  });

  it('with a power supply that lost its input, by the log of its BMC, until the log says that it is back', async () => {
    const inputLost = { sensorType: 0x08, sensorNumber: 0xc9, offset: 3 };
    await hotServer.enterEvent({ ...inputLost, asserted: true });
    const asset = await inspected('srv-hot');
    expect(asset.state).toBe('QUARANTINED');
    expect(sentences(asset)).toEqual([
      expect.stringMatching(
        /^Sensor C9h: power supply: input power lost, 20\d\d-\d\d-\d\d [\d:]{8} by the board controller's clock, and not left since: mend it, then clear the log \(ipmitool sel clear\)\.$/,
      ),
    ]);
    await hotServer.enterEvent({ ...inputLost, asserted: false });
    expect(await inspected('srv-hot')).toMatchObject(spare);
  });

  it('with a disk smaller than ordered, until the right one is in its bay', async () => {
    const hasDisk = async (serial: string): Promise<boolean> =>
      (await inventoryOf('srv-hot')).disks.some((disk) => disk.serial === serial);
    await hotServer.swapDisk(0, smallDisk);
    const asset = await inspectedOnce(() => hasDisk(smallDisk.serial));
    expect(asset.state).toBe('QUARANTINED');
    expect(sentences(asset)).toEqual([
      'Disk nvme0n1 (SN NVSMALL) is 3.8 GB NVMe QEMU NVMe Ctrl; ordered 1 × 4.0 GB NVMe (PO-F line 1).',
    ]);
    await hotServer.swapDisk(0, rightDisk);
    expect(await inspectedOnce(() => hasDisk(rightDisk.serial))).toMatchObject(spare);
  });
});

describe('a machine', { concurrent: false }, () => {
  it('without one of its DIMMs is a SPARE once the module is in', async () => {
    const { before, after } = await mended;
    expect(before.state).toBe('QUARANTINED');
    expect(sentences(before)).toEqual(['DIMM slot A2 is empty; ordered 2 × 512 MiB DDR5-4800, found 1 (PO-F line 1).']);
    expect(after).toMatchObject(spare);
  });

  it('with the memory of a real server reports every slot as that server lists it', async () => {
    const { asset } = await realBoot;
    const { dimms } = await inventoryOf('srv-real');
    expect(dimms).toHaveLength(16);
    expect(dimms).toMatchObject(listedDimms(realListing));
    // Of the class nothing is missing. The emulated machine has less memory than its tables say, as one has whose firmware
    // took modules out of use: that is found, and nothing else.
    expect(asset.state).toBe('QUARANTINED');
    expect(sentences(asset)).toEqual([
      expect.stringMatching(/^The kernel sees \d+ MiB of 64 GiB installed: firmware may have mapped a module out/),
      expect.stringMatching(/^The DIMMs hold 64 GiB, the system can use \d+ MiB: a DIMM is mapped out/),
    ]);
  });
});

describe('a machine that the cabling table has', { concurrent: false }, () => {
  it('with a port on a wrong switch port is not a SPARE, until the cable is moved', async () => {
    const leaf = await fakeSwitch(lab, 'leaf-1');
    await leaf.plug(hotServer.cableOf(0), 9);
    await leaf.plug(hotServer.cableOf(1), 10);
    const table = ['switch,port,rack,slot', 'leaf-1,swp9,R12,U20', 'leaf-1,swp10,R12,U20', 'leaf-1,swp11,R12,U21'];
    await region.client('ada').call('cabling.import', { fileName: 'r12.csv', text: table.join('\n') });
    expect(await hearing('swp10')).toMatchObject(spare);

    await move(leaf, 11);
    const asset = await hearing('swp11');
    expect(asset.state).toBe('QUARANTINED');
    expect(sentences(asset)).toEqual([
      "Port eth1 is on leaf-1 swp11, which the cabling table has for R12 U21; it belongs on leaf-1 swp10: two machines' cables may be crossed.",
    ]);

    await move(leaf, 10);
    expect(await hearing('swp10')).toMatchObject({ ...spare, rack: 'R12', slot: 'U20' });
  });
});

describe('the agent', () => {
  it('keeps within its memory over a dozen inspections', async () => {
    const metrics = await (await fetch(`${region.url}/metrics`)).text();
    const bytes = Number(/^ppec_agent_rss_bytes (\d+)/m.exec(metrics)?.[1]);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(80_000_000);
  });
});

async function move(leaf: Awaited<ReturnType<typeof fakeSwitch>>, port: number): Promise<void> {
  await hotServer.setLink(1, false);
  await leaf.plug(hotServer.cableOf(1), port);
  await hotServer.setLink(1, true);
}

/** What the second port of `srv-hot` heard when it was last inspected. */
async function heard(): Promise<string | undefined> {
  const { items } = await region.client('mia').call('cabling.check', { asset: 'srv-hot' });
  return items[0]?.ports.find(({ nic }) => nic === 'eth1')?.heard?.port;
}
const hearing = (port: string): Promise<Asset> => inspectedOnce(async () => (await heard()) === port);

/** Inspected again until the machine has taken notice of what was done to it: nobody outside can say when it has. */
async function inspectedOnce(hasNoticed: () => Promise<boolean>): Promise<Asset> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const asset = await inspected('srv-hot');
    if (await hasNoticed()) return asset;
    if (performance.now() > deadlineMs) throw new Error('srv-hot has taken no notice in time');
    await delay(500);
  }
}
