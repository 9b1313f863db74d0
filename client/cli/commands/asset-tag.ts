import { PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { many, required } from '../options.ts';
import { printAsset } from '../views/asset.ts';

export const assetTag = command({
  path: 'asset tag',
  summary: 'Set and remove tags of an asset',
  arguments: { asset: required('asset', 'id, name or serial') },
  options: {
    set: many('--set <key=value>', 'a tag to set; may be repeated'),
    remove: many('--remove <key>', 'a tag to remove; may be repeated'),
  },
  examples: ['ppec asset tag srv-a --set env=prod --set tier=1 --remove spare-parts'],
  async run(context, { asset, set, remove }) {
    const tags = Object.fromEntries(set.map(tagOf));
    const client = await context.client();
    const input = { asset, set: tags, remove: [...remove] };
    printAsset(context, await client.call('asset.tag', input, { signal: context.signal }));
  },
});

function tagOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new PpecError('invalid_argument', `--set ${text}: write key=value.`);
  return [text.slice(0, at), text.slice(at + 1)];
}
