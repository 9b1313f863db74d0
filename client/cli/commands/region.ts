import { assetStates } from '../../../shared/lifecycle/asset.ts';
import { command } from '../command.ts';
import { toneOf } from '../output/style.ts';

export const region = command({
  path: 'region',
  summary: 'What this region is and how it is',
  examples: ['ppec region', 'ppec region -o json'],
  async run({ client, output, signal }) {
    const found = await (await client()).call('region.get', {}, { signal });
    const counts = assetStates.flatMap((state) => {
      const count = found.assets[state] ?? 0;
      return count === 0 ? [] : [`${count} ${output.paint(state, toneOf(state))}`];
    });
    output.value(found, (value) => {
      const details = output.details([
        ['region', value.name, 'bold'],
        ['version', `${value.version}, agent protocol ${value.protocolVersion}`],
        ['boot', value.bootUrl],
        ['CA sha256', value.caSha256],
        ['agents', `${value.agentsOnline} online`],
        ['changes', `${value.changesOpen} open`, value.changesOpen > 0 ? 'warn' : 'plain'],
      ]);
      const problems = value.problems.map(({ code, message }) => `${output.paint('✗', 'bad')} ${code}: ${message}\n`);
      return `${details}assets     ${counts.length === 0 ? 'none yet' : counts.join('  ')}\n${problems.join('')}`;
    });
  },
});
