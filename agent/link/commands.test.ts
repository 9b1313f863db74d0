import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { inventoryFromEvidence } from '../../shared/hardware/evidence/inventory-from-evidence.ts';
import type { BurnInArgs } from '../../shared/burn-in/report.ts';
import type { Command } from '../../shared/protocol/command.ts';
import type { AgentMessage } from '../../shared/protocol/messages.ts';
import { diskSerial, fileMachine, manifestOf, packedImage, serve } from '../../test/fixtures/file-machine.ts';
import { newSigner } from '../../test/fixtures/signed-command.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import type { Platform } from '../handlers/platform.ts';
import { openJournal, type Journal } from '../journal.ts';
import { commandRunner, type CommandRunner } from './commands.ts';

type Provision = Extract<Command, { name: 'provision' }>;

const region = newSigner('command-1');
const imageKey = newSigner('image-1');
const manifest = JSON.stringify(manifestOf(packedImage));
const common = {
  region: 'test-1',
  assetId: 'ast_1',
  assetSerial: 'SN-1',
  bootId: 'boot-1',
  notBeforeMs: 0,
  expiresAtMs: 9000,
  approval: { changeId: 'chg_1', payloadSha256: 'a'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] },
};
const kexec = (generation: number, change: Partial<Command> = {}): Command =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a spread over Partial loses the union's tag
  ({
    ...common,
    id: `cmd_${generation}`,
    generation,
    name: 'kexec',
    args: { provisionCommandId: 'cmd_1', appendCmdline: 'ppec.kexec=1' },
    ...change,
  }) as Command;
const provision = (generation: number, args: Partial<Provision['args']> = {}): Command => ({
  ...common,
  id: `cmd_${generation}`,
  generation,
  name: 'provision',
  args: {
    imageUrl: 'http://127.0.0.1:1/image',
    manifest,
    manifestSignature: imageKey.signRaw(manifest),
    imageKeyId: imageKey.keyId,
    diskSerial,
    diskBytesMin: 1,
    seed: { metaData: '', userData: '', networkConfig: '' },
    ...args,
  },
});

type Bench = {
  readonly folder: string;
  readonly journal: Journal;
  readonly runner: CommandRunner;
  readonly sent: AgentMessage[];
  readonly results: () => string[];
  readonly calls: string[];
  readonly log: string[];
};

async function bench(change: Partial<Platform> = {}, at?: string): Promise<Bench> {
  const folder = at ?? (await temporaryFolder());
  const { platform, calls } = await fileMachine(folder);
  const journal = await openJournal(join(folder, 'journal'));
  const sent: AgentMessage[] = [];
  const log: string[] = [];
  const runner = commandRunner({
    journal,
    platform: { ...platform, ...change },
    home: 'pious',
    burnIn: {
      root: folder,
      inventory: () => Promise.resolve(inventoryFromEvidence([])),
      findDisk: () => Promise.resolve(undefined),
      controller: undefined,
      ca: () => undefined,
      folder: join(folder, 'burn-in'),
    },
    stateDir: folder,
    clock: { nowMs: () => 1000 },
    imageKeys: () => ({ [imageKey.keyId]: imageKey.publicKeyPem }),
    target: () => ({
      assetId: 'ast_1',
      serial: 'SN-1',
      bootId: 'boot-1',
      nowMs: 1000,
      region: 'test-1',
      commandKeys: [region.listed],
    }),
    send: (message) => sent.push(message),
    log: (text) => log.push(text),
  });
  const results = (): string[] =>
    sent.flatMap(({ type, body }) =>
      type === 'command-result' ? [`${body.commandId} ${body.outcome} ${body.code ?? ''}`.trim()] : [],
    );
  return { folder, journal, runner, sent, results, calls, log };
}

it('runs provision and kexec and tells each result', async () => {
  const { runner, sent, results, calls } = await bench();
  const imageUrl = await serve((_, response) => response.end(packedImage));
  await runner.receive(region.signCommand(provision(1, { imageUrl })));
  await runner.receive(region.signCommand(kexec(2)));
  expect(results()).toEqual(['cmd_1 succeeded', 'cmd_2 succeeded']);
  expect(calls).toEqual(['find DISK-1', 'mount 3', 'unmount', 'load root=LABEL=root ppec.kexec=1', 'start']);
  expect(sent[0]).toEqual({ type: 'command-accepted', body: { commandId: 'cmd_1' } });
  const percents = sent.flatMap(({ type, body }) => (type === 'command-progress' ? [body.percent] : []));
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(percents.length).toBeGreaterThan(0);
  expect(percents.length).toBeLessThanOrEqual(21);
});

it('answers the same command again with the stored result and does not run it', async () => {
  const { runner, results, calls } = await bench();
  const envelope = region.signCommand(provision(1, { diskSerial: 'DISK-2' }));
  await Promise.all([runner.receive(envelope), runner.receive(envelope)]);
  await runner.receive(envelope);
  expect(calls).toEqual(['find DISK-2']);
  expect(results()).toEqual(Array(3).fill('cmd_1 failed disk-not-found'));
});

