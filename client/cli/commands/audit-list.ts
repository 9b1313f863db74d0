import type { AuditEntry } from '../../../shared/api/audit.ts';
import { listAudit } from '../../sdk/lists.ts';
import { command } from '../command.ts';
import { defined, integer, optional } from '../options.ts';
import { toneOf } from '../output/style.ts';
import { dateTime } from '../output/time.ts';
import { limitOption } from '../list-command.ts';

const defaultEntriesMax = 1000;

export const auditList = command({
  path: 'audit list',
  summary: 'Who did what, oldest first',
  options: {
    after: integer('--after <seq>', { min: 0, max: Number.MAX_SAFE_INTEGER }, 'only later entries'),
    target: optional('--target <id>', 'only entries about this object'),
    limit: limitOption,
  },
  examples: ['ppec audit list --after 1200', 'ppec audit list --limit 100000 -o json > audit.json'],
  async run({ client, output, signal }, { limit, ...filter }) {
    const itemsMax = limit ?? defaultEntriesMax;
    const items: AuditEntry[] = [];
    for await (const entry of listAudit(await client(), defined(filter), { itemsMax, signal })) items.push(entry);
    const last = items.at(-1);
    const isCut = items.length >= itemsMax && last !== undefined;
    output.value({ items, next: isCut ? String(last.seq) : null }, () => {
      if (items.length === 0) return 'No audit entries after this one.\n';
      return output.table(
        [
          { title: 'SEQ', value: (entry) => entry.seq, align: 'right' },
          { title: 'AT', value: (entry) => dateTime(entry.at) },
          { title: 'WHO', value: (entry) => entry.actor },
          { title: 'OPERATION', value: (entry) => entry.operation },
          { title: 'OUTCOME', value: (entry) => entry.outcome, tone: (entry) => toneOf(entry.outcome) },
          { title: 'TARGETS', value: (entry) => entry.targets.join(' '), shrinks: true },
          { title: 'MESSAGE', value: (entry) => entry.message, shrinks: true },
        ],
        items,
      );
    });
    if (isCut) output.note(`There may be more: --after ${last.seq}`);
  },
});
