import { partKinds, partStates } from '../../../shared/api/part.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { choice, defined, optional } from '../options.ts';
import { partColumns } from '../views/part.ts';

export const partList = command({
  path: 'part list',
  summary: 'Memory modules, disks, power supplies, cards, boards and ports, by their own serials',
  options: {
    kind: choice('--kind <kind>', partKinds, 'of this kind only'),
    asset: optional('--asset <asset>', 'in this asset, or last seen in it'),
    state: choice('--state <state>', partStates, 'in this state only'),
    serial: optional('--serial <beginning>', 'whose serial or MAC begins so'),
    limit: limitOption,
  },
  examples: ['ppec part list --kind dimm --state gone', 'ppec part list --serial S4EV'],
  async run(context, { kind, asset, state, serial, limit }) {
    await printList(context, 'part.list', {
      input: defined({ kind, asset, state, serial }),
      limit,
      columns: partColumns,
      empty: 'No such part. Parts are known from the first inventory of their machine on: ppec asset list',
    });
  },
});
