// Reading the TPM's non-volatile memory (TPM 2.0 Library Part 3: NV_ReadPublic §31.6, NV_Read §31.13), where makers store
// the certificates of their endorsement keys (TCG EK Credential Profile 2.5 §2.2.1.4 for the indexes).
import { PpecError } from '../../shared/errors.ts';
import { bodyOf, codeOf, encodeCommand, hierarchies, sized, u16, u16s, u32, type Exchange } from './wire.ts';

/** Of the low range. */
export const certificateIndexes = { 'rsa-2048': 0x01c00002, 'ecc-p256': 0x01c0000a, 'ecc-p384': 0x01c00016 } as const;
const certificateBytesMax = 8192;

export type NvPublic = {
  readonly bytes: number;
  /** Who may read it without a policy: its own (empty) authorization, or the owner's. */
  readonly readableBy: 'itself' | 'owner' | 'nobody';
};

export function nvReadPublic(index: number): Buffer {
  return encodeCommand({ code: 0x169, handles: [index] });
}

/** Undefined where the index is not defined. */
export function readNvPublic(response: Uint8Array): NvPublic | undefined {
  // TPM_RC_HANDLE of the first handle: there is no such index (Part 2 §6.6.3).
  if (codeOf(response) === 0x18b) return undefined;
  const body = bodyOf(response);
  // TPM2B size, then TPMS_NV_PUBLIC: index, name algorithm, attributes, policy (TPM2B), size of the data (§13.5).
  const attributes = u32(body, 8);
  const policyBytes = u16(body, 12);
  const isSet = (bit: number): boolean => ((attributes >>> bit) & 1) === 1;
  return {
    bytes: u16(body, 14 + policyBytes),
    // TPMA_NV_AUTHREAD and TPMA_NV_OWNERREAD (§13.4); TPMA_NV_WRITTEN: there is nothing before.
    readableBy: !isSet(29) ? 'nobody' : isSet(18) ? 'itself' : isSet(17) ? 'owner' : 'nobody',
  };
}

export type NvRange = {
  readonly index: number;
  readonly auth: number;
  readonly bytes: number;
  readonly offset: number;
};

/** With a password session of an empty password (Part 1 §19.4). */
export function nvRead({ index, auth, bytes, offset }: NvRange): Buffer {
  return encodeCommand({
    code: 0x14e,
    handles: [auth, index],
    auths: ['password'],
    parameters: u16s(bytes, offset),
  });
}

export function readNvData(response: Uint8Array): Uint8Array {
  // The size of the parameters, then the data (TPM2B), then the session's answer.
  return sized(bodyOf(response), 4);
}

/** What is stored at an index, `chunk` bytes at a time; undefined where there is nothing that may be read. */
export async function nvContent(exchange: Exchange, index: number, chunk: number): Promise<Uint8Array | undefined> {
  const nv = readNvPublic(await exchange(nvReadPublic(index)));
  if (nv === undefined || nv.readableBy === 'nobody' || nv.bytes > certificateBytesMax) return undefined;
  const auth = nv.readableBy === 'itself' ? index : hierarchies.owner;
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < nv.bytes; offset += chunk) {
    const bytes = Math.min(chunk, nv.bytes - offset);
    const part = readNvData(await exchange(nvRead({ index, auth, bytes, offset })));
    if (part.length !== bytes) throw new PpecError('unavailable', 'the TPM gave less of a certificate than it has');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
