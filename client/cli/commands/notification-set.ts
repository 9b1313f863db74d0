import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { flag, optional } from '../options.ts';
import { printNotification } from '../views/notification.ts';

export const notificationSet = command({
  path: 'notification set',
  summary: 'Set where you are written to when a change waits for you or is decided',
  options: { email: optional('--email <address>', 'one plain address'), none: flag('--none', 'or: nowhere') },
  examples: ['ppec notification set --email mia@example.net', 'ppec notification set --none'],
  async run(context, { email, none }) {
    if ((email === undefined) !== none)
      throw new PpecError('invalid_argument', 'Say where: --email ADDRESS, or --none.');
    const client = await context.client();
    const input = { email: email ?? null };
    printNotification(context, await client.call('notification.set', input, { signal: context.signal }));
  },
});
