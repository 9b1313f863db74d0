import { accessModes } from '../../../shared/api/credential.ts';
import { command } from '../command.ts';
import { choice, defined, integer, many, optional, required } from '../options.ts';

export const credentialCreate = command({
  path: 'credential create',
  summary: 'Make an API credential: an id and a secret that is shown this once',
  options: {
    label: required('--label <text>', 'what it is for'),
    person: optional('--person <person>', 'for somebody else, or for a service'),
    access: choice('--access <mode>', accessModes, 'whether it may write'),
    role: many('--role <role>', 'fewer roles than the person has; may be repeated'),
    scope: many('--scope <scope>', 'region, team:NAME, project:NAME …; may be repeated'),
    from: many('--from <network>', 'only from this network, 10.20.0.0/16; may be repeated'),
    expiresInDays: integer('--expires-in-days <n>', { min: 1, max: 3650 }, 'ends by itself after this time'),
  },
  examples: [
    'ppec credential create --label laptop',
    'ppec credential create --label ci --access read --from 10.20.0.0/16 --expires-in-days 90',
  ],
  async run({ client, output, signal }, { label, access, role, scope, from, ...rest }) {
    const limits = {
      ...defined({ access }),
      ...(role.length === 0 ? {} : { roles: [...role] }),
      ...(scope.length === 0 ? {} : { scopes: [...scope] }),
    };
    const input = {
      label,
      ...defined(rest),
      ...(Object.keys(limits).length === 0 ? {} : { limits }),
      ...(from.length === 0 ? {} : { sources: [...from] }),
    };
    const made = await (await client()).call('credential.create', input, { signal });
    output.value(made, ({ credential, secret }) =>
      output.details([
        ['credential', credential.id],
        ['secret', secret, 'bold'],
      ]),
    );
    output.note('The secret is not shown again. Keep it: ppec context add NAME --credential ID …');
  },
});
