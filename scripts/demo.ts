// `./build.sh demo [--exit]`: the story of a rack, told with real (emulated) machines. Everything it makes lives in
// ./.demo; what it starts ends with it, also when it is killed.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { buildImage } from '../images/build-image.ts';
import { buildPious } from '../pious-image/build-pious.ts';
import type { Asset } from '../shared/api/asset.ts';
import type { OperationHandle } from '../shared/api/operation-handle.ts';
import { messageOf } from '../shared/errors.ts';
import { formatDecimalBytes, formatStopwatch } from '../shared/units.ts';
import { startLab, type Lab } from '../test/lab/lab.ts';
import { lockFolder } from '../test/lab/lock.ts';
import { serverA, serverB, serverC } from '../test/lab/rack.ts';
import { startRegion, type LabRegion } from '../test/lab/region.ts';
import type { LabServer } from '../test/lab/server.ts';
import { approve, askForServer, ppec, prepareRegion, rackUp, type Provisioned, type Story } from '../test/lab/story.ts';
import { bundles } from './bundles.ts';
import { cacheDir } from './cache-dir.ts';
import { createBoard, type Board } from './demo-board.ts';

const root = join(import.meta.dirname, '..');
const folder = join(root, '.demo');
const apiPort = 7443;
const tell = (text = ''): void => void process.stdout.write(`${text}\n`);
const quietly = (): void => undefined;

main().then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(`\nppec: the demo ended: ${messageOf(error)}\n`);
    process.exit(1);
  },
);

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } });
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve('interrupted'));
  });
  // Nobody reads any more: the rack is cleared away all the same.
  process.stdout.on('error', () => process.emit('SIGTERM'));
  tell(`PPEC demo · region demo-1 · everything it makes lives in ${folder} and is removed at the end`);
  const parts = await prepare();
  clearFolder();
  const lab = await startLab({ dir: folder });
  try {
    const told = await Promise.race([tellStory(lab, parts, values.exit), interrupted]);
    if (told === 'interrupted') tell('\ninterrupted');
    else if (!values.exit) {
      tell('\nThe rack keeps running. Ctrl-C ends it and removes everything.');
      await interrupted;
    }
    return told === 'interrupted' ? 130 : 0;
  } finally {
    await lab[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    tell('everything is stopped and removed');
  }
}

