import { command } from '../command.ts';
import { grantLine } from '../views/grant.ts';

export const whoami = command({
  path: 'whoami',
  summary: 'Who am I, and what may I do?',
  examples: ['ppec whoami', 'ppec --context checker whoami'],
  async run({ client, output, signal }) {
    const me = await (await client()).call('auth.whoami', {}, { signal });
    output.value(me, ({ person, credentialId, grants, permissions }) =>
      output.details([
        ['person', person.name, 'bold'],
        ...grants.map((grant): [string, string] => ['grant', grantLine(grant)]),
        ['credential', credentialId],
        ['may', permissions.join(' ')],
      ]),
    );
  },
});
