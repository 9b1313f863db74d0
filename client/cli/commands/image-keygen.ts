import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';

import { messageOf, PpecError } from '../../../shared/errors.ts';
import { command } from '../command.ts';
import { required } from '../options.ts';

export const imageKeygen = command({
  path: 'image keygen',
  summary: 'Make an Ed25519 key pair for signing images: FILE (secret) and FILE.pub; never overwrites',
  options: { out: required('--out <file>', 'where to write the private key, mode 0600') },
  examples: ['ppec image keygen --out images.key'],
  async run({ output }, { out }) {
    const pair = generateKeyPairSync('ed25519');
    const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await writeNew(out, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
    await writeNew(`${out}.pub`, publicKey, 0o644);
    output.value({ privateKeyFile: out, publicKeyFile: `${out}.pub`, publicKey }, () => publicKey);
    output.note(`Wrote ${out} and ${out}.pub. Give the controller the public key, under the id you sign with.`);
  },
});

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode });
  } catch (error) {
    throw new PpecError('already_exists', `The key was not written: ${messageOf(error)}`, { cause: error });
  }
}
