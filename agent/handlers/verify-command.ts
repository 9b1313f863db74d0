// Whether a command may run here: signed by a trusted command key, in the one form, for this region, asset and boot, now,
// newer than what ran before, and approved by two people where it can destroy. Anything else is refused, by name of the
// check that it failed. There is no way to switch this off.
import { createPublicKey, verify } from 'node:crypto';

import { serialKey } from '../../shared/hardware/identity.ts';
import { decodeCommand, signedBytesOf } from '../../shared/protocol/command-bytes.ts';
import { approvalProblem, type Command } from '../../shared/protocol/command.ts';
import type { ListedKey } from '../../shared/protocol/key-list.ts';
import type { ControllerBody } from '../../shared/protocol/messages.ts';

/** In this order; a command is told by the first one that it fails. */
export type CommandCheck =
  | 'key'
  | 'signature'
  | 'encoding'
  | 'region'
  | 'asset'
  | 'serial'
  | 'boot'
  | 'not-before'
  | 'expiry'
  | 'generation'
  | 'approval';

export type CommandTarget = {
  readonly region: string;
  readonly assetId: string;
  readonly serial: string | null;
  readonly bootId: string;
  readonly nowMs: number;
  readonly highestGeneration: number;
  readonly commandKeys: readonly ListedKey[];
};

export type Verified =
  | { readonly ok: true; readonly command: Command }
  // `commandId` where the region did sign it: then the region is told that it was refused.
  | { readonly ok: false; readonly check: CommandCheck; readonly reason: string; readonly commandId?: string };

type Mismatch = { readonly check: CommandCheck; readonly reason: string };

export function verifyCommand(envelope: ControllerBody<'command'>, target: CommandTarget): Verified {
  const refuse = (check: CommandCheck, reason: string): Verified => ({ ok: false, check, reason });
  const { keyId, bytes, signature } = envelope;
  const key = target.commandKeys.find((listed) => listed.keyId === keyId);
  if (key === undefined) return refuse('key', `command key ${keyId} is not trusted here`);
  if (target.nowMs < key.notBeforeMs) return refuse('key', `command key ${keyId} is not in force yet`);
  if (key.notAfterMs !== null && target.nowMs > key.notAfterMs)
    return refuse('key', `command key ${keyId} was replaced`);
  if (!(bytes instanceof Uint8Array) || !(signature instanceof Uint8Array)) return refuse('signature', 'no bytes');
  if (!isSignedBy(key.publicKeyPem, signedBytesOf(keyId, bytes), signature)) {
    return refuse('signature', 'the signature does not verify');
  }
  const decoded = decodeCommand(bytes);
  if (!decoded.ok) return refuse('encoding', decoded.reason);
  const { command } = decoded;
  const mismatch = addressMismatch(command, target) ?? orderMismatch(command, target);
  return mismatch === undefined ? { ok: true, command } : { ok: false, ...mismatch, commandId: command.id };
}

function addressMismatch(command: Command, target: CommandTarget): Mismatch | undefined {
  if (command.region !== target.region) return { check: 'region', reason: `it is for region ${command.region}` };
  if (command.assetId !== target.assetId) return { check: 'asset', reason: `it is for asset ${command.assetId}` };
  if (serialKey(command.assetSerial) !== serialKey(target.serial)) {
    return { check: 'serial', reason: `it is for serial ${command.assetSerial}` };
  }
  if (command.bootId !== target.bootId) return { check: 'boot', reason: 'it is for another boot of this machine' };
  return undefined;
}

function orderMismatch(command: Command, target: CommandTarget): Mismatch | undefined {
  if (target.nowMs < command.notBeforeMs) return { check: 'not-before', reason: 'it is not valid yet' };
  if (target.nowMs > command.expiresAtMs) return { check: 'expiry', reason: 'it has expired' };
  if (command.generation <= target.highestGeneration) {
    const reason = `its generation ${command.generation} is not newer than ${target.highestGeneration}`;
    return { check: 'generation', reason };
  }
  const problem = approvalProblem(command);
  return problem === undefined ? undefined : { check: 'approval', reason: problem };
}

function isSignedBy(key: string, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, data, createPublicKey(key), signature);
  } catch {
    return false;
  }
}
