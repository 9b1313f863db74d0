import { factsOf } from '../../../shared/hardware/facts.ts';
import { command } from '../command.ts';
import { flag, required } from '../options.ts';
import { renderFacts, renderInventory } from '../views/inventory.ts';

export const assetInventory = command({
  path: 'asset inventory',
  summary: 'The latest inventory that the agent reported',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: { facts: flag('--facts', 'every fact with its unit, where it is from and how far to trust it') },
  examples: ['ppec asset inventory srv-a', 'ppec asset inventory srv-a --facts', 'ppec asset inventory srv-a -o json'],
  async run({ client, output, signal }, { asset, facts }) {
    const found = await (await client()).call('asset.inventory', { asset }, { signal });
    if (facts) output.value(factsOf(found.inventory), (value) => renderFacts(value, output));
    else output.value(found, (value) => renderInventory(value, output));
  },
});
