import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { defined, optional } from '../options.ts';
import { dateTime } from '../output/time.ts';

export const grantList = command({
  path: 'grant list',
  summary: 'List grants: who holds which role, and where',
  options: {
    holder: optional('--holder <holder>', 'only those of person:NAME, service:NAME, team:NAME or project:NAME'),
    role: optional('--role <role>', 'only those of this role'),
    limit: limitOption,
  },
  examples: ['ppec grant list', 'ppec grant list --holder team:storage'],
  async run(context, { limit, ...filter }) {
    await printList(context, 'grant.list', {
      input: defined(filter),
      limit,
      columns: [
        { title: 'HOLDER', value: (grant) => grant.holder },
        { title: 'ROLE', value: (grant) => grant.role },
        { title: 'SCOPE', value: (grant) => grant.scope },
        { title: 'UNTIL', value: (grant) => (grant.expiresAt === null ? null : dateTime(grant.expiresAt)) },
        { title: 'BY', value: (grant) => grant.createdBy },
        { title: 'ID', value: (grant) => grant.id },
      ],
      empty: 'No grants that you may see.',
    });
  },
});
