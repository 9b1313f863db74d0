import { formatDecimalBytes } from '../../../shared/units.ts';
import { command } from '../command.ts';
import { limitOption, printList } from '../list-command.ts';
import { relative } from '../output/time.ts';

export const imageList = command({
  path: 'image list',
  summary: 'List images',
  options: { limit: limitOption },
  examples: ['ppec image list'],
  async run(context, { limit }) {
    await printList(context, 'image.list', {
      input: {},
      limit,
      columns: [
        { title: 'IMAGE', value: (image) => `${image.name}@${image.version}` },
        { title: 'KIND', value: (image) => image.kind },
        { title: 'SIZE', value: (image) => formatDecimalBytes(image.bytes), align: 'right' },
        { title: 'DISK', value: (image) => formatDecimalBytes(image.diskBytes), align: 'right' },
        { title: 'SHA256', value: (image) => `${image.sha256.slice(0, 12)}…` },
        { title: 'SIGNED BY', value: (image) => image.keyId },
        { title: 'ADDED', value: (image) => relative(image.createdAt, context.clock.nowMs()) },
      ],
      empty: 'No images. Add one: ppec image import DIR',
    });
  },
});
