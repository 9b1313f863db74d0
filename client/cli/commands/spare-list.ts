import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { defined, optional } from '../options.ts';
import { assetColumns } from '../views/asset.ts';

export const spareList = command({
  path: 'spare list',
  summary: 'List SPAREs: inspected servers that wait for work',
  options: {
    class: optional('--class <class>', 'only those of this class, with or without @version'),
    limit: limitOption,
  },
  examples: ['ppec spare list', 'ppec spare list --class compute-large'],
  async run(context, { limit, ...filter }) {
    await printList(context, 'asset.list', {
      input: { ...defined(filter), state: 'SPARE' },
      limit,
      columns: assetColumns(context.clock.nowMs()),
      empty: 'No SPAREs. See what waits for inspection or repair: ppec asset list',
    });
  },
});
