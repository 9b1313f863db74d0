// How secrets that PPEC made are kept: as SHA-256. They have 256 bits of randomness, so that a slow hash adds nothing.
import { createHash, timingSafeEqual } from 'node:crypto';

import type { Rng } from '../../shared/rng.ts';
import { secretBytes, secretText, type SecretKind } from '../../shared/secret-text.ts';

export function newSecret(kind: SecretKind, rng: Rng): string {
  return secretText(kind, rng.bytes(secretBytes));
}

export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether the secret is the one of the hash; takes the same time for each. Null is the hash of none. */
export function isSecretOf(hash: string | null, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash ?? '0'.repeat(64), 'hex'), Buffer.from(secretHash(secret), 'hex'));
}
