import { webhookKinds } from '../../../shared/api/webhook.ts';
import { command } from '../command.ts';
import { choice, defined, manyChoices, optional, required } from '../options.ts';
import { printWebhook } from '../views/webhook.ts';

export const webhookUpdate = command({
  path: 'webhook update',
  summary: 'Change what a webhook gets, where, or whether; what is not named stays',
  arguments: { webhook: required('webhook', 'name of the webhook') },
  options: {
    url: optional('--url <url>', 'where to POST to'),
    kind: manyChoices('--kind <kind>', webhookKinds, 'only events of these kinds; may be repeated'),
    scope: optional('--scope <scope>', 'region, team:NAME, project:NAME, cluster:NAME, tags:KEY=VALUE'),
    active: choice('--active <yes|no>', ['yes', 'no'], 'whether it gets anything'),
  },
  examples: ['ppec webhook update pager --kind alert', 'ppec webhook update pager --active no'],
  async run(context, { webhook, url, kind, scope, active }) {
    const client = await context.client();
    const isActive = active === undefined ? undefined : active === 'yes';
    const kinds = kind.length === 0 ? undefined : [...kind];
    const input = { webhook, ...defined({ url, kinds, scope, active: isActive }) };
    printWebhook(context, await client.call('webhook.update', input, { signal: context.signal }));
  },
});
