import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';

export const personUpdate = command({
  path: 'person update',
  summary: 'Set the e-mail address of a person, or who they are at the identity provider',
  arguments: { person: required('person', 'name or id') },
  options: {
    email: optional('--email <address>', '`none` takes it away'),
    oidcSubject: optional('--oidc-subject <subject>', 'their subject (`sub`) at the provider; `none` takes it away'),
  },
  examples: ['ppec person update mia --email mia@example.net', 'ppec person update mia --oidc-subject 8f14e45f'],
  async run({ client, output, signal }, { person, email, oidcSubject }) {
    if (email === undefined && oidcSubject === undefined) {
      throw new PpecError('invalid_argument', 'Say what to set: --email or --oidc-subject.');
    }
    const orNull = (text: string | undefined): string | null | undefined => (text === 'none' ? null : text);
    const changed = { person, ...defined({ email: orNull(email), oidcSubject: orNull(oidcSubject) }) };
    const updated = await (await client()).call('person.update', changed, { signal });
    output.value(updated, ({ name, email: address }) => `${name}: ${address ?? 'no e-mail address'}.\n`);
  },
});
