import { command } from '../command.ts';
import { resolveContext } from '../config.ts';
import { required } from '../options.ts';

export const contextUse = command({
  path: 'context use',
  summary: 'Talk to this controller from now on',
  arguments: { name: required('name', 'a context of `ppec context list`') },
  examples: ['ppec context use demo'],
  async run({ config, output }, { name }) {
    const found = await config.read();
    const { url } = resolveContext(found, config.environment, name);
    await config.write({ ...found, current: name });
    output.say(`Using ${name} (${url}).`);
  },
});
