import { PpecError } from '../../../shared/errors.ts';
import { revoke } from '../../sdk/oauth.ts';
import { openTransport } from '../../sdk/transport.ts';
import { command } from '../command.ts';
import { readCa } from '../config.ts';
import { keepLogin } from '../login-tokens.ts';

export const logout = command({
  path: 'logout',
  summary: 'Sign out: the session ends on the controller too, and its tokens are forgotten here',
  examples: ['ppec logout', 'ppec --context ams logout'],
  async run({ config, output }) {
    const { name, url, ca, login } = await config.chosen();
    if (name === null || login === undefined) {
      output.say('You are not signed in here.');
      return;
    }
    const caPem = await readCa(ca);
    const transport = openTransport({ url, answerBytesMax: 65_536, ...(caPem === undefined ? {} : { caPem }) });
    let unreached: PpecError | undefined;
    try {
      await revoke(transport, login.refreshToken);
    } catch (error) {
      if (!(error instanceof PpecError)) throw error;
      unreached = error;
    } finally {
      transport.close();
    }
    await keepLogin({ configPath: config.environment.configPath, name }, undefined);
    if (unreached === undefined) output.say(`Signed out ${login.person}.`);
    else {
      output.note(
        `Forgotten here, but the controller was not told (${unreached.message}). End the session: ppec session end`,
      );
    }
  },
});
