// One life of the agent's command handling: the real journal and the real runner, on a machine whose only effect is a line
// in a file. Started by the crash test as a process of its own, and killed.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

import type { AgentMessage } from '../../../shared/protocol/messages.ts';
import { openJournal } from '../../../agent/journal.ts';
import { commandRunner } from '../../../agent/link/commands.ts';
import { effectsFile, isTold, lifeOf, type Heard } from './life.ts';
import { installKillPoints } from './kill-points.ts';

const life = lifeOf(process.argv[2] ?? '');
const points = await installKillPoints(life.kill);
// Nobody may hear it any more: then this life is over.
const tell = (heard: Heard): void => void process.send?.(heard, undefined, undefined, () => undefined);
const refuse = (): Promise<never> => Promise.reject(new Error('this machine has no such part'));

const journal = await openJournal(join(life.folder, 'journal'));
const runner = commandRunner({
  journal,
  platform: {
    findDisk: refuse,
    withPartition: refuse,
    loadKernel: ({ cmdline }) => {
      points.point(() => appendFileSync(join(life.folder, effectsFile), `${cmdline}\n`));
      return Promise.resolve();
    },
    startKernel: () => Promise.resolve(),
  },
  home: 'pious',
  burnIn: {
    root: life.folder,
    inventory: refuse,
    findDisk: refuse,
    controller: undefined,
    ca: () => undefined,
    folder: join(life.folder, 'burn-in'),
  },
  stateDir: life.folder,
  clock: { nowMs: () => 1000 },
  imageKeys: () => ({}),
  target: () => ({
    region: 'test-1',
    assetId: 'ast_1',
    serial: 'SN-1',
    bootId: 'boot-1',
    nowMs: 1000,
    commandKeys: [{ keyId: life.keyId, publicKeyPem: life.publicKeyPem, notBeforeMs: 0, notAfterMs: null }],
  }),
  send: (message: AgentMessage) => {
    if (message.type !== 'command-result') return;
    tell({ type: 'result', commandId: message.body.commandId, outcome: message.body.outcome });
  },
  log: () => undefined,
});

process.on('message', (told: unknown) => {
  if (!isTold(told)) throw new Error('not of this test');
  if (told.do === 'command') {
    const { bytes, signature, keyId } = told;
    void runner.receive({
      bytes: Buffer.from(bytes, 'base64'),
      signature: Buffer.from(signature, 'base64'),
      keyId,
    });
  } else {
    const { commandId } = told;
    void runner.acknowledge(commandId).then(() => {
      tell({ type: 'writes', count: points.count() });
      tell({ type: 'acknowledged', commandId });
    });
  }
});
process.on('disconnect', () => process.exit(0));
tell({ type: 'open' });
runner.resendResults();
