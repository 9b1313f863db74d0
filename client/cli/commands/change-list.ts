import { changeStates } from '../../../shared/lifecycle/change.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { choice, defined } from '../options.ts';
import { changeColumns } from '../views/change.ts';

export const changeList = command({
  path: 'change list',
  summary: 'List changes, newest first',
  options: { state: choice('--state <state>', changeStates, 'only those in this state'), limit: limitOption },
  examples: ['ppec change list --state open'],
  async run(context, { state, limit }) {
    await printList(context, 'change.list', {
      input: defined({ state }),
      limit,
      columns: changeColumns(context.clock.nowMs()),
      empty: state === 'open' ? 'Nothing waits for a checker.' : 'No changes. File one: ppec provision --help',
    });
  },
});
