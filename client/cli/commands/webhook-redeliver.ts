import { command } from '../command.ts';
import { defined, optional, required } from '../options.ts';
import { plural } from '../output/text.ts';

export const webhookRedeliver = command({
  path: 'webhook redeliver',
  summary: 'Try again what was given up',
  arguments: { webhook: required('webhook', 'name of the webhook') },
  options: { delivery: optional('--delivery <id>', 'this one only') },
  examples: ['ppec webhook redeliver pager'],
  async run({ client, output, signal }, { webhook, delivery }) {
    const input = { webhook, ...defined({ delivery }) };
    const done = await (await client()).call('webhook.redeliver', input, { signal });
    output.value(done, ({ redelivered }) => `${plural(redelivered, 'event')} tried again.\n`);
  },
});
