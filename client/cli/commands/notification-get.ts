import { command } from '../command.ts';
import { printNotification } from '../views/notification.ts';

export const notificationGet = command({
  path: 'notification get',
  summary: 'Where am I written to?',
  examples: ['ppec notification get'],
  async run(context) {
    const client = await context.client();
    printNotification(context, await client.call('notification.get', {}, { signal: context.signal }));
  },
});
