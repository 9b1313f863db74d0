// Commands about keys and their authorization (TPM 2.0 Library Part 3: CreatePrimary §24.1, ReadPublic §12.4,
// StartAuthSession §11.1, PolicySecret §23.4, ActivateCredential §12.5, FlushContext §28.4). Pure.
import { bodyOf, encodeCommand, hierarchies, sized, tpm2b, u16s, u32, u32s } from './wire.ts';

const sha256 = 0x000b;
const noAlgorithm = 0x0010;

/** A primary key of the endorsement hierarchy: the same template makes the same key, as long as its seed is the same. */
export function createPrimary(template: Uint8Array): Buffer {
  // No password and no data of the caller, no outside information, no PCRs in the creation data.
  const sensitive = tpm2b(u16s(0, 0));
  return encodeCommand({
    code: 0x131,
    handles: [hierarchies.endorsement],
    auths: ['password'],
    parameters: Buffer.concat([sensitive, tpm2b(template), u16s(0), u32s(0)]),
  });
}

export type LoadedKey = { readonly handle: number; readonly area: Uint8Array };

export function readPrimary(response: Uint8Array): LoadedKey {
  const body = bodyOf(response);
  // The handle, the size of the parameters, the public area.
  return { handle: u32(body, 0), area: sized(body, 8) };
}

export function readPublic(handle: number): Buffer {
  return encodeCommand({ code: 0x173, handles: [handle] });
}

export function readPublicArea(response: Uint8Array): Uint8Array {
  return sized(bodyOf(response), 0);
}

export function startPolicySession(nonce: Uint8Array): Buffer {
  const policy = Buffer.from([0x01]);
  return encodeCommand({
    code: 0x176,
    // Neither salted nor bound: what it authorizes is said in the clear and worth nothing to who listens.
    handles: [hierarchies.nobody, hierarchies.nobody],
    parameters: Buffer.concat([tpm2b(nonce), u16s(0), policy, u16s(noAlgorithm, sha256)]),
  });
}

export function readSession(response: Uint8Array): number {
  return u32(bodyOf(response), 0);
}

/** That we know the (empty) password of the endorsement hierarchy: the policy of the default endorsement keys. */
export function policySecret(session: number): Buffer {
  return encodeCommand({
    code: 0x151,
    handles: [hierarchies.endorsement, session],
    auths: ['password'],
    // No nonce, no parameters to bind to, no reference, no expiry.
    parameters: Buffer.concat([u16s(0, 0, 0), u32s(0)]),
  });
}

export type Activation = {
  readonly attestationKey: number;
  readonly endorsementKey: number;
  readonly session: number;
  readonly credential: Uint8Array;
  readonly secret: Uint8Array;
};

export function activateCredential(activation: Activation): Buffer {
  return encodeCommand({
    code: 0x147,
    handles: [activation.attestationKey, activation.endorsementKey],
    auths: ['password', { session: activation.session }],
    parameters: Buffer.concat([tpm2b(activation.credential), tpm2b(activation.secret)]),
  });
}

/** What the challenge held. */
export function readActivated(response: Uint8Array): Uint8Array {
  return sized(bodyOf(response), 4);
}

export function flushContext(handle: number): Buffer {
  return encodeCommand({ code: 0x165, parameters: u32s(handle) });
}
