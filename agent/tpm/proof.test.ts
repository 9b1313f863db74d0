// The agent's commands and the controller's challenges against a TPM that is real but for the chip.
import { createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

import { makeCredential, nameOf } from '../../controller/crypto/make-credential.ts';
import { must } from '../../shared/assert.ts';
import { tpmProofDomain, type TpmChallenge } from '../../shared/protocol/enrolment.ts';
import { ekOf, isAttestationKey } from '../../shared/tpm/templates.ts';
import { hasSwtpm, manufacture, startSwtpm, type SoftwareTpm } from '../../test/fixtures/swtpm.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { openProver, type TpmProver } from './proof.ts';

async function chip(name: string, certified = false): Promise<SoftwareTpm> {
  const folder = join(await temporaryFolder(), name);
  manufacture(folder, certified);
  const tpm = await startSwtpm(folder);
  onTestFinished(() => tpm[Symbol.asyncDispose]());
  return tpm;
}

type Usable = Extract<TpmProver['offer'], { attestationKey: string }>;
const offerOf = ({ offer }: TpmProver): Usable => {
  if ('unusable' in offer) throw new Error(offer.unusable);
  return offer;
};

/** As the controller makes it, of what was offered. */
function challengeFor(offer: Usable, index: number, content: Uint8Array): TpmChallenge {
  const key = must(ekOf(Buffer.from(offer.endorsementKeys[index]?.public ?? '', 'base64')), 'a default endorsement key');
  const { credential, secret } = makeCredential(key, nameOf(Buffer.from(offer.attestationKey, 'base64')), content);
  return { challenge: 'c', endorsementKey: index, credential: credential.toString('base64'), secret: secret.toString('base64') };
} // prettier-ignore

const request = Buffer.from('the DER of a request');
const answerTo = (content: Uint8Array): string =>
  createHmac('sha256', content).update(tpmProofDomain).update(request).digest('base64');

describe.skipIf(!hasSwtpm)('a TPM', () => {
  it('offers both default endorsement keys, the same in every boot, and an attestation key', async () => {
    const tpm = await chip('a');
    const offers: Usable[] = [];
    for (let boot = 0; boot < 2; boot += 1) {
      await using prover = await openProver(await tpm.open());
      offers.push(offerOf(prover));
    }
    const [first, second] = offers;
    expect(first).toEqual(second);
    expect(first?.endorsementKeys.map((key) => ekOf(Buffer.from(key.public, 'base64'))?.kind)).toEqual(['ecc-p256', 'rsa-2048']);
    expect(isAttestationKey(Buffer.from(first?.attestationKey ?? '', 'base64'))).toBe(true);
  }); // prettier-ignore

  it.each([['P-256', 0], ['RSA', 1]] as const)('opens what was encrypted for its %s key', async (_name, index) => {
    const tpm = await chip('a');
    await using prover = await openProver(await tpm.open());
    const content = randomBytes(32);
    const challenge = challengeFor(offerOf(prover), index, content);
    expect(await prover.prove(challenge, request)).toBe(answerTo(content));
  }); // prettier-ignore

  it('leaves nothing behind in the chip, however often it proves itself', async () => {
    const tpm = await chip('a');
    for (let time = 0; time < 5; time += 1) {
      await using prover = await openProver(await tpm.open());
      const content = randomBytes(32);
      expect(await prover.prove(challengeFor(offerOf(prover), time % 2, content), request)).toBe(answerTo(content));
    }
  });

  it.each<[string, (challenge: TpmChallenge, other: TpmChallenge) => TpmChallenge]>([
    ['for the key of another chip', (_own, other) => other],
    ['for its other key', (own) => ({ ...own, endorsementKey: 1 })],
    ['with a bit changed', (own) => ({ ...own, credential: flipped(own.credential) })],
  ])('does not open what was encrypted %s', async (_name, change) => {
    const [tpm, other] = [await chip('a'), await chip('b')];
    const prover = await openProver(await tpm.open());
    await using stranger = await openProver(await other.open());
    const content = randomBytes(32);
    const own = challengeFor(offerOf(prover), 0, content);
    const challenge = change(own, challengeFor(offerOf(stranger), 0, content));
    await expect(prover.prove(challenge, request)).rejects.toThrow('the TPM answers with code');
    // A failed attempt uses nothing up.
    expect(await (await reopened(prover, tpm)).prove(own, request)).toBe(answerTo(content));
  });

  it('does not open what was encrypted for another object than its attestation key', async () => {
    const tpm = await chip('a');
    await using prover = await openProver(await tpm.open());
    const offer = offerOf(prover);
    const other = { ...offer, attestationKey: offer.endorsementKeys[0]?.public ?? '' };
    await expect(prover.prove(challengeFor(other, 0, randomBytes(32)), request)).rejects.toThrow('answers with code');
  });

  it("offers its maker's certificates with its keys", async () => {
    const tpm = await chip('certified', true);
    await using prover = await openProver(await tpm.open());
    const { endorsementKeys } = offerOf(prover);
    expect(endorsementKeys.some(({ certificate }) => certificate !== undefined)).toBe(true);
  });

  it('that cannot be used is told as such', async () => {
    await using prover = await openProver({
      exchange: () => Promise.resolve(Buffer.from('8001 0000000a 00000101'.replaceAll(' ', ''), 'hex')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
    expect(prover.offer).toEqual({ unusable: 'the TPM answers with code 0x101' });
  });
});

function flipped(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return bytes.toString('base64');
}

/** The chip in its next boot. */
async function reopened(prover: TpmProver, tpm: SoftwareTpm): Promise<TpmProver> {
  await prover[Symbol.asyncDispose]();
  const next = await openProver(await tpm.open());
  onTestFinished(() => next[Symbol.asyncDispose]());
  return next;
}
