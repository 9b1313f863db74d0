import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';

export const roleList = command({
  path: 'role list',
  summary: 'List roles, the built-in ones first',
  options: { limit: limitOption },
  examples: ['ppec role list'],
  async run(context, { limit }) {
    await printList(context, 'role.list', {
      input: {},
      limit,
      columns: [
        { title: 'ROLE', value: (role) => role.name },
        { title: 'BUILT IN', value: (role) => (role.builtIn ? 'yes' : 'no') },
        { title: 'GRANTS', value: (role) => String(role.grants), align: 'right' },
        { title: 'ABOUT', value: (role) => role.description, shrinks: true },
      ],
      empty: 'No roles.',
    });
  },
});
