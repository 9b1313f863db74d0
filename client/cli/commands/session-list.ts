import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { flag } from '../options.ts';
import { relative } from '../output/time.ts';

export const sessionList = command({
  path: 'session list',
  summary: 'List sessions: your own, or everybody’s for an admin',
  options: { limit: limitOption, ended: flag('--ended', 'those that ended, too') },
  examples: ['ppec session list', 'ppec session list --ended'],
  async run(context, { limit, ended }) {
    const nowMs = context.clock.nowMs();
    await printList(context, 'session.list', {
      input: ended ? { ended } : {},
      limit,
      columns: [
        { title: '', value: (each) => (each.isThisOne ? '*' : ' ') },
        { title: 'SESSION', value: (each) => each.id },
        { title: 'PERSON', value: (each) => each.person },
        { title: 'KIND', value: (each) => each.kind },
        { title: 'CLIENT', value: (each) => each.client, shrinks: true },
        { title: 'FROM', value: (each) => each.lastUsedFrom },
        { title: 'BEGAN', value: (each) => relative(each.createdAt, nowMs) },
        { title: 'USED', value: (each) => relative(each.lastUsedAt, nowMs) },
        {
          title: 'ENDS',
          value: (each) => each.endedBecause ?? relative(Math.min(each.idleUntil, each.expiresAt), nowMs),
          tone: (each) => (each.endedAt === null ? 'plain' : 'dim'),
        },
      ],
      empty: 'No sessions. Sign in: ppec login',
    });
  },
});
