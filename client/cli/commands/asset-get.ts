import { command } from '../command.ts';
import { flag, required } from '../options.ts';
import { oneLine } from '../output/text.ts';
import { dateTime } from '../output/time.ts';
import { padEnd, widthOf } from '../output/text.ts';
import { printAsset } from '../views/asset.ts';

export const assetGet = command({
  path: 'asset get',
  summary: 'One asset, by id, name or serial',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: { timeline: flag('--timeline', 'what happened to it, oldest first') },
  examples: ['ppec asset get srv-a', 'ppec asset get srv-b --timeline'],
  async run(context, { asset, timeline }) {
    const { output, signal } = context;
    const client = await context.client();
    if (!timeline) {
      printAsset(context, await client.call('asset.get', { asset }, { signal }));
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
