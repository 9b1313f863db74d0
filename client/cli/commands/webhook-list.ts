import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { kindsText } from '../views/webhook.ts';

export const webhookList = command({
  path: 'webhook list',
  summary: 'Where events are sent to',
  options: { limit: limitOption },
  examples: ['ppec webhook list'],
  async run(context, { limit }) {
    await printList(context, 'webhook.list', {
      input: {},
      limit,
      columns: [
        { title: 'NAME', value: (webhook) => webhook.name },
        { title: 'URL', value: (webhook) => webhook.url, shrinks: true },
        { title: 'EVENTS', value: kindsText },
        { title: 'SCOPE', value: (webhook) => webhook.scope },
        { title: 'ACTIVE', value: (webhook) => (webhook.active ? 'yes' : 'no') },
        { title: 'WAITING', value: (webhook) => webhook.pending },
        { title: 'GIVEN UP', value: (webhook) => webhook.failed, tone: ({ failed }) => (failed > 0 ? 'bad' : 'plain') },
      ],
      empty: 'No webhooks. Make one: ppec webhook create NAME --url https://…',
    });
  },
});
