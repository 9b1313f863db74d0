import { command } from '../command.ts';
import { required } from '../options.ts';
import { printAsset } from '../views/asset.ts';

export const assetRevokeIdentity = command({
  path: 'asset revoke-identity',
  summary: 'Revoke all certificates of its agent at once, and end its link',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: { reason: required('--reason <text>', 'why; it is told as an alert and kept in the audit') },
  examples: ['ppec asset revoke-identity srv-a --reason "its disk was stolen"'],
  async run(context, { asset, reason }) {
    const client = await context.client();
    printAsset(context, await client.call('asset.revoke-identity', { asset, reason }, { signal: context.signal }));
  },
});
