import { operationStates } from '../../../shared/lifecycle/operation.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { choice, defined } from '../options.ts';
import { operationColumns } from '../views/operation.ts';

export const operationList = command({
  path: 'operation list',
  summary: 'List operations, newest first',
  options: { state: choice('--state <state>', operationStates, 'only those in this state'), limit: limitOption },
  examples: ['ppec operation list --state running'],
  async run(context, { state, limit }) {
    await printList(context, 'operation.list', {
      input: defined({ state }),
      limit,
      columns: operationColumns(context.clock.nowMs()),
      empty: state === 'running' ? 'Nothing runs now.' : 'No operations. They begin when a checker approves a change.',
    });
  },
});
