import { readFile } from 'node:fs/promises';

import type { Change } from '../../../shared/api/change.ts';
import { targetsMax } from '../../../shared/api/provision.ts';
import { messageOf, PpecError } from '../../../shared/errors.ts';
import { waitForChange } from '../../sdk/follow.ts';
import { command, type CommandContext } from '../command.ts';
import { followChange } from '../follow.ts';
import { defined, flag, integer, many, optional, required } from '../options.ts';
import { checkersSentence, renderEffect } from '../output/effect.ts';
import { due } from '../output/time.ts';

export const provision = command({
  path: 'provision',
  summary: 'Ask to turn SPAREs into BAREMETALs; a checker approves exactly what is shown',
  options: {
    class: optional('--class <class>', 'SPAREs of this class, the oldest first'),
    count: integer('--count <n>', { min: 1, max: targetsMax }, 'how many of the class; 1 unless told'),
    asset: many('--asset <asset>', 'or: exactly this asset; may be repeated'),
    image: required('--image <image>', 'image name, or name@version'),
    project: required('--project <project>', 'project the machines will belong to'),
    hostname: optional('--hostname <name>', 'host name; several machines get -1, -2 …'),
    sshKeyFile: many('--ssh-key-file <file>', 'public keys that may sign in, one a line; may be repeated'),
    reason: required('--reason <text>', 'why; the checker and the audit read it'),
    wait: flag('--wait', 'wait for the checker and watch the work to its end'),
  },
  examples: [
    'ppec provision --class compute-large --image debian-12-hardened --project payments --reason "new ledger node"',
    'ppec provision --asset srv-a --asset srv-b --image debian-12-hardened@12.9+3 --project payments --ssh-key-file ~/.ssh/id_ed25519.pub --reason "replace ledger"',
  ],
  async run(context, { asset, sshKeyFile, wait, class: machineClass, count, ...rest }) {
    assertTargets(asset, { machineClass, count });
    const sshKeys = (await Promise.all(sshKeyFile.map(readPublicKeys))).flat();
    const input = {
      ...defined({ ...rest, class: machineClass, count }),
      image: rest.image,
      project: rest.project,
      reason: rest.reason,
      ...(asset.length === 0 ? {} : { assets: [...asset] }),
      ...(sshKeys.length === 0 ? {} : { sshKeys }),
    };
    const client = await context.client();
    const filed = await client.call('asset.provision', input, { signal: context.signal });
    if (!wait) {
      context.output.value(filed, (change) => filedText(context, change));
      return 0;
    }
    context.output.say(filedText(context, filed).trimEnd());
    const change = await waitForChange(client, filed.id, { signal: context.signal, clock: context.clock });
    const status = await followChange(context, change);
    if (context.output.format !== 'table') context.output.value(change, () => '');
    return status;
  },
});

type Wanted = { readonly machineClass: string | undefined; readonly count: number | undefined };

function assertTargets(assets: readonly string[], { machineClass, count }: Wanted): void {
  if (assets.length === 0 && machineClass === undefined) {
    throw new PpecError('invalid_argument', 'Say which servers: --class CLASS [--count N], or --asset ASSET.');
  }
  if (assets.length > 0 && (machineClass !== undefined || count !== undefined)) {
    throw new PpecError('invalid_argument', '--asset names the servers; --class and --count would choose others.');
  }
}

function filedText({ output, clock }: CommandContext, change: Change): string {
  const head = `${checkersSentence(change)}\n${renderEffect(change.effect, output.paint)}`;
  if (change.state !== 'open')
    return `${head}Change ${change.id} is ${change.state}. Watch: ppec change wait ${change.id}\n`;
  return `${head}Filed as change ${change.id}, open until ${due(change.expiresAt, clock.nowMs())}.\nA checker approves it: ppec change approve ${change.id}\n`;
}

/** The keys of a file in OpenSSH's authorized_keys form; comments and empty lines are left out. */
export async function readPublicKeys(path: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new PpecError('not_found', `The key file cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (text.includes('PRIVATE KEY')) {
    throw new PpecError('invalid_argument', `${path} is a private key. Give the public one, ${path}.pub.`);
  }
  const keys = text.split(/\r?\n/).map((line) => line.trim());
  const given = keys.filter((line) => line !== '' && !line.startsWith('#'));
  if (given.length === 0) throw new PpecError('invalid_argument', `${path} has no key.`);
  return given;
}
