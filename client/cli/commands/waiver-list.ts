import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { defined, optional } from '../options.ts';
import { due } from '../output/time.ts';

export const waiverList = command({
  path: 'waiver list',
  summary: 'Findings that were accepted for a time',
  options: { asset: optional('--asset <asset>', 'of this asset only'), limit: limitOption },
  examples: ['ppec waiver list', 'ppec waiver list --asset srv-b'],
  async run(context, { asset, limit }) {
    await printList(context, 'waiver.list', {
      input: defined({ asset }),
      limit,
      columns: [
        { title: 'ASSET', value: (waiver) => waiver.asset },
        { title: 'FINDING', value: (waiver) => waiver.path },
        { title: 'UNTIL', value: (waiver) => (waiver.active ? due(waiver.expiresAt, context.clock.nowMs()) : 'ended') },
        { title: 'CHANGE', value: (waiver) => waiver.changeId },
        { title: 'REASON', value: (waiver) => waiver.reason },
      ],
      empty: 'No waivers. Ask for one: ppec asset waive ASSET --finding PATH --days N --reason TEXT',
    });
  },
});
