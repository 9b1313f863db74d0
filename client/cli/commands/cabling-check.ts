import { PpecError } from '../../../shared/errors.ts';
import { listPage } from '../../sdk/lists.ts';
import { command } from '../command.ts';
import { limitOption } from '../list-command.ts';
import { defined, optional } from '../options.ts';
import { checkText } from '../views/cabling.ts';

const machinesMax = 1000;

export const cablingCheck = command({
  path: 'cabling check',
  summary: 'What the ports of a machine or of a rack hear of their switches, beside what the cabling table has',
  arguments: { asset: optional('asset', 'id, name or serial') },
  options: {
    rack: optional('--rack <rack>', 'all machines recorded in this rack or heard on its switch ports'),
    datacenter: optional('--datacenter <datacenter>', 'of the rack, where several have one of its name'),
    limit: limitOption,
  },
  examples: ['ppec cabling check srv-a', 'ppec cabling check --rack R12'],
  async run(context, { asset, rack, datacenter, limit }) {
    const { output, signal } = context;
    if ((asset === undefined) === (rack === undefined))
      throw new PpecError('invalid_argument', 'Name a machine or a rack: ppec cabling check srv-a, or --rack R12');
    const input = defined({ asset, rack, datacenter });
    const itemsMax = limit ?? machinesMax;
    const page = await listPage(await context.client(), { id: 'cabling.check', input }, { itemsMax, signal });
    output.value(page, ({ items }) =>
      items.length === 0
        ? 'No machine is known there.\n'
        : items.map((machine) => checkText(output, machine)).join('\n'),
    );
    if (page.next !== null) output.note(`There are more than these ${page.items.length}; see them with --limit.`);
  },
});
