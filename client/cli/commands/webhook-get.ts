import { command } from '../command.ts';
import { required } from '../options.ts';
import { printWebhook } from '../views/webhook.ts';

export const webhookGet = command({
  path: 'webhook get',
  summary: 'One webhook, and how far it has come',
  arguments: { webhook: required('webhook', 'name of the webhook') },
  examples: ['ppec webhook get pager'],
  async run(context, { webhook }) {
    const client = await context.client();
    printWebhook(context, await client.call('webhook.get', { webhook }, { signal: context.signal }));
  },
});
