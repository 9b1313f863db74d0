// The story of a rack, step by step: what the demo shows and the end-to-end test checks. Every step goes through the
// `ppec` client or the machine's own power button; nothing reaches into the controller.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Asset } from '../../shared/api/asset.ts';
import type { Change } from '../../shared/api/change.ts';
import type { OperationHandle } from '../../shared/api/operation-handle.ts';
import { PpecError } from '../../shared/errors.ts';
import type { RunResult } from './namespace.ts';
import { machineClass, purchaseOrder } from './rack.ts';
import { imageKeyId, type LabRegion, type PersonName } from './region.ts';
import type { LabServer } from './server.ts';

export type Story = {
  readonly region: LabRegion;
  /** Tells what is run, before and after it ran. */
  readonly said: (person: PersonName, words: readonly string[], result: RunResult) => void;
};

/** Runs `ppec`; a refusal is an error here. */
export async function ppec(story: Story, person: PersonName, ...words: string[]): Promise<string> {
  const result = await story.region.ppec(person, ...words);
  story.said(person, words, result);
  if (result.status !== 0) throw new Error(`ppec ${words.join(' ')} ended with ${result.status}: ${result.stderr}`);
  return result.stdout;
}

/** What a region has before the first server is racked: a team with a project, a class, networks, an image, an order. */
export async function prepareRegion(
  story: Story,
  options: { readonly dir: string; readonly imageDirectory: string },
): Promise<void> {
  const file = (name: string, text: string): string => {
    mkdirSync(options.dir, { recursive: true });
    const path = join(options.dir, name);
    writeFileSync(path, text);
    return path;
  };
  await ppec(story, 'ada', 'team', 'create', 'ledger');
  await ppec(story, 'ada', 'project', 'create', 'payments', '--team', 'ledger');
  await ppec(story, 'ada', 'class', 'create', '-f', file('compute-large.yaml', machineClass));
  await ppec(
    story,
    'ada',
    'network',
    'create',
    'discovery',
    '--kind',
    'discovery',
    '--cidr',
    '10.99.0.0/24',
    '--gateway',
    '10.99.0.1',
  );
  await ppec(
    story,
    'ada',
    'network',
    'create',
    'production',
    '--kind',
    'production',
    '--cidr',
    '10.20.0.0/24',
    '--gateway',
    '10.20.0.1',
  );
  await ppec(
    story,
    'ada',
    'image',
    'import',
    options.imageDirectory,
    '--key',
    story.region.imageKeyPath,
    '--key-id',
    imageKeyId,
  );
  await ppec(story, 'ada', 'po', 'import', file('PO-2026-0042.yaml', purchaseOrder));
}

export type Decided = { readonly asset: Asset; readonly tookMs: number };

const decisionTimeoutMs = 600_000;

/** Presses the power button and waits until the controller has decided: SPARE or QUARANTINED. */
export async function rackUp(story: Story, server: LabServer, onState: (asset: Asset) => void): Promise<Decided> {
  const startedMs = performance.now();
  await server.powerOn();
  const client = story.region.client('mia');
  let shown = '';
  for (let after = 0; ;) {
    const { items } = await client.call('asset.list', { limit: 1000 });
    const asset = items.find((candidate) => candidate.serial === server.spec.serial);
    if (asset !== undefined && asset.state !== shown) {
      shown = asset.state;
      onState(asset);
    }
    const tookMs = performance.now() - startedMs;
    if (asset?.state === 'SPARE' || asset?.state === 'QUARANTINED') return { asset, tookMs };
    if (tookMs > decisionTimeoutMs) {
      throw new Error(
        `${server.spec.name} was not decided in time (${asset?.state ?? 'unknown'}):\n${server.consoleText().slice(-3000)}`,
      );
    }
    // Sleeps until something happens in the region, or a second.
    const events = await client.call('event.list', { after, waitMs: 1000 });
    after = events.last;
  }
}

export type Provisioned = {
  readonly asset: Asset;
  readonly operation: OperationHandle;
  /** From the checker's yes to the phone-home. */
  readonly tookMs: number;
};

/** The maker asks; answers the change that waits for a checker. */
export async function askForServer(story: Story, hostname: string): Promise<Change> {
  await ppec(
    story,
    'mia',
    'provision',
    '--class',
    'compute-large',
    '--count',
    '1',
    '--image',
    'debian-12-hardened',
    '--project',
    'payments',
    '--hostname',
    hostname,
    '--reason',
    'new ledger node',
  );
  const { items } = await story.region.client('mia').call('change.list', { state: 'open' });
  const [change] = items;
  if (change === undefined || items.length !== 1) throw new Error(`one open change expected, found ${items.length}`);
  return change;
}

/** Another person approves; watches the operation to its end. */
export async function approve(story: Story, change: Change, onStep: (text: string) => void): Promise<Provisioned> {
  const client = story.region.client('cho');
  const before = await client.call('event.list', { limit: 1 });
  const startedMs = performance.now();
  await ppec(story, 'cho', 'change', 'approve', change.id, '--yes');
  const { operationIds } = await client.call('change.get', { change: change.id });
  const [id = ''] = operationIds;
  for (let after = before.last; ;) {
    const operation = await patiently(() => client.call('operation.get', { operation: id }));
    if (operation.state !== 'running') {
      const asset = await patiently(() => client.call('asset.get', { asset: operation.assetId }));
      return { asset, operation, tookMs: performance.now() - startedMs };
    }
    if (performance.now() - startedMs > decisionTimeoutMs) throw new Error(`operation ${id} did not end in time`);
    const since = after;
    const events = await patiently(() => client.call('event.list', { after: since, waitMs: 2000 }));
    for (const event of events.items) onStep(event.text);
    after = events.items.at(-1)?.seq ?? after;
  }
}

const awayMaxMs = 60_000;

/** A controller that restarts is away for a moment. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof PpecError) || !error.shouldRetry() || performance.now() - startedMs > awayMaxMs)
        throw error;
      await delay(200);
    }
  }
}
