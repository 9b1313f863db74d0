import { command } from '../command.ts';
import { required } from '../options.ts';
import { due } from '../output/time.ts';

export const personSetUp = command({
  path: 'person set-up',
  summary: 'Make a one-time link with which a person chooses a password',
  arguments: { person: required('person', 'name or id') },
  examples: ['ppec person set-up mia'],
  async run({ client, output, clock, signal }, { person }) {
    const made = await (await client()).call('person.set-up', { person }, { signal });
    output.value(made, ({ person: name, url, expiresAt }) =>
      output.details([
        ['person', name, 'bold'],
        ['link', url],
        ['until', due(expiresAt, clock.nowMs())],
      ]),
    );
    output.note('It works once, and is not shown again. Give it to nobody but this person.');
  },
});
