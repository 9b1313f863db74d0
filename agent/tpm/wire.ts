// Commands and answers of a TPM 2.0 as bytes (TPM 2.0 Library Part 1 §18, Part 3 §5). Pure. All numbers are big-endian.
import { PpecError } from '../../shared/errors.ts';

/** Sends one command and gives its answer. */
export type Exchange = (command: Uint8Array) => Promise<Uint8Array>;

const noSessions = 0x8001;
const withSessions = 0x8002;
const headerBytes = 10;
const passwordSession = 0x40000009;

export const hierarchies = { owner: 0x40000001, nobody: 0x40000007, endorsement: 0x4000000b } as const;

export type Command = {
  readonly code: number;
  readonly handles?: readonly number[];
  /** One authorization per handle that needs one (Part 1 §19): an empty password, or a policy session. */
  readonly auths?: readonly ('password' | { readonly session: number })[];
  readonly parameters?: Uint8Array;
};

export function encodeCommand({ code, handles = [], auths = [], parameters = new Uint8Array() }: Command): Buffer {
  const authArea = Buffer.concat(
    auths.map((auth) =>
      // Session, empty nonce, attributes, empty HMAC: a session that ends with the command is flushed by the TPM.
      Buffer.concat([u32s(auth === 'password' ? passwordSession : auth.session), Buffer.from([0, 0, 0, 0, 0])]),
    ),
  );
  const sizedAuths = auths.length === 0 ? Buffer.alloc(0) : Buffer.concat([u32s(authArea.length), authArea]);
  const body = Buffer.concat([u32s(...handles), sizedAuths, parameters]);
  const tag = auths.length === 0 ? noSessions : withSessions;
  return Buffer.concat([u16s(tag), u32s(headerBytes + body.length, code), body]);
}

export function codeOf(response: Uint8Array): number {
  if (response.length < headerBytes || u32(response, 2) !== response.length)
    throw new PpecError('unavailable', `the TPM's answer is cut off after ${response.length} bytes`);
  return u32(response, 6);
}

/** What follows the header of an answer that says that all is well. */
export function bodyOf(response: Uint8Array): Uint8Array {
  const code = codeOf(response);
  if (code !== 0) throw new PpecError('unavailable', `the TPM answers with code 0x${code.toString(16)}`);
  return response.subarray(headerBytes);
}

/** The bytes of a sized value (TPM2B) at this place. */
export function sized(bytes: Uint8Array, at: number): Uint8Array {
  const end = at + 2 + u16(bytes, at);
  if (end > bytes.length) throw short();
  return bytes.subarray(at + 2, end);
}

export function tpm2b(bytes: Uint8Array): Buffer {
  return Buffer.concat([u16s(bytes.length), bytes]);
}

export function u16(bytes: Uint8Array, at: number): number {
  const [high, low] = bytes.subarray(at, at + 2);
  if (high === undefined || low === undefined) throw short();
  return (high << 8) | low;
}

export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 0x10000 + u16(bytes, at + 2);
}

function short(): PpecError {
  return new PpecError('unavailable', "the TPM's answer is shorter than what it announces");
}

export function u16s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}

export function u32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}
