import { readFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../../shared/errors.ts';
import { openTransport } from '../../sdk/transport.ts';
import { command, type CommandContext } from '../command.ts';
import { readCa } from '../config.ts';
import { defined, flag, optional, required } from '../options.ts';

export const contextAdd = command({
  path: 'context add',
  summary: 'Remember a controller and the credential for it; the secret is asked for, piped in or read from a file',
  arguments: { name: required('name', 'how you will call it') },
  options: {
    url: required('--url <url>', 'https://HOST:7443, or unix:/path/to.sock'),
    ca: optional('--ca <file>', "PEM of the region's CA; it is copied into the configuration"),
    credential: optional('--credential <id>', 'id of the API credential, crd_…'),
    secretFile: optional('--secret-file <file>', "file with the credential's secret"),
    region: optional('--region <name>', 'name of the region, for your own overview'),
    replace: flag('--replace', 'replace the context of this name'),
  },
  examples: [
    'ppec context add demo --url https://127.0.0.1:7443 --ca ca.pem --credential crd_01jd…',
    'pass show ppec/demo | ppec context add demo --url https://127.0.0.1:7443 --ca ca.pem --credential crd_01jd…',
  ],
  async run(context, { name, url, ca, credential, secretFile, region, replace }) {
    assertUsable(url);
    const config = await context.config.read();
    if (Object.hasOwn(config.contexts, name) && !replace) {
      throw new PpecError('already_exists', `There is a context ${name} already; --replace replaces it.`);
    }
    const added = defined({
      region,
      ca: await readCa(ca),
      credential:
        credential === undefined ? undefined : { id: credential, secret: await secretOf(context, secretFile) },
    });
    const contexts = { ...config.contexts, [name]: { url, ...added } };
    const current = config.current ?? name;
    await context.config.write({ current, contexts });
    context.output.say(
      current === name
        ? `Added ${name}; it is the current context.`
        : `Added ${name}. Use it: ppec context use ${name}`,
    );
  },
});

// Says at once what every later command would say.
function assertUsable(url: string): void {
  openTransport({ url, answerBytesMax: 0 }).close();
}

async function secretOf({ prompt }: CommandContext, file: string | undefined): Promise<string> {
  if (file === undefined) return prompt.secret('Secret');
  try {
    const secret = (await readFile(file, 'utf8')).trim();
    if (secret !== '') return secret;
  } catch (error) {
    throw new PpecError('not_found', `The secret cannot be read: ${messageOf(error)}`, { cause: error });
  }
  throw new PpecError('invalid_argument', `${file} is empty.`);
}
