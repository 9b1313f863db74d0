import { command } from '../command.ts';
import { parseInstantEnd } from '../../../shared/instant.ts';
import { defined, flag, instant, required } from '../options.ts';
import { oneLine } from '../output/text.ts';
import { dateTime } from '../output/time.ts';
import { padEnd, widthOf } from '../output/text.ts';
import { printAsset } from '../views/asset.ts';

const dayMs = 86_400_000;

export const assetGet = command({
  path: 'asset get',
  summary: 'One asset, by id, name or serial',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: {
    at: instant('--at <time>', parseInstantEnd, 'as it was at the end of this day (UTC), or at this RFC 3339 time'),
    timeline: flag('--timeline', 'what happened to it, oldest first'),
  },
  examples: ['ppec asset get srv-a', 'ppec asset get srv-b --timeline', 'ppec asset get srv-a --at 2026-01-31'],
  async run(context, { asset, at, timeline }) {
    const { output, signal } = context;
    const client = await context.client();
    if (!timeline) {
      const nowMs = context.clock.nowMs();
      // Of a day that is not over yet, what is known by now.
      const known = at !== undefined && at > nowMs && at - nowMs < dayMs ? nowMs : at;
      printAsset(context, await client.call('asset.get', { asset, ...defined({ at: known }) }, { signal }));
      return;
    }
    const page = await client.call('asset.timeline', { asset }, { signal });
    output.value(page, ({ items }) => {
      const width = Math.max(0, ...items.map((entry) => widthOf(oneLine(entry.event))));
      const lines = items.map(
        (entry) =>
          `${output.paint(dateTime(entry.at), 'dim')}  ${padEnd(oneLine(entry.event), width)}  ${oneLine(entry.text)}` +
          output.paint(`  ${oneLine(entry.actor)}${entry.change === null ? '' : ` ${entry.change}`}`, 'dim'),
      );
      return lines.length === 0 ? 'Nothing has happened to it yet.\n' : `${lines.join('\n')}\n`;
    });
  },
});
