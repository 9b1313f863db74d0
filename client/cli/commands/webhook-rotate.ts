import { command } from '../command.ts';
import { defined, integer, required } from '../options.ts';
import { printSecret } from '../views/webhook.ts';

export const webhookRotate = command({
  path: 'webhook rotate',
  summary: 'Give a webhook a new secret, shown this once; the old one signs beside it for a while',
  arguments: { webhook: required('webhook', 'name of the webhook') },
  options: {
    overlapHours: integer(
      '--overlap-hours <n>',
      { min: 0, max: 168 },
      'how long the old one signs too; 24 unless told',
    ),
  },
  examples: ['ppec webhook rotate pager', 'ppec webhook rotate pager --overlap-hours 0'],
  async run(context, { webhook, overlapHours }) {
    const client = await context.client();
    const input = { webhook, ...defined({ overlapHours }) };
    printSecret(context, await client.call('webhook.rotate', input, { signal: context.signal }));
  },
});