it('does not run a command of a known id again because it has a newer generation', async () => {
  const { runner, results, calls } = await bench();
  await runner.receive(region.signCommand(provision(1, { diskSerial: 'DISK-2' })));
  await runner.receive(region.signCommand({ ...provision(2), id: 'cmd_1' }));
  expect(calls).toEqual(['find DISK-2']);
  expect(results()).toEqual(Array(2).fill('cmd_1 failed disk-not-found'));
});

it('answers a command that the agent died in with indeterminate, and does not run it again', async () => {
  const folder = await temporaryFolder();
  const before = await bench({ findDisk: () => new Promise(() => undefined) }, folder);
  const envelope = region.signCommand(provision(1));
  void before.runner.receive(envelope);
  await expect.poll(() => before.sent).toHaveLength(1);
  const after = await bench({}, folder);
  await after.runner.receive(envelope);
  expect(after.results()).toEqual(['cmd_1 indeterminate']);
  expect(after.calls).toEqual([]);
});

it('has the intent on the disk before it touches the machine, and the result before it tells it', async () => {
  const stored: unknown[] = [];
  const folder = await temporaryFolder();
  const readEntry = async (): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, 'journal/cmd_1.json'), 'utf8')) as unknown;
  const { runner, journal } = await bench(
    {
      findDisk: async () => {
        stored.push(await readEntry());
        return undefined;
      },
    },
    folder,
  );
  await runner.receive(region.signCommand(provision(1)));
  expect(stored).toMatchObject([{ commandId: 'cmd_1', result: null }]);
  expect(await readEntry()).toMatchObject({ result: { outcome: 'failed', code: 'disk-not-found' } });
  expect(journal.find('cmd_1')?.acknowledged).toBe(false);
});

it('runs two commands one after the other', async () => {
  const trace: string[] = [];
  let release = (): void => undefined;
  const { runner } = await bench({
    findDisk: async (serial) => {
      trace.push(`start ${serial}`);
      if (serial === 'A') await new Promise<void>((resolve) => (release = resolve));
      trace.push(`end ${serial}`);
      return undefined;
    },
  });
  const first = runner.receive(region.signCommand(provision(1, { diskSerial: 'A' })));
  const second = runner.receive(region.signCommand(provision(2, { diskSerial: 'B' })));
  await expect.poll(() => trace).toEqual(['start A']);
  release();
  await Promise.all([first, second]);
  expect(trace).toEqual(['start A', 'end A', 'start B', 'end B']);
});

it('goes on with the next command after one that failed in an unforeseen way', async () => {
  const { runner, results } = await bench({ findDisk: () => Promise.reject(new TypeError('broken')) });
  await runner.receive(region.signCommand(provision(1)));
  await runner.receive(region.signCommand(provision(2)));
  expect(results()).toEqual(['cmd_1 failed', 'cmd_2 failed']);
});

it.each<[string, Command, string]>([
  ['for another region', kexec(5, { region: 'test-2' }), 'region'],
  ['for another asset', kexec(5, { assetId: 'ast_2' }), 'asset'],
  ['for another boot', kexec(5, { bootId: 'boot-0' }), 'boot'],
  ['that has expired', kexec(5, { expiresAtMs: 999 }), 'expiry'],
  ['that nobody checked', kexec(5, { approval: { ...common.approval, checkerIds: [] } }), 'approval'],
])('runs nothing for a command %s, and says which check refused it', async (_, command, check) => {
  const { runner, journal, sent, results, calls, log } = await bench();
  await runner.receive(region.signCommand(command));
  expect({ calls, entries: journal.entries() }).toEqual({ calls: [], entries: [] });
  expect([sent.length, results()]).toEqual([1, [`cmd_5 refused ${check}`]]);
  expect(log).toHaveLength(1);
  expect(log[0]).toContain(`refused a command (${check}): `);
});

it('says that it refused a command that the region did not sign, without naming one, and refuses an old one it has no result of', async () => {
  const { runner, journal, sent, results, calls } = await bench();
  await runner.receive(newSigner('command-1').signCommand(kexec(5)));
  expect(journal.entries()).toEqual([]);
  const body = { keyId: 'command-1', check: 'signature', reason: 'the signature does not verify' };
  expect(sent).toEqual([{ type: 'command-refused', body }]);
  await runner.receive(region.signCommand(kexec(9)));
  sent.length = 0;
  await runner.receive(region.signCommand(kexec(8)));
  expect([results(), calls]).toEqual([['cmd_8 refused generation'], []]);
});

it('does not start a kernel that no provision of this boot has left', async () => {
  const { runner, results, calls } = await bench();
  await runner.receive(region.signCommand(kexec(1, { id: 'cmd_k' })));
  expect(results()).toEqual(['cmd_k failed nothing-to-boot']);
  expect(calls).toEqual([]);
});

