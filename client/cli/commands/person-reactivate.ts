import { command } from '../command.ts';
import { required } from '../options.ts';

export const personReactivate = command({
  path: 'person reactivate',
  summary: 'Let a deactivated person or service in again; their credentials work, sessions stay ended',
  arguments: { person: required('person', 'name or id') },
  options: { reason: required('--reason <text>', 'why; kept in the audit') },
  examples: ['ppec person reactivate mia --reason "back from leave"'],
  async run({ client, output, signal }, given) {
    const person = await (await client()).call('person.reactivate', given, { signal });
    output.value(person, ({ name }) => `Reactivated ${name}.\n`);
  },
});
