// The region's command key (Ed25519): what makes an instruction an instruction of this region.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Packr } from 'msgpackr';

import { commandDomain, type Command } from '../../shared/protocol/command.ts';
import { writeOnce } from './region-ca.ts';

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });

export type CommandKey = {
  readonly keyId: string;
  readonly publicKeyPem: string;
  /** The exact bytes that travel, and the signature over them. */
  readonly sign: (command: Command) => { bytes: Uint8Array; signature: Uint8Array };
};

export async function openCommandKey(folder: string): Promise<CommandKey> {
  const path = join(folder, 'command-key.pem');
  let pem = await readFile(path, 'utf8').catch(() => undefined);
  if (pem === undefined) {
    pem = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    await writeOnce(path, pem);
  }
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  return {
    keyId: `command-${createHash('sha256').update(spki).digest('hex').slice(0, 12)}`,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (command) => {
      const bytes = packr.pack(command);
      return { bytes, signature: sign(null, Buffer.concat([Buffer.from(commandDomain), bytes]), privateKey) };
    },
  };
}
