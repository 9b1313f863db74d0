// Proving that this machine holds its TPM: its endorsement keys are offered with an attestation key, and what the controller
// encrypted for exactly these is opened by nobody but the TPM (TPM 2.0 Library Part 1 §24). Loaded only where there is one.
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { must } from '../../shared/assert.ts';
import { messageOf } from '../../shared/errors.ts';
import { tpmProofDomain, type TpmChallenge, type TpmOffer } from '../../shared/protocol/enrolment.ts';
import { ekAlgorithms, ekOf, templates, type EkAlgorithm } from '../../shared/tpm/templates.ts';
import { getFixedProperties, readFixedProperties } from '../collect/tpm-commands.ts';
import { withinTime, type OpenTpm } from './device.ts';
import {
  activateCredential,
  createPrimary,
  flushContext,
  policySecret,
  readActivated,
  readPrimary,
  readPublic,
  readPublicArea,
  readSession,
  startPolicySession,
  type LoadedKey,
} from './key-commands.ts';
import { certificateIndexes, nvContent } from './nv.ts';
import { bodyOf, codeOf, type Exchange } from './wire.ts';

/** Where makers keep the keys of the default templates (TCG TPM v2.0 Provisioning Guidance §7.8): making them again takes seconds. */
const persistentHandles: Readonly<Record<EkAlgorithm, number>> = { 'rsa-2048': 0x81010001, 'ecc-p256': 0x81010002 };
const transientHandles = 0x80000000;
const transientMask = 0xff000000;
const chunkBytes = 512;
/** An RSA key may take a slow chip half a minute. */
const timeoutMs = 90_000;

export type TpmProver = AsyncDisposable & {
  readonly offer: TpmOffer;
  /** The answer to a challenge, for the request whose DER this is. base64. */
  readonly prove: (challenge: TpmChallenge, request: Uint8Array) => Promise<string>;
};

/** Never fails: a TPM that cannot be used is told as such. It owns `given` from here on. */
export async function openProver(given: OpenTpm): Promise<TpmProver> {
  const tpm: OpenTpm = {
    exchange: patiently(given.exchange),
    [Symbol.asyncDispose]: () => given[Symbol.asyncDispose](),
  };
  const loaded: number[] = [];
  try {
    const keys = await withinTime(loadKeys(tpm.exchange, loaded), timeoutMs);
    return {
      offer: keys.offer,
      prove: (challenge, request) => withinTime(prove(tpm.exchange, { ...keys, challenge, request }), timeoutMs),
      [Symbol.asyncDispose]: () => close(tpm, loaded),
    };
  } catch (error) {
    return { ...unusableTpm(error), [Symbol.asyncDispose]: () => close(tpm, loaded) };
  }
}

/** Of a TPM that is there and cannot be used: the controller decides what that means. */
export function unusableTpm(error: unknown): TpmProver {
  const reason = messageOf(error).slice(0, 300) || 'no reason given';
  return {
    offer: { unusable: reason },
    prove: () => Promise.reject(error instanceof Error ? error : new Error(reason)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

type Keys = {
  readonly offer: TpmOffer;
  readonly endorsementKeys: readonly LoadedKey[];
  readonly attestationKey: LoadedKey;
};

async function loadKeys(exchange: Exchange, loaded: number[]): Promise<Keys> {
  const { nvBufferBytes } = readFixedProperties(await exchange(getFixedProperties()));
  const chunk = Math.min(chunkBytes, nvBufferBytes === 0 ? chunkBytes : nvBufferBytes);
  const endorsementKeys: LoadedKey[] = [];
  const offered: { public: string; certificate?: string }[] = [];
  for (const algorithm of ekAlgorithms) {
    const key = await endorsementKey(exchange, algorithm, loaded);
    // A chip may lack an algorithm; it has the other one.
    if (key === undefined) continue;
    endorsementKeys.push(key);
    const certificate = await nvContent(exchange, certificateIndexes[algorithm], chunk).catch(() => undefined);
    offered.push({
      public: base64(key.area),
      ...(certificate === undefined ? {} : { certificate: base64(certificate) }),
    });
  }
  const attestationKey = await primary(exchange, templates.attestation, loaded);
  return { endorsementKeys, attestationKey, offer: { endorsementKeys: offered, attestationKey: base64(attestationKey.area) } };
} // prettier-ignore

async function endorsementKey(
  exchange: Exchange,
  algorithm: EkAlgorithm,
  loaded: number[],
): Promise<LoadedKey | undefined> {
  const handle = persistentHandles[algorithm];
  const response = await exchange(readPublic(handle));
  if (codeOf(response) === 0) {
    const area = readPublicArea(response);
    if (ekOf(area)?.kind === algorithm) return { handle, area };
  }
  return primary(exchange, templates[algorithm], loaded).catch(() => undefined);
}

async function primary(exchange: Exchange, template: Uint8Array, loaded: number[]): Promise<LoadedKey> {
  const key = readPrimary(await exchange(createPrimary(template)));
  loaded.push(key.handle);
  return key;
}

type Asked = Keys & { readonly challenge: TpmChallenge; readonly request: Uint8Array };

async function prove(exchange: Exchange, { endorsementKeys, attestationKey, challenge, request }: Asked): Promise<string> {
  const chosen = must(endorsementKeys[challenge.endorsementKey], 'the challenge is for a key that was offered');
  // A chip has room for three objects at a time.
  for (const { handle } of endorsementKeys) if (handle !== chosen.handle) await flush(exchange, handle);
  const session = readSession(await exchange(startPolicySession(randomBytes(16))));
  let secret: Uint8Array;
  try {
    bodyOf(await exchange(policySecret(session)));
    const activation = {
      attestationKey: attestationKey.handle,
      endorsementKey: chosen.handle,
      session,
      credential: Buffer.from(challenge.credential, 'base64'),
      secret: Buffer.from(challenge.secret, 'base64'),
    };
    secret = readActivated(await exchange(activateCredential(activation)));
  } catch (error) {
    await flush(exchange, session);
    throw error;
  }
  return createHmac('sha256', secret).update(tpmProofDomain).update(request).digest('base64');
} // prettier-ignore

/** TPM_RC_YIELDED, TPM_RC_TESTING and TPM_RC_RETRY (Part 2 §6.6.3): the same command again is all that is wanted. */
const againCodes = new Set([0x908, 0x90a, 0x922]);
const againMax = 100;
const againMs = 20;

function patiently(exchange: Exchange): Exchange {
  return async (command) => {
    for (let left = againMax; ; left -= 1) {
      const response = await exchange(command);
      if (left === 0 || !againCodes.has(codeOf(response))) return response;
      await delay(againMs);
    }
  };
}

async function close(tpm: OpenTpm, loaded: readonly number[]): Promise<void> {
  try {
    for (const handle of loaded) await flush(tpm.exchange, handle);
  } catch {
    // The kernel forgets them with the device.
  } finally {
    await tpm[Symbol.asyncDispose]();
  }
}

/** What is gone already is answered with an error that says so. */
async function flush(exchange: Exchange, handle: number): Promise<void> {
  const isOurs = (handle & transientMask) >>> 0 === transientHandles || handle >>> 24 === 0x03;
  if (isOurs) await exchange(flushContext(handle));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
