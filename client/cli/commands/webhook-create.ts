import { webhookKinds } from '../../../shared/api/webhook.ts';
import { command } from '../command.ts';
import { defined, manyChoices, optional, required } from '../options.ts';
import { printSecret } from '../views/webhook.ts';

export const webhookCreate = command({
  path: 'webhook create',
  summary: 'Send events to an address as they happen; the secret they are signed with is shown this once',
  arguments: { name: required('name', 'what to call it') },
  options: {
    url: required('--url <url>', 'where to POST to'),
    kind: manyChoices('--kind <kind>', webhookKinds, 'only events of this kind; may be repeated'),
    scope: optional('--scope <scope>', 'region unless told; team:NAME, project:NAME, cluster:NAME, tags:KEY=VALUE'),
  },
  examples: ['ppec webhook create pager --url https://pager.example.net/ppec --kind alert --kind change'],
  async run(context, { name, url, kind, scope }) {
    const client = await context.client();
    const input = { name, url, ...(kind.length === 0 ? {} : { kinds: [...kind] }), ...defined({ scope }) };
    printSecret(context, await client.call('webhook.create', input, { signal: context.signal }));
  },
});
