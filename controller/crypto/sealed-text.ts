// Text that travels through a browser and comes back as it left, or not at all: AES-256-GCM with a key of this process.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

export type Seal = {
  readonly seal: (text: string) => string;
  /** Undefined where it was not sealed here, or changed since. */
  readonly open: (sealed: string) => string | undefined;
};

const nonceBytes = 12;
const tagBytes = 16;

export function createSeal(): Seal {
  const key = randomBytes(32);
  return {
    seal: (text) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
    },
    open: (sealed) => {
      const bytes = Buffer.from(sealed, 'base64url');
      if (bytes.length < nonceBytes + tagBytes) return undefined;
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
      decipher.setAuthTag(bytes.subarray(-tagBytes));
      try {
        const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes));
        return Buffer.concat([text, decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
