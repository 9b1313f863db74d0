import { command } from '../command.ts';
import { required } from '../options.ts';
import { renderInventory } from '../views/inventory.ts';

export const assetInventory = command({
  path: 'asset inventory',
  summary: 'The latest inventory that the agent reported',
  arguments: { asset: required('asset', 'id, name or serial') },
  examples: ['ppec asset inventory srv-a', 'ppec asset inventory srv-a -o json'],
  async run({ client, output, signal }, { asset }) {
    const found = await (await client()).call('asset.inventory', { asset }, { signal });
    output.value(found, (value) => renderInventory(value, output));
  },
});
