// Whether a command may run here: signed by a trusted command key, for this asset, this boot, now, and newer than what
// ran before. Anything else is refused, with the reason. There is no way to switch this off.
import { createPublicKey, verify } from 'node:crypto';
import { Packr } from 'msgpackr';
import { Compile } from 'typebox/compile';

import { messageOf } from '../../shared/errors.ts';
import { serialKey } from '../../shared/hardware/identity.ts';
import { commandDomain, CommandSchema, needsApproval, type Command } from '../../shared/protocol/command.ts';
import type { ControllerBody } from '../../shared/protocol/messages.ts';

const packr = new Packr({ useRecords: false, moreTypes: false, int64AsType: 'number' });
const commandValidator = Compile(CommandSchema);

export type CommandTarget = {
  readonly assetId: string;
  readonly serial: string | null;
  readonly bootId: string;
  readonly nowMs: number;
  readonly highestGeneration: number;
  readonly commandKeys: Readonly<Record<string, string>>;
};

export type Verified =
  | { readonly ok: true; readonly command: Command }
  // `commandId` where the region did sign it: then the region is told that it was refused.
  | { readonly ok: false; readonly reason: string; readonly commandId?: string };

export function verifyCommand(envelope: ControllerBody<'command'>, target: CommandTarget): Verified {
  const refuse = (reason: string): Verified => ({ ok: false, reason });
  const key = Object.hasOwn(target.commandKeys, envelope.keyId) ? target.commandKeys[envelope.keyId] : undefined;
  if (key === undefined) return refuse(`command key ${envelope.keyId} is not trusted here`);
  if (!(envelope.bytes instanceof Uint8Array) || !(envelope.signature instanceof Uint8Array)) return refuse('no bytes');
  const signed = Buffer.concat([Buffer.from(commandDomain), envelope.bytes]);
  if (!isSignedBy(key, signed, envelope.signature)) return refuse('the signature does not verify');
  let command: unknown;
  try {
    command = packr.unpack(envelope.bytes);
  } catch (error) {
    return refuse(`not readable: ${messageOf(error)}`);
  }
  if (!commandValidator.Check(command)) return refuse('not a command of this protocol');
  const reason = mismatch(command, target);
  return reason === undefined ? { ok: true, command } : { ok: false, reason, commandId: command.id };
}

function mismatch(command: Command, target: CommandTarget): string | undefined {
  if (command.assetId !== target.assetId) return `it is for asset ${command.assetId}`;
  if (serialKey(command.assetSerial) !== serialKey(target.serial)) return `it is for serial ${command.assetSerial}`;
  if (command.bootId !== target.bootId) return 'it is for another boot of this machine';
  if (target.nowMs < command.notBeforeMs) return 'it is not valid yet';
  if (target.nowMs > command.expiresAtMs) return 'it has expired';
  if (command.generation <= target.highestGeneration) {
    return `its generation ${command.generation} is not newer than ${target.highestGeneration}`;
  }
  if (command.approval === null) return needsApproval(command) ? 'nobody has approved it' : undefined;
  if (command.approval.checkerIds.includes(command.approval.makerId)) return 'its maker is among its checkers';
  const { checkerIds, breakGlass } = command.approval;
  if (checkerIds.length === 0 && breakGlass === undefined) return 'nobody has checked it';
  return undefined;
}

function isSignedBy(key: string, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, data, createPublicKey(key), signature);
  } catch {
    return false;
  }
}
