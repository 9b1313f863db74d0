import { clientVersion } from '../../version.ts';
import { command } from '../command.ts';

export const version = command({
  path: 'version',
  summary: 'The version of this client',
  examples: ['ppec version', 'ppec region   # and the version of the controller'],
  async run({ output }) {
    await Promise.resolve();
    output.value({ version: clientVersion }, (value) => `ppec ${value.version}\n`);
  },
});
