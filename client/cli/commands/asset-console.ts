import { command } from '../command.ts';
import { required } from '../options.ts';
import { manyLines } from '../output/text.ts';
import { dateTime } from '../output/time.ts';

export const assetConsole = command({
  path: 'asset console',
  summary: 'The console log kept when the asset was quarantined, else the end of the live one',
  arguments: { asset: required('asset', 'id, name or serial') },
  examples: ['ppec asset console srv-b', 'ppec asset console srv-b | less'],
  async run({ client, output, signal }, { asset }) {
    const found = await (await client()).call('asset.console', { asset }, { signal });
    output.value(found, ({ text }) => (text === '' ? 'No console log.\n' : `${manyLines(text).trimEnd()}\n`));
    if (found.keptAt !== null) output.note(`kept ${dateTime(found.keptAt)}`);
  },
});
