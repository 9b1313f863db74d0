import { command } from '../command.ts';
import { required } from '../options.ts';
import { printAsset } from '../views/asset.ts';

export const assetInspect = command({
  path: 'asset inspect',
  summary: 'Compare an asset that waits in PIOUS with its order again',
  arguments: { asset: required('asset', 'id, name or serial') },
  examples: ['ppec asset inspect srv-b'],
  async run(context, { asset }) {
    const client = await context.client();
    printAsset(context, await client.call('asset.inspect', { asset }, { signal: context.signal }));
  },
});
