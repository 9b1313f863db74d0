import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';

export const personSetPassword = command({
  path: 'person set-password',
  summary: 'Change your own password; it is asked for. Your other sessions end',
  examples: ['ppec person set-password'],
  async run({ client, output, prompt, signal }) {
    const old = await prompt.secret('Old password');
    const wanted = await prompt.secret('New password');
    if ((await prompt.secret('The same again')) !== wanted) {
      throw new PpecError('invalid_argument', 'The two new passwords differ; nothing was changed.');
    }
    const done = await (await client()).call('person.set-password', { old, new: wanted }, { signal });
    output.value(done, ({ sessionsEnded }) => `Your password is changed; ${sessionsEnded} other sessions ended.\n`);
  },
});
