import { command } from '../command.ts';
import { defined, integer, required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const grantCreate = command({
  path: 'grant create',
  summary: 'Ask to give somebody else a role at a scope; a checker who does not gain by it must approve',
  options: {
    holder: required('--holder <holder>', 'person:NAME, service:NAME, team:NAME or project:NAME'),
    role: required('--role <role>', 'see: ppec role list'),
    scope: required('--scope <scope>', 'region, team:NAME, project:NAME, cluster:NAME or tags:KEY=VALUE,…'),
    expiresInDays: integer('--expires-in-days <n>', { min: 1, max: 3650 }, 'ends by itself after this time'),
    reason: required('--reason <text>', 'why; the checker and the audit read it'),
  },
  examples: [
    'ppec grant create --holder person:mia --role provisioner --scope project:payments --reason "on call from Monday"',
    'ppec grant create --holder team:storage --role operator --scope tags:env=test --expires-in-days 30 --reason "trial"',
  ],
  async run(context, { holder, role, scope, expiresInDays, reason }) {
    const client = await context.client();
    const input = { holder, role, scope, reason, ...defined({ expiresInDays }) };
    printFiled(context, await client.call('grant.create', input, { signal: context.signal }));
  },
});
