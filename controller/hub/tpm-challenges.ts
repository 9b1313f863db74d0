// Challenges to TPMs that wait for their answer. In memory: an agent whose challenge was forgotten asks again, and its token
// is still good.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createHash } from 'node:crypto';

import type { Clock } from '../../shared/clock.ts';
import { PpecError } from '../../shared/errors.ts';
import { tpmProofDomain, type TpmAnswer, type TpmChallenge, type TpmOffer } from '../../shared/protocol/enrolment.ts';
import { ekOf, isAttestationKey, spkiOf, type PublicKey } from '../../shared/tpm/templates.ts';
import type { TpmMakers } from '../crypto/ek-certificate.ts';
import { makeCredential, nameOf } from '../crypto/make-credential.ts';

export type OfferedKey = {
  readonly index: number;
  readonly key: PublicKey;
  readonly sha256: string;
  /** Who vouches for it; null where nobody that is trusted does. */
  readonly issuer: string | null;
};

export type ReadOffer = { readonly keys: readonly OfferedKey[]; readonly attestationName: Buffer };

/** Throws `invalid_argument` for keys that are not made by the default templates. */
export function readOffer(offer: Extract<TpmOffer, { attestationKey: string }>, makers: TpmMakers, nowMs: number): ReadOffer {
  const attestationArea = Buffer.from(offer.attestationKey, 'base64');
  if (!isAttestationKey(attestationArea)) throw new PpecError('invalid_argument', 'the attestation key is none of the template');
  const keys = offer.endorsementKeys.map(({ public: area, certificate }, index): OfferedKey => {
    const key = ekOf(Buffer.from(area, 'base64'));
    if (key === undefined) throw new PpecError('invalid_argument', `endorsement key ${index} is none of a default template`);
    const spki = spkiOf(key);
    const der = certificate === undefined ? undefined : Buffer.from(certificate, 'base64');
    const issuer = der === undefined ? undefined : makers.issuerOf(der, spki, nowMs);
    return { index, key, sha256: createHash('sha256').update(spki).digest('hex'), issuer: issuer ?? null };
  });
  return { keys, attestationName: nameOf(attestationArea) };
} // prettier-ignore

/** The key to challenge: the one that is expected, else one that somebody vouches for, else the first. */
export function chooseKey({ keys }: ReadOffer, expected: readonly (string | undefined)[]): OfferedKey {
  const wanted = expected.find((sha256) => sha256 !== undefined);
  const found =
    keys.find(({ sha256 }) => sha256 === wanted) ?? keys.find(({ issuer }) => issuer !== null) ?? keys.at(0);
  if (found === undefined) throw new PpecError('invalid_argument', 'no endorsement key was offered');
  return found;
}

/** What an answered challenge has proved, and what it was asked for. */
export type Answered<Asked> = { readonly asked: Asked; readonly key: OfferedKey; readonly offered: readonly string[] };

export type Challenges<Asked> = {
  readonly ask: (offer: ReadOffer, key: OfferedKey, asked: Asked) => TpmChallenge;
  /** Once; undefined where there is no such challenge, or the answer is not the TPM's for that request. */
  readonly answered: (answer: TpmAnswer) => Answered<Asked> | undefined;
};

const waitingMax = 5000;
const livesMs = 180_000;

export function createChallenges<Asked extends { readonly csrDer: Uint8Array }>(clock: Clock): Challenges<Asked> {
  const waiting = new Map<string, Answered<Asked> & { readonly content: Buffer; readonly expiresAtMs: number }>();
  const expire = (): void => {
    const nowMs = clock.nowMs();
    for (const [id, { expiresAtMs }] of waiting) {
      // In the order in which they were asked.
      if (expiresAtMs > nowMs && waiting.size <= waitingMax) return;
      waiting.delete(id);
    }
  };
  return {
    ask: (offer, key, asked) => {
      const id = randomBytes(24).toString('base64url');
      const content = randomBytes(32);
      const { credential, secret } = makeCredential(key.key, offer.attestationName, content);
      const offered = offer.keys.map(({ sha256 }) => sha256);
      waiting.set(id, { asked, key, offered, content, expiresAtMs: clock.nowMs() + livesMs });
      expire();
      return {
        challenge: id,
        endorsementKey: key.index,
        credential: credential.toString('base64'),
        secret: secret.toString('base64'),
      };
    },
    answered: ({ challenge, proof }) => {
      expire();
      const found = waiting.get(challenge);
      waiting.delete(challenge);
      if (found === undefined) return undefined;
      const wanted = createHmac('sha256', found.content).update(tpmProofDomain).update(found.asked.csrDer).digest();
      const given = Buffer.from(proof, 'base64');
      return given.length === wanted.length && timingSafeEqual(given, wanted) ? found : undefined;
    },
  };
}
