import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { relative } from '../output/time.ts';

export const personList = command({
  path: 'person list',
  summary: 'List people and services',
  options: { limit: limitOption },
  examples: ['ppec person list'],
  async run(context, { limit }) {
    await printList(context, 'person.list', {
      input: {},
      limit,
      columns: [
        { title: 'NAME', value: (person) => person.name },
        { title: 'KIND', value: (person) => (person.owner === null ? person.kind : `service of ${person.owner}`) },
        { title: 'E-MAIL', value: (person) => person.email, shrinks: true },
        {
          title: 'ACTIVE',
          value: (person) => (person.active ? 'yes' : 'no'),
          tone: (person) => (person.active ? 'plain' : 'warn'),
        },
        { title: 'ADDED', value: (person) => relative(person.createdAt, context.clock.nowMs()) },
        { title: 'ID', value: (person) => person.id },
      ],
      empty: 'No people. Add one: ppec person add NAME',
    });
  },
});
