import { headNote } from '../../../shared/audit/head.ts';
import { command } from '../command.ts';
import { dateTime } from '../output/time.ts';

export const auditHead = command({
  path: 'audit head',
  summary: 'The newest signed head, to note outside of the region, and the keys that verify it',
  examples: ['ppec audit head', 'ppec audit head -o json'],
  async run({ client, output, signal }) {
    const found = await (await client()).call('audit.head', {}, { signal });
    output.value(found, ({ region, end, head, keys }) => {
      const signed = head === null ? 'nothing is signed yet' : `of ${dateTime(head.at)}, signed with ${head.keyId}`;
      return output.details([
        ['region', region],
        ['head', headNote(head ?? end), 'bold'],
        ['signed', signed],
        ...keys.map(({ keyId, publicKey }) => ['key', `${publicKey}  ${keyId}`] as const),
      ]);
    });
  },
});
