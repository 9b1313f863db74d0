import { command } from '../command.ts';
import { defined, integer, optional, required } from '../options.ts';
import { checkersSentence, renderEffect } from '../output/effect.ts';

export const assetWaive = command({
  path: 'asset waive',
  summary: 'Ask to accept one finding on one asset for a time; a checker must approve',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: {
    finding: required('--finding <path>', 'path of the finding, as asset get shows it'),
    rule: optional('--rule <rule>', 'its rule, where several findings share the path'),
    days: integer('--days <n>', { min: 1, max: 365 }, 'how long it is accepted; 30 unless told'),
    reason: required('--reason <text>', 'why; the checker and the audit read it'),
  },
  examples: ['ppec asset waive srv-b --finding memory/A3 --days 7 --reason "replacement DIMM arrives on Monday"'],
  async run(context, { asset, finding, rule, days, reason }) {
    const client = await context.client();
    const input = { asset, path: finding, days: days ?? 30, reason, ...defined({ rule }) };
    const filed = await client.call('asset.waive', input, { signal: context.signal });
    context.output.value(
      filed,
      (change) =>
        `${checkersSentence(change)}\n${renderEffect(change.effect, context.output.paint)}Filed as change ${change.id}.\nA checker approves it: ppec change approve ${change.id}\n`,
    );
  },
});
