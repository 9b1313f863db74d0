import { personKinds } from '../../../shared/api/person.ts';
import { command } from '../command.ts';
import { choice, defined, optional, required } from '../options.ts';

export const personAdd = command({
  path: 'person add',
  summary: 'Add a person or a service, who may do nothing before something is granted to them',
  arguments: { name: required('name', 'sign-in name') },
  options: {
    kind: choice('--kind <kind>', personKinds, 'a service has credentials and no sign-in'),
    owner: optional('--owner <person>', 'who answers for a service'),
    email: optional('--email <address>', 'e-mail address'),
  },
  examples: ['ppec person add mia --email mia@example.net', 'ppec person add ci --kind service --owner mia'],
  async run({ client, output, signal }, { name, ...rest }) {
    const person = await (await client()).call('person.create', { name, ...defined(rest) }, { signal });
    output.value(
      person,
      (added) =>
        `Added ${added.name}.\n${
          added.kind === 'service'
            ? `${added.owner ?? 'Its owner'} makes it a credential: ppec credential create --person ${added.name} --label NAME\n`
            : `Let them choose a password, before they hold rights: ppec person set-up ${added.name}\n`
        }Grant a role: ppec grant create --holder ${added.kind}:${added.name} --role ROLE --scope SCOPE --reason …\n`,
    );
  },
});