it('tells the results again that are not acknowledged, and only those', async () => {
  const { runner, sent, results } = await bench();
  for (const generation of [1, 2]) await runner.receive(region.signCommand(provision(generation, { diskSerial: 'X' })));
  await runner.acknowledge('cmd_1');
  sent.length = 0;
  runner.resendResults();
  runner.resendResults();
  expect(results()).toEqual(Array(2).fill('cmd_2 failed disk-not-found'));
});

const burnIn = (generation: number, change: Partial<BurnInArgs> = {}): Command => ({
  ...common,
  id: `cmd_${generation}`,
  generation,
  approval: null,
  name: 'burn-in',
  args: { profile: 'intake', timeScale: 0.001, tools: null, writeDiskSerials: [], ...change },
});
const cancel = (generation: number, burnInCommandId: string): Command => ({
  ...common,
  id: `cmd_${generation}`,
  generation,
  approval: null,
  name: 'burn-in-cancel',
  args: { burnInCommandId },
});

it('runs a burn-in and tells its report until it is acknowledged', async () => {
  const { runner, sent, results, journal } = await bench();
  await runner.receive(region.signCommand(burnIn(1)));
  expect(results()).toEqual(['cmd_1 succeeded']);
  const told = sent.flatMap(({ type, body }) => (type === 'command-result' ? [body.report] : []));
  expect(told[0]?.results.map(({ test }) => test)).toEqual(expect.arrayContaining(['cpu', 'memory', 'disk-read', 'network', 'counters']));
  expect(journal.find('cmd_1')?.result?.report).toEqual(told[0]);
  await runner.acknowledge('cmd_1');
  expect(journal.find('cmd_1')?.result).toMatchObject({ outcome: 'succeeded' });
  expect(journal.find('cmd_1')?.result?.report).toBeUndefined();
}); // prettier-ignore

it('ends a burn-in that runs without waiting for it, and refuses what waited behind it as older', async () => {
  const { runner, sent, results } = await bench();
  const running = runner.receive(region.signCommand(burnIn(1, { timeScale: 1 })));
  const waiting = runner.receive(region.signCommand(provision(2, { diskSerial: 'X' })));
  await expect.poll(() => sent.some(({ type }) => type === 'burn-in-progress')).toBe(true);
  const envelope = region.signCommand(cancel(3, 'cmd_1'));
  await Promise.all([runner.receive(envelope), runner.receive(envelope)]);
  await Promise.all([running, waiting]);
  expect(results().toSorted()).toEqual(['cmd_1 failed cancelled', 'cmd_2 refused generation', 'cmd_3 succeeded', 'cmd_3 succeeded']);
  const told = sent.flatMap(({ type, body }) => (type === 'command-result' && body.commandId === 'cmd_1' ? [body.report] : []));
  expect(told[0]?.results.every(({ outcome }) => outcome !== 'failed')).toBe(true);
  expect(told[0]?.results.some(({ outcome }) => outcome === 'cancelled')).toBe(true);
}); // prettier-ignore

it('answers the cancel of a burn-in that does not run, and that burn-in no longer begins', async () => {
  const { runner, results } = await bench();
  await runner.receive(region.signCommand(cancel(2, 'cmd_1')));
  await runner.receive(region.signCommand(burnIn(1)));
  expect(results()).toEqual(['cmd_2 succeeded', 'cmd_1 refused generation']);
});

it('begins a new burn-in after one that the agent died in, which is indeterminate', async () => {
  const folder = await temporaryFolder();
  const journal = await openJournal(join(folder, 'journal'));
  await journal.accept({ commandId: 'cmd_1', generation: 1, name: 'burn-in', expiresAtMs: 9000 });
  const { runner, results } = await bench({}, folder);
  runner.resendResults();
  await runner.receive(region.signCommand(burnIn(2)));
  expect(results()).toEqual(['cmd_1 indeterminate', 'cmd_2 succeeded']);
});

it('tells a new session where the burn-in is, and ends it when the agent stops', async () => {
  const { runner, sent, results } = await bench();
  const running = runner.receive(region.signCommand(burnIn(1, { timeScale: 1 })));
  await expect.poll(() => sent.some(({ type }) => type === 'burn-in-progress')).toBe(true);
  sent.length = 0;
  runner.resendResults();
  expect(sent).toMatchObject([{ type: 'burn-in-progress', body: { commandId: 'cmd_1', test: 'cpu', round: 1 } }]);
  await runner.stop();
  expect(results()).toEqual(['cmd_1 failed cancelled']);
  await running;
  sent.length = 0;
  runner.resendResults();
  expect(sent.map(({ type }) => type)).toEqual(['command-result']);
});

it('does not run a burn-in whose cancel overtakes it on its way into the journal', async () => {
  const { runner, results } = await bench();
  const began = performance.now();
  const running = runner.receive(region.signCommand(burnIn(1, { timeScale: 1 })));
  await Promise.all([running, runner.receive(region.signCommand(cancel(2, 'cmd_1')))]);
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(results()).toContain('cmd_2 succeeded');
  expect(results().find((result) => result.startsWith('cmd_1'))).toMatch(/^cmd_1 (failed cancelled|refused)$/);
});
