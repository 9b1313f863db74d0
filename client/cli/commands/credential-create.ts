import { roleNames } from '../../../shared/api/role-names.ts';
import { command } from '../command.ts';
import { defined, integer, manyChoices, optional, required } from '../options.ts';

export const credentialCreate = command({
  path: 'credential create',
  summary: 'Make an API credential: an id and a secret that is shown this once',
  options: {
    label: required('--label <text>', 'what it is for'),
    person: optional('--person <person>', 'for somebody else'),
    role: manyChoices('--role <role>', roleNames, 'fewer roles than the person has; may be repeated'),
    expiresInDays: integer('--expires-in-days <n>', { min: 1, max: 3650 }, 'ends by itself after this time'),
  },
  examples: [
    'ppec credential create --label laptop',
    'ppec credential create --label ci --role viewer --expires-in-days 90',
  ],
  async run({ client, output, signal }, { label, role, ...rest }) {
    const input = { label, ...defined(rest), ...(role.length === 0 ? {} : { roles: [...role] }) };
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
