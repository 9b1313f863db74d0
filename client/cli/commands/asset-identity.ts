import { command } from '../command.ts';
import { required } from '../options.ts';
import { oneLine } from '../output/text.ts';
import { dateTime } from '../output/time.ts';

export const assetIdentity = command({
  path: 'asset identity',
  summary: 'What is proved of a machine: its TPM, and the certificates of its agent',
  arguments: { asset: required('asset', 'id, name or serial') },
  examples: ['ppec asset identity srv-a'],
  async run({ client, output, signal }, { asset }) {
    const found = await (await client()).call('asset.identity', { asset }, { signal });
    output.value(found, ({ trust, tpm, orderedEkSha256, certificates }) => {
      const pinned = tpm === null ? 'none' : `${tpm.ekSha256} (${tpm.algorithm}), pinned ${dateTime(tpm.pinnedAt)}`;
      const details = output.details([
        ['trust', trust, 'bold'],
        ['tpm', pinned],
        ['proved', tpm === null ? null : dateTime(tpm.provedAt)],
        ['vouched by', tpm?.issuer ?? null],
        ['ordered', orderedEkSha256],
      ]);
      const lines = certificates.map((one) => {
        const end =
          one.revokedAt === null
            ? `until ${dateTime(one.expiresAt)}`
            : `revoked ${dateTime(one.revokedAt)}: ${oneLine(one.revokedWhy ?? '')}`;
        const use = one.usedAt === null ? 'never used' : `used ${dateTime(one.usedAt)}`;
        return `  ${one.serial}  ${one.home}  ${dateTime(one.issuedAt)}  ${use}  ${end}\n`;
      });
      return lines.length === 0 ? details : `${details}certificates\n${lines.join('')}`;
    });
  },
});
