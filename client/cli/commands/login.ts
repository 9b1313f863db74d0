import { hostname, userInfo } from 'node:os';

import { PpecError } from '../../../shared/errors.ts';
import { beginDevice, pollDevice, type DeviceAuthorization, type Tokens } from '../../sdk/oauth.ts';
import { openTransport, type Transport } from '../../sdk/transport.ts';
import { command, type CommandContext } from '../command.ts';
import { readCa } from '../config.ts';
import { keepLogin, loginFrom } from '../login-tokens.ts';
import { due } from '../output/time.ts';

export const login = command({
  path: 'login',
  summary: 'Sign in to the controller of the context: you confirm it in a browser',
  examples: ['ppec login', 'ppec --context ams login'],
  async run(context) {
    const { name, url, ca } = await context.config.chosen();
    if (name === null) {
      throw new PpecError(
        'failed_precondition',
        'A sign-in is kept in a context. Add one: ppec context add NAME --url https://HOST:7443 --ca FILE',
      );
    }
    const caPem = await readCa(ca);
    const transport = openTransport({ url, answerBytesMax: 65_536, ...(caPem === undefined ? {} : { caPem }) });
    try {
      const asked = await beginDevice(transport, `ppec of ${userInfo().username} on ${hostname()}`);
      context.output.note(
        `Open   ${asked.verification_uri}\nEnter  ${asked.user_code}\n\n` +
          `or open ${asked.verification_uri_complete}\nIt must show this very code. Waiting …`,
      );
      const signedIn = loginFrom(await confirmed(transport, asked, context), context.clock);
      await keepLogin({ configPath: context.config.environment.configPath, name }, signedIn);
      context.output.say(`Signed in as ${signedIn.person} until ${due(signedIn.until, context.clock.nowMs())}.`);
    } finally {
      transport.close();
    }
  },
});

const slowDownMs = 5000;

/** Polls as told (RFC 8628 §3.5) until the person has decided or the code has ended. */
async function confirmed(
  transport: Transport,
  asked: DeviceAuthorization,
  { clock, pause, signal }: CommandContext,
): Promise<Tokens> {
  let intervalMs = asked.interval * 1000;
  const endMs = clock.nowMs() + asked.expires_in * 1000;
  while (clock.nowMs() < endMs) {
    await pause(intervalMs, signal);
    const polled = await pollDevice(transport, asked.device_code);
    if (polled.state === 'done') return polled.tokens;
    if (polled.state === 'slow-down') intervalMs += slowDownMs;
  }
  throw new PpecError('deadline_exceeded', 'Nobody confirmed the sign-in in time. Begin again: ppec login');
}
