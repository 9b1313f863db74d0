import { burnInProfileNames } from '../../../shared/burn-in/profiles.ts';
import { PpecError } from '../../../shared/errors.ts';
import { waitForChange } from '../../sdk/follow.ts';
import { command, type CommandContext } from '../command.ts';
import { followBurnIn } from '../follow-burn-in.ts';
import { defined, flag, optional, required, requiredChoice } from '../options.ts';
import { checkersSentence, renderEffect } from '../output/effect.ts';

export const assetBurnIn = command({
  path: 'asset burn-in',
  summary: 'Begin a burn-in of a machine that waits in PIOUS',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: {
    profile: requiredChoice('--profile <profile>', burnInProfileNames, 'minutes, hours or a day'),
    peer: optional('--peer <asset>', 'another machine that waits, to measure the network with; it is burnt in too'),
    writeDisks: flag('--write-disks', 'also write to its blank disks; a checker approves their serials'),
    reason: optional('--reason <text>', 'with --write-disks: why; the checker and the audit read it'),
    wait: flag('--wait', 'watch it to its end; exit 1 where something failed'),
  },
  examples: [
    'ppec asset burn-in srv-a --profile intake',
    'ppec asset burn-in srv-a --profile standard --peer srv-b --wait',
    'ppec asset burn-in srv-a --profile standard --write-disks --reason "first of a new disk model" --wait',
  ],
  async run(context, { asset, profile, peer, writeDisks, reason, wait }) {
    if (writeDisks) return writing(context, { asset, profile, peer, reason, wait });
    if (reason !== undefined) throw new PpecError('invalid_argument', '--reason goes with --write-disks.');
    const client = await context.client();
    const input = { asset, profile, ...defined({ peer }) };
    const begun = await client.call('asset.burn-in', input, { signal: context.signal });
    if (wait) return followBurnIn(context, begun.id);
    context.output.value(
      begun,
      ({ id, asset: name }) => `Burn-in ${profile} of ${name} is ${id}. Watch it: ppec burn-in watch ${id}\n`,
    );
    return 0;
  },
});

type Asked = {
  readonly asset: string;
  readonly profile: (typeof burnInProfileNames)[number];
  readonly peer: string | undefined;
  readonly reason: string | undefined;
  readonly wait: boolean;
};

async function writing(context: CommandContext, { asset, profile, peer, reason, wait }: Asked): Promise<number> {
  if (profile === 'intake') throw new PpecError('invalid_argument', 'intake writes to no disk; standard and soak do.');
  if (peer !== undefined)
    throw new PpecError('invalid_argument', '--write-disks and --peer are two burn-ins: begin one after the other.');
  if (reason === undefined) throw new PpecError('invalid_argument', 'Say why for the checker: --reason TEXT.');
  const { output, signal, clock } = context;
  const client = await context.client();
  const filed = await client.call('asset.burn-in-write', { asset, profile, reason }, { signal });
  const text = `${checkersSentence(filed)}\n${renderEffect(filed.effect, output.paint)}A checker approves it: ppec change approve ${filed.id}\n`;
  if (!wait) {
    output.value(filed, () => text);
    return 0;
  }
  output.say(text.trimEnd());
  const { operationIds, state, stateReason } = await waitForChange(client, filed.id, { signal, clock });
  const [begun] = operationIds;
  if (begun !== undefined) return followBurnIn(context, begun);
  output.say(`${filed.id} ${state}${stateReason === null ? '' : `: ${stateReason}`}`);
  return 1;
}
