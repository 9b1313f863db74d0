import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { relative } from '../output/time.ts';
import { specText } from '../views/machine-class.ts';

export const classList = command({
  path: 'class list',
  summary: 'List machine classes, every version',
  options: { limit: limitOption },
  examples: ['ppec class list'],
  async run(context, { limit }) {
    await printList(context, 'class.list', {
      input: {},
      limit,
      columns: [
        { title: 'CLASS', value: (each) => `${each.name}@${each.version}` },
        { title: 'HARDWARE', value: (each) => specText(each.spec), shrinks: true },
        { title: 'CREATED', value: (each) => relative(each.createdAt, context.clock.nowMs()) },
      ],
      empty: 'No machine classes. Create one: ppec class create -f FILE',
    });
  },
});
