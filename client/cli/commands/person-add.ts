import { personKinds } from '../../../shared/api/person.ts';
import { roleNames } from '../../../shared/api/role-names.ts';
import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { choice, defined, manyChoices, optional, required } from '../options.ts';

export const personAdd = command({
  path: 'person add',
  summary: 'Add a person or a service with roles',
  arguments: { name: required('name', 'sign-in name') },
  options: {
    role: manyChoices('--role <role>', roleNames, 'a role; may be repeated'),
    kind: choice('--kind <kind>', personKinds, 'a service has credentials and no sign-in'),
    owner: optional('--owner <person>', 'who answers for a service'),
    email: optional('--email <address>', 'e-mail address'),
  },
  examples: [
    'ppec person add mia --role viewer --role maker --email mia@example.net',
    'ppec person add ci --kind service --owner mia --role viewer',
  ],
  async run({ client, output, signal }, { name, role, ...rest }) {
    if (role.length === 0)
      throw new PpecError('invalid_argument', `Say what ${name} may do: --role ${roleNames.join('|')}.`);
    const input = { name, roles: [...role], ...defined(rest) };
    const person = await (await client()).call('person.create', input, { signal });
    output.value(
      person,
      (added) =>
        `Added ${added.name} (${added.roles.join(', ')}).\n${
          added.kind === 'service' ? '' : `Let them choose a password: ppec person set-up ${added.name}\n`
        }Make a credential: ppec credential create --person ${added.name} --label laptop\n`,
    );
  },
});
