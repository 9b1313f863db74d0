import { changeStates } from '../../../shared/lifecycle/change.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { choice, defined, flag } from '../options.ts';
import { changeColumns } from '../views/change.ts';

export const changeList = command({
  path: 'change list',
  summary: 'List changes, newest first',
  options: {
    state: choice('--state <state>', changeStates, 'only those in this state'),
    toReview: flag('--to-review', 'those where the glass was broken and nobody has reviewed it yet'),
    limit: limitOption,
  },
  examples: ['ppec change list --state open', 'ppec change list --to-review'],
  async run(context, { state, toReview, limit }) {
    await printList(context, 'change.list', {
      input: defined({ state, toReview: toReview ? true : undefined }),
      limit,
      columns: changeColumns(context.clock.nowMs()),
      empty: toReview
        ? 'Nothing is to be reviewed.'
        : state === 'open'
          ? 'Nothing waits for a checker.'
          : 'No changes. File one: ppec provision --help',
    });
  },
});
