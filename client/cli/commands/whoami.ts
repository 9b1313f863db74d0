import { command } from '../command.ts';

export const whoami = command({
  path: 'whoami',
  summary: 'Who am I, and what may I do?',
  examples: ['ppec whoami', 'ppec --context checker whoami'],
  async run({ client, output, signal }) {
    const me = await (await client()).call('auth.whoami', {}, { signal });
    output.value(me, ({ person, credentialId, permissions }) =>
      output.details([
        ['person', person.name, 'bold'],
        ['roles', person.roles.join(', ')],
        ['credential', credentialId],
        ['may', permissions.join(' ')],
      ]),
    );
  },
});
