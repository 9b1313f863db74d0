import { command } from '../command.ts';
import { required } from '../options.ts';
import { printImage } from '../views/image.ts';

export const imageGet = command({
  path: 'image get',
  summary: 'One image: `name@version`, or the newest version of `name`',
  arguments: { image: required('image', 'name, or name@version') },
  examples: ['ppec image get debian-12-hardened'],
  async run(context, { image }) {
    const client = await context.client();
    printImage(context, await client.call('image.get', { image }, { signal: context.signal }));
  },
});