/** What an earlier run left when it was killed; refuses while another one is alive. */
function clearFolder(): void {
  try {
    lockFolder(folder)();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  rmSync(folder, { recursive: true, force: true });
}

type Parts = { readonly piousDirectory: string; readonly imageDirectory: string };

async function prepare(): Promise<Parts> {
  await step('programs', async () => {
    if (!(await bundles())) throw new Error('the bundles do not build; see above');
    return 'controller, agent and ppec bundled';
  });
  const agentPath = join(root, 'dist/agent.cjs');
  await step('PIOUS', async () => {
    const built = await buildPious({
      profile: 'test',
      agentPath,
      outDir: join(root, 'dist/pious'),
      cacheDir: cacheDir('pious'),
      log: quietly,
    });
    return `kernel ${formatDecimalBytes(built.kernelBytes)} + initramfs ${formatDecimalBytes(built.initramfsBytes)}   sha256 ${built.digest.slice(0, 8)}…`;
  });
  await step('image', async () => {
    const built = await buildImage({
      recipe: 'debian-12-hardened',
      agentPath,
      outDir: join(root, 'dist/images'),
      cacheDir: cacheDir('images'),
      log: quietly,
    });
    return `debian-12-hardened ${formatDecimalBytes(built.bytes)}   sha256 ${built.sha256.slice(0, 8)}…`;
  });
  return {
    piousDirectory: join(root, 'dist/pious/test'),
    imageDirectory: join(root, 'dist/images/debian-12-hardened'),
  };
}

async function step(name: string, work: () => Promise<string>): Promise<void> {
  const startedMs = performance.now();
  if (process.stdout.isTTY) process.stdout.write(`  … ${name}`);
  const result = await work();
  const clear = process.stdout.isTTY ? '\r\u001B[2K' : '';
  tell(`${clear}  ✓ ${name.padEnd(11)} ${result.padEnd(70)} ${formatStopwatch(performance.now() - startedMs)}`);
}

async function tellStory(lab: Lab, parts: Parts, isExiting: boolean): Promise<'told'> {
  let region: LabRegion | undefined;
  await step('controller', async () => {
    region = await startRegion({ lab, piousDirectory: parts.piousDirectory, apiPort });
    return `${region.url}   API and its description: ${region.url}/docs`;
  });
  if (region === undefined) throw new Error('there is no region');
  const quiet: Story = { region, said: quietly };
  await step('region', async () => {
    await prepareRegion(quiet, { dir: join(folder, 'files'), imageDirectory: parts.imageDirectory });
    return 'PO-2026-0042  Acme Servers · 2 × compute-large@1 · invoice INV-7781 checked';
  });
  const spare = await powerOnRack(lab, quiet);
  const story: Story = {
    region,
    said: (person, words, { stdout, stderr }) => {
      tell(`\n$ ppec --context ${person} ${words.map((word) => (word.includes(' ') ? `"${word}"` : word)).join(' ')}`);
      process.stdout.write(`${stdout}${stderr}`);
    },
  };
  tell('\nA team takes the SPARE: a maker asks, nothing happens to the machine until another person approves.');
  const change = await askForServer(story, 'ledger-07');
  const still = await region.client('mia').call('asset.get', { asset: 'srv-a' });
  tell(`\n  srv-a is ${still.state}; nothing was sent to it`);
  const provisioned = await approve(story, change, tellSteps());
  if (provisioned.asset.state !== 'BAREMETAL')
    throw new Error(`srv-a is ${provisioned.asset.state}: ${provisioned.asset.stateReason}`);
  await epilogue(story, { spareMs: spare.tookMs, provisioned });
  if (!isExiting) goOn(region);
  return 'told';
}

/** One machine at a time, as two cores emulate them best. Answers how it went for the one that is as ordered. */
async function powerOnRack(lab: Lab, story: Story): Promise<{ readonly tookMs: number }> {
  const rack = [
    { spec: serverA, place: 'R12/U20', name: 'srv-a' },
    { spec: serverB, place: 'R12/U21', name: 'srv-b' },
    { spec: serverC, place: 'R12/U22', name: '—' },
  ];
  tell('\npowering on rack R12');
  const board = createBoard(
    rack.map(({ spec, place, name }) => ({ place, name, serial: spec.serial })),
    process.stdout,
  );
  let spareMs = 0;
  try {
    for (const { spec } of rack) {
      const server = lab.server(spec);
      const watching = watchConsole(server, board);
      const { asset, tookMs } = await rackUp(story, server, (found) => watching.to(found.state)).finally(watching.stop);
      board.settle(spec.serial, asset.state, lastWords(asset));
      if (asset.state === 'SPARE') spareMs = tookMs;
    }
  } finally {
    board.stop();
  }
  return { tookMs: spareMs };
}

function lastWords(asset: Asset): string[] {
  if (asset.state === 'SPARE') return [`${asset.class ?? ''}   ${asset.address ?? ''} reserved`];
  return [
    `${asset.findings.length} finding${asset.findings.length === 1 ? '' : 's'}`,
    ...asset.findings.map((finding) => `✗ ${finding.sentence}`),
  ];
}

/** What a machine does before its agent can say so: the last line of its console that means something. */
function watchConsole(server: LabServer, board: Board): { to: (state: string) => void; stop: () => void } {
  let state = 'booting';
  const look = (): void => {
    const text = server.consoleText();
    const stage = [...text.matchAll(/pious: ([^\r\n:]+)/g)].at(-1)?.[1];
    const doing =
      stage ?? (text.includes('Linux version') ? 'kernel' : text.includes('iPXE') ? 'network boot' : 'firmware');
    board.set(server.spec.serial, state, state === 'booting' ? doing : 'PIOUS');
  };
  const timer = setInterval(look, 300);
  look();
  return {
    to: (next) => {
      // Until its agent enrols, what the console shows says more than ORDERED.
      if (next === 'ORDERED') return;
      state = next;
      look();
    },
    stop: () => clearInterval(timer),
  };
}

/** Steps as they come; of the writing only every fifth piece. */
function tellSteps(): (text: string) => void {
  return (text) => {
    const percent = /^writing the image (\d+) %$/.exec(text)?.[1];
    if (percent === undefined || Number(percent) % 25 === 0) tell(`  ${text}`);
  };
}

type Told = { readonly spareMs: number; readonly provisioned: Provisioned };

async function epilogue(story: Story, { spareMs, provisioned }: Told): Promise<void> {
  const { asset, operation, tookMs } = provisioned;
  tell(
    `\n  ✓ srv-a is ${asset.state}: ${asset.hostname ?? ''} at ${asset.address ?? ''}, running ${asset.image ?? ''}`,
  );
  tell('\nhow long it took');
  tell(`  power-on → SPARE          ${formatStopwatch(spareMs).padStart(6)}`);
  for (const [name, ms] of stepTimes(operation)) tell(`    ${name.padEnd(23)} ${formatStopwatch(ms).padStart(6)}`);
  tell(`  approval → phone-home     ${formatStopwatch(tookMs).padStart(6)}`);
  await untilOnline(story);
  await ppec(story, 'mia', 'asset', 'list');
  await ppec(story, 'ada', 'audit', 'list');
  await ppec(story, 'ada', 'audit', 'verify');
}

/** The new system has phoned home; a moment later its agent's link stands. */
async function untilOnline({ region }: Story): Promise<void> {
  const client = region.client('mia');
  for (let attempt = 0; attempt < 60; attempt += 1) {
    const { presence } = await client.call('asset.get', { asset: 'srv-a' });
    if (presence === 'online') return;
    await delay(500);
  }
}

function stepTimes(operation: OperationHandle): (readonly [string, number])[] {
  return operation.steps.map((one) => [one.name, (one.endedAt ?? 0) - (one.startedAt ?? 0)] as const);
}

function goOn(region: LabRegion): void {
  const { id, secret } = region.credential('mia');
  tell(`
go on from another terminal: mia is a provisioner, cho an approver, ada an admin, vic a viewer
  export PPEC_CONFIG=${region.clientConfigPath}
  alias ppec="${process.execPath} ${join(root, 'dist/ppec.cjs')}"
  ppec asset get srv-b                     what is wrong with it
  ppec asset get srv-a --timeline          what happened to it
  ppec asset console srv-a                 its console
  ppec --context cho change list           as the checker
  curl -u ${id}:${secret} ${region.url}/v1/assets
  ${region.url}/docs                the API, described`);
}
