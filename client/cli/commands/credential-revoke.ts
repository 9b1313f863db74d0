import { command } from '../command.ts';
import { required } from '../options.ts';

export const credentialRevoke = command({
  path: 'credential revoke',
  summary: 'Revoke an API credential; it stops working at once',
  arguments: { credential: required('credential', 'id of the credential') },
  examples: ['ppec credential revoke crd_01jdaqv1zfe4rs8pnxzqk3wh2d'],
  async run({ client, output, signal }, { credential }) {
    const revoked = await (await client()).call('credential.revoke', { credential }, { signal });
    output.value(revoked, ({ id, label, person }) => `Revoked ${id} (${label}, ${person}).\n`);
  },
});
