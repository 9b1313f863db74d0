import { command } from '../command.ts';
import { required } from '../options.ts';
import { printAssetParts } from '../views/part.ts';

export const assetParts = command({
  path: 'asset parts',
  summary: 'The parts of one asset now, and those that were in it before',
  arguments: { asset: required('asset', 'id, name or serial') },
  examples: ['ppec asset parts srv-a'],
  async run(context, { asset }) {
    const client = await context.client();
    printAssetParts(context, await client.call('asset.parts', { asset }, { signal: context.signal }));
  },
});
