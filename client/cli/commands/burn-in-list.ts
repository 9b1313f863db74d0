import { burnInStates } from '../../../shared/lifecycle/burn-in.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { choice, defined, optional } from '../options.ts';
import { burnInColumns } from '../views/burn-in.ts';

export const burnInList = command({
  path: 'burn-in list',
  summary: 'List burn-ins, newest first',
  options: {
    asset: optional('--asset <asset>', 'of this asset only'),
    state: choice('--state <state>', burnInStates, 'only those in this state'),
    limit: limitOption,
  },
  examples: ['ppec burn-in list --state running', 'ppec burn-in list --asset srv-a'],
  async run(context, { asset, state, limit }) {
    await printList(context, 'burn-in.list', {
      input: defined({ asset, state }),
      limit,
      columns: burnInColumns(context.clock.nowMs()),
      empty: 'No burn-ins. Begin one: ppec asset burn-in ASSET --profile intake',
    });
  },
});
