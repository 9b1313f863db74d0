import { command } from '../command.ts';
import { required } from '../options.ts';
import { printFiled } from '../views/filed.ts';

export const personOpenSignIn = command({
  path: 'person open-sign-in',
  summary: 'Ask that somebody who holds rights may be given another way to sign in; a checker must approve',
  arguments: { person: required('person', 'name or id') },
  options: { reason: required('--reason <text>', 'why; the checker and the audit read it') },
  examples: ['ppec person open-sign-in mia --reason "forgot the password, asked at the desk"'],
  async run(context, { person, reason }) {
    const client = await context.client();
    printFiled(context, await client.call('person.open-sign-in', { person, reason }, { signal: context.signal }));
    context.output.note(`Once it is approved: ppec person set-up ${person}`);
  },
});
