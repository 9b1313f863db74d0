import { command } from '../command.ts';
import { defined, integer } from '../options.ts';
import { renderCommandKeys } from './command-key-list.ts';

export const commandKeyRotate = command({
  path: 'command-key rotate',
  summary: 'Replace the command key; agents are told by a statement that the old key signs',
  options: {
    overlapHours: integer(
      '--overlap-hours <n>',
      { min: 0, max: 744 },
      'how long what the old key signed stays good (48)',
    ),
  },
  examples: ['ppec command-key rotate', 'ppec command-key rotate --overlap-hours 0'],
  async run({ client, output, signal }, options) {
    const found = await (await client()).call('command-key.rotate', defined(options), { signal });
    output.value(found, (value) => renderCommandKeys(value, output));
  },
});
