import { command } from '../command.ts';
import { resolveContext } from '../config.ts';
import { required } from '../options.ts';

export const contextRemove = command({
  path: 'context remove',
  summary: 'Forget a controller and the secret for it; the credential itself stays valid',
  arguments: { name: required('name', 'a context of `ppec context list`') },
  examples: ['ppec context remove demo', 'ppec credential revoke crd_01jd…   # ends the credential itself'],
  async run({ config, output }, { name }) {
    const found = await config.read();
    resolveContext(found, config.environment, name);
    const contexts = Object.fromEntries(Object.entries(found.contexts).filter(([each]) => each !== name));
    const isCurrent = found.current === name;
    await config.write({ ...(found.current === undefined || isCurrent ? {} : { current: found.current }), contexts });
    output.say(isCurrent ? `Removed ${name}; no context is current now.` : `Removed ${name}.`);
  },
});
