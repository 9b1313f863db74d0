// A command as bytes, in one form only, and what of them is signed. Nothing is encoded again before a signature is
// verified; what was verified must then be in the one form, so that no two readers see two commands in the same bytes.
import { Packr } from 'msgpackr';
import { Compile } from 'typebox/compile';

import { messageOf } from '../errors.ts';
import { CommandSchema, type Command } from './command.ts';

/** Keeps a command's signature from being valid for anything else that is ever signed. */
export const commandDomain = 'ppec-command-v2\0';

/** More than the largest command that the schema allows in practice; a frame holds it. */
export const commandBytesMax = 768 * 1024;

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });
const validator = Compile(CommandSchema);
const text = new TextEncoder();

export function encodeCommand(command: Command): Uint8Array {
  // A copy: the packer's buffer is larger, and used again.
  return new Uint8Array(packr.pack(command));
}

/** What Ed25519 signs: domain, key id, NUL, and the exact bytes. The key id is bound, so a key has one name only. */
export function signedBytesOf(keyId: string, bytes: Uint8Array): Uint8Array {
  const head = text.encode(`${commandDomain}${keyId}\0`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  return signed;
}

export type DecodedCommand =
  { readonly ok: true; readonly command: Command } | { readonly ok: false; readonly reason: string };

/** Refuses bytes after the end, keys that come twice, and any value not in its shortest form: what was said otherwise. */
export function decodeCommand(bytes: Uint8Array): DecodedCommand {
  if (bytes.length > commandBytesMax) return { ok: false, reason: `not readable: ${bytes.length} bytes are too many` };
  let value: unknown;
  try {
    value = packr.unpack(bytes);
  } catch (error) {
    return { ok: false, reason: `not readable: ${messageOf(error)}` };
  }
  if (!validator.Check(value)) return { ok: false, reason: 'not a command of this protocol' };
  const again = packr.pack(value);
  const isSame = again.length === bytes.length && bytes.every((byte, at) => byte === again[at]);
  return isSame ? { ok: true, command: value } : { ok: false, reason: 'not in the one form of a command' };
}
