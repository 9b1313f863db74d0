import { command } from '../command.ts';
import { due } from '../output/time.ts';
import { limitsText } from '../views/credential.ts';
import { grantLine } from '../views/grant.ts';

const ways = {
  credential: 'with a credential',
  token: 'with a token of a credential',
  browser: 'in a browser',
  cli: 'by ppec login',
} as const;

export const whoami = command({
  path: 'whoami',
  summary: 'Who am I, how am I signed in and until when, and what may I do?',
  examples: ['ppec whoami', 'ppec --context checker whoami'],
  async run({ client, output, clock, signal }) {
    const me = await (await client()).call('auth.whoami', {}, { signal });
    output.value(me, ({ person, signedIn, grants, permissions }) =>
      output.details([
        ['person', person.owner === null ? person.name : `${person.name}, a service of ${person.owner}`, 'bold'],
        ...grants.map((grant): [string, string] => ['grant', grantLine(grant)]),
        ['signed in', `${ways[signedIn.how]} (${signedIn.id})`],
        ['until', signedIn.until === null ? 'it is revoked' : due(signedIn.until, clock.nowMs())],
        ['limits', limitsText(signedIn.limits, [])],
        ['may', permissions.join(' ')],
      ]),
    );
  },
});
