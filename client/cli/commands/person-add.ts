import { command } from '../command.ts';
import { required } from '../options.ts';

export const personAdd = command({
  path: 'person add',
  summary: 'Add a person, who may do nothing before something is granted to them',
  arguments: { name: required('name', 'sign-in name') },
  examples: ['ppec person add mia'],
  async run({ client, output, signal }, { name }) {
    const person = await (await client()).call('person.create', { name }, { signal });
    output.value(
      person,
      (added) =>
        `Added ${added.name}.\nGrant a role: ppec grant create --holder person:${added.name} --role ROLE --scope SCOPE --reason …\nMake a credential: ppec credential create --person ${added.name} --label laptop\n`,
    );
  },
});
