import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { limitsText } from '../views/credential.ts';
import { relative } from '../output/time.ts';

export const credentialList = command({
  path: 'credential list',
  summary: 'List API credentials: your own, or everybody’s for an admin',
  options: { limit: limitOption },
  examples: ['ppec credential list'],
  async run(context, { limit }) {
    const nowMs = context.clock.nowMs();
    const when = (ms: number | null): string | null => (ms === null ? null : relative(ms, nowMs));
    await printList(context, 'credential.list', {
      input: {},
      limit,
      columns: [
        { title: 'CREDENTIAL', value: (each) => each.id },
        { title: 'PERSON', value: (each) => each.person },
        { title: 'LABEL', value: (each) => each.label, shrinks: true },
        { title: 'LIMITS', value: (each) => limitsText(each.limits, each.sources), shrinks: true },
        { title: 'USED', value: (each) => when(each.lastUsedAt) },
        { title: 'EXPIRES', value: (each) => when(each.expiresAt) },
        {
          title: 'REVOKED',
          value: (each) => when(each.revokedAt),
          tone: (each) => (each.revokedAt === null ? 'dim' : 'bad'),
        },
      ],
      empty: 'No credentials. Make one: ppec credential create --label laptop',
    });
  },
});
