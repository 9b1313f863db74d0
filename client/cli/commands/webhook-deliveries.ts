import { deliveryStates } from '../../../shared/api/webhook.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { choice, defined, required } from '../options.ts';
import { deliveryColumns } from '../views/webhook.ts';

export const webhookDeliveries = command({
  path: 'webhook deliveries',
  summary: 'What was sent to a webhook, waits, or was given up; newest first',
  arguments: { webhook: required('webhook', 'name of the webhook') },
  options: { state: choice('--state <state>', deliveryStates, 'only those in this state'), limit: limitOption },
  examples: ['ppec webhook deliveries pager --state failed'],
  async run(context, { webhook, state, limit }) {
    await printList(context, 'webhook.deliveries', {
      input: { webhook, ...defined({ state }) },
      limit,
      columns: deliveryColumns(context.clock.nowMs()),
      empty: 'Nothing. Try it: ppec webhook test NAME',
    });
  },
});
