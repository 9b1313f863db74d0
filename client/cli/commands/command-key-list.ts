import type { CommandKeys } from '../../../shared/api/command-key.ts';
import { command } from '../command.ts';
import type { Output } from '../output/output.ts';
import { dateTime } from '../output/time.ts';

export const commandKeyList = command({
  path: 'command-key list',
  summary: 'Whose commands agents obey, and who has not heard of the newest key',
  examples: ['ppec command-key list', 'ppec command-key list -o json'],
  async run({ client, output, signal }) {
    const found = await (await client()).call('command-key.list', {}, { signal });
    output.value(found, (value) => renderCommandKeys(value, output));
  },
});

export function renderCommandKeys(value: CommandKeys, output: Output): string {
  const { agentsBehind, behind } = value;
  const more = agentsBehind > behind.length ? ` and ${agentsBehind - behind.length} more` : '';
  return output.details([
    ['list', String(value.sequence)],
    ...value.keys.map(({ keyId, notAfter }): [string, string] => [
      notAfter === null ? 'signs' : 'replaced',
      notAfter === null ? keyId : `${keyId}, good until ${dateTime(notAfter)}`,
    ]),
    ['signer', value.problem ?? 'signs', value.problem === null ? 'plain' : 'bad'],
    ['waiting', value.commandsWaiting === 0 ? null : `${value.commandsWaiting} commands`, 'warn'],
    ['behind', agentsBehind === 0 ? 'no agent' : `${behind.join(', ')}${more}`, agentsBehind === 0 ? 'plain' : 'warn'],
  ]);
}
