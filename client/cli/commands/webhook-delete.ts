import { command } from '../command.ts';
import { required } from '../options.ts';

export const webhookDelete = command({
  path: 'webhook delete',
  summary: 'Delete a webhook and what waits for it',
  arguments: { webhook: required('webhook', 'name of the webhook') },
  examples: ['ppec webhook delete pager'],
  async run({ client, output, signal }, { webhook }) {
    const deleted = await (await client()).call('webhook.delete', { webhook }, { signal });
    output.value(deleted, ({ name, pending }) => `Deleted ${name}; ${pending} deliveries that waited are gone.\n`);
  },
});
