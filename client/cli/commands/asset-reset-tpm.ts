import { command } from '../command.ts';
import { required } from '../options.ts';
import { checkersSentence, renderEffect } from '../output/effect.ts';

export const assetResetTpm = command({
  path: 'asset reset-tpm',
  summary: 'Ask to forget the TPM that is pinned; a checker must approve',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: { reason: required('--reason <text>', 'why; the checker and the audit read it') },
  examples: ['ppec asset reset-tpm srv-a --reason "main board replaced under RMA 4711"'],
  async run(context, { asset, reason }) {
    const client = await context.client();
    const filed = await client.call('asset.reset-tpm', { asset, reason }, { signal: context.signal });
    context.output.value(
      filed,
      (change) =>
        `${checkersSentence(change)}\n${renderEffect(change.effect, context.output.paint)}Filed as change ${change.id}.\nA checker approves it: ppec change approve ${change.id}\n`,
    );
  },
});
