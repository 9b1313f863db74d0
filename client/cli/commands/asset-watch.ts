import type { Asset } from '../../../shared/api/asset.ts';
import { pause } from '../../sdk/client.ts';
import { lastEvent, nextEvents } from '../../sdk/follow.ts';
import { listPage } from '../../sdk/lists.ts';
import { command, type CommandContext } from '../command.ts';
import { defined, optional } from '../options.ts';
import { liveBlock } from '../output/live.ts';
import { serialize } from '../output/output.ts';
import { toneOf } from '../output/style.ts';
import { oneLine, padEnd } from '../output/text.ts';
import { timeOfDay } from '../output/time.ts';
import { assetColumns, assetEmptyText, placeOf } from '../views/asset.ts';

/** Ages on the screen stay true even when nothing happens. */
const refreshMs = 10_000;
/** Events come in bursts; one look at the list answers many. */
const settleMs = 300;

export const assetWatch = command({
  path: 'asset watch',
  summary: 'Watch assets as they change: a table that stays current, or a line per change into a file or pipe',
  options: {
    rack: optional('--rack <rack>', 'only those in this rack'),
    class: optional('--class <class>', 'only those of this class'),
  },
  examples: ['ppec asset watch --rack R12', 'ppec asset watch -o json | jq .state'],
  async run(context, filter) {
    const client = await context.client();
    const { signal, clock } = context;
    const show = context.output.isLive ? liveTable(context) : changedLines(context);
    let after = await lastEvent(client, { signal });
    for (;;) {
      const { items } = await listPage(client, { id: 'asset.list', input: defined(filter) }, { signal });
      show(items);
      after = (await nextEvents(client, after, { signal, clock, waitMs: refreshMs })).after;
      await pause(settleMs, signal);
    }
  },
});

function liveTable({ output, clock }: CommandContext): (assets: readonly Asset[]) => void {
  const block = liveBlock(output);
  return (assets) =>
    block.show(assets.length === 0 ? assetEmptyText({}) : output.table(assetColumns(clock.nowMs()), assets));
}

const stateWidth = 12;

function changedLines({ output, clock }: CommandContext): (assets: readonly Asset[]) => void {
  const known = new Map<string, Asset>();
  return (assets) => {
    for (const asset of assets) {
      const before = known.get(asset.id);
      known.set(asset.id, asset);
      if (before?.revision === asset.revision) continue;
      if (output.format !== 'table') {
        output.write(
          output.format === 'json' ? `${JSON.stringify(asset)}\n` : `---\n${serialize(asset, 'yaml') ?? ''}`,
        );
      } else if (before?.state !== asset.state) {
        const state = output.paint(padEnd(asset.state, stateWidth), toneOf(asset.state));
        const name = oneLine(asset.name ?? asset.serial);
        const words = [timeOfDay(clock.nowMs()), placeOf(asset) ?? '—', name, state, oneLine(asset.stateReason)];
        output.say(words.join('  '));
      }
    }
  };
}
