import { command } from '../command.ts';
import { required } from '../options.ts';

export const personDeactivate = command({
  path: 'person deactivate',
  summary: 'Deactivate a person or service: sessions end and credentials stop working, at once',
  arguments: { person: required('person', 'name or id') },
  options: { reason: required('--reason <text>', 'why; kept in the audit') },
  examples: ['ppec person deactivate mia --reason "left the company"'],
  async run({ client, output, signal }, given) {
    const person = await (await client()).call('person.deactivate', given, { signal });
    output.value(person, ({ name }) => `Deactivated ${name}. Let them in again: ppec person reactivate ${name}\n`);
  },
});
