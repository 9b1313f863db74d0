import { command } from '../command.ts';
import { required } from '../options.ts';
import { oneLine } from '../output/text.ts';

export const imageVerify = command({
  path: 'image verify',
  summary: 'Read the stored content again and check its digest and signature; exit 1 unless both hold',
  arguments: { image: required('image', 'name, or name@version') },
  examples: ['ppec image verify debian-12-hardened'],
  async run({ client, output, signal }, { image }) {
    const found = await (await client()).call('image.verify', { image }, { signal });
    output.value(found, ({ ok, problems }) =>
      ok
        ? `${output.paint('✓', 'good')} ${image}: digest and signature hold\n`
        : problems.map((problem) => `${output.paint('✗', 'bad')} ${oneLine(problem)}\n`).join(''),
    );
    return found.ok ? 0 : 1;
  },
});
