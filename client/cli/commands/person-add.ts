import { roleNames } from '../../../shared/api/person.ts';
import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { manyChoices, required } from '../options.ts';

export const personAdd = command({
  path: 'person add',
  summary: 'Add a person with roles',
  arguments: { name: required('name', 'sign-in name') },
  options: { role: manyChoices('--role <role>', roleNames, 'a role; may be repeated') },
  examples: ['ppec person add mia --role viewer --role maker'],
  async run({ client, output, signal }, { name, role }) {
    if (role.length === 0)
      throw new PpecError('invalid_argument', `Say what ${name} may do: --role ${roleNames.join('|')}.`);
    const person = await (await client()).call('person.create', { name, roles: [...role] }, { signal });
    output.value(
      person,
      (added) =>
        `Added ${added.name} (${added.roles.join(', ')}).\nMake a credential: ppec credential create --person ${added.name} --label laptop\n`,
    );
  },
});
