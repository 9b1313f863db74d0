import { command } from '../command.ts';
import { required } from '../options.ts';

export const webhookTest = command({
  path: 'webhook test',
  summary: 'Send a test event',
  arguments: { webhook: required('webhook', 'name of the webhook') },
  examples: ['ppec webhook test pager'],
  async run({ client, output, signal }, { webhook }) {
    const sent = await (await client()).call('webhook.test', { webhook }, { signal });
    output.value(sent, ({ id }) => `Test event ${id} is on its way. See: ppec webhook deliveries ${webhook}\n`);
  },
});
