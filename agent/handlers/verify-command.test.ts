import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, it } from 'vitest';

import type { Command } from '../../shared/protocol/command.ts';
import type { ControllerBody } from '../../shared/protocol/messages.ts';
import { newSigner } from '../../test/fixtures/signed-command.ts';
import { verifyCommand, type CommandTarget } from './verify-command.ts';

const region = newSigner('command-1');
const stranger = newSigner('command-2');
const target: CommandTarget = {
  assetId: 'ast_1',
  serial: 'SN-A100',
  bootId: 'boot-1',
  nowMs: 5000,
  highestGeneration: 6,
  commandKeys: { [region.keyId]: region.publicKeyPem, broken: 'not a key' },
};
const command: Command = {
  id: 'cmd_1',
  assetId: 'ast_1',
  assetSerial: 'SN-A100',
  bootId: 'boot-1',
  generation: 7,
  notBeforeMs: 5000,
  expiresAtMs: 5000,
  approval: { changeId: 'chg_1', payloadSha256: 'a'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] },
  name: 'kexec',
  args: { provisionCommandId: 'cmd_0', appendCmdline: '' },
};
const { approval } = command;
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
const packed = (value: unknown): Uint8Array => new Packr({ useRecords: false, moreTypes: false }).pack(value);

it('accepts a command that is signed, addressed, in time, newer and checked', () => {
  expect(verifyCommand(region.signCommand(command), target)).toEqual({ ok: true, command });
});

it.each<[string, Partial<CommandTarget>]>([
  ['at the last millisecond of its time', { nowMs: 5000 }],
  ['as the first one of this asset', { highestGeneration: 0 }],
  ['for a serial that is written in another way', { serial: ' sn-a100 ' }],
])('accepts it %s', (_, change) => {
  expect(verifyCommand(region.signCommand(command), { ...target, ...change }).ok).toBe(true);
});

it.each<[string, Partial<Command>, string]>([
  ['for another asset', { assetId: 'ast_2' }, 'it is for asset ast_2'],
  ['for another serial', { assetSerial: 'SN-B200' }, 'it is for serial SN-B200'],
  ['for another boot', { bootId: 'boot-2' }, 'it is for another boot of this machine'],
  ['not yet valid', { notBeforeMs: 5001, expiresAtMs: 9000 }, 'it is not valid yet'],
  ['expired', { notBeforeMs: 1, expiresAtMs: 4999 }, 'it has expired'],
  ['of the generation that ran last', { generation: 6 }, 'its generation 6 is not newer than 6'],
  ['of an older generation', { generation: 2 }, 'its generation 2 is not newer than 6'],
  [
    'whose maker is among its checkers',
    { approval: { ...approval, checkerIds: ['per_2', 'per_1'] } },
    'its maker is among its checkers',
  ],
  ['that nobody checked', { approval: { ...approval, checkerIds: [] } }, 'nobody has checked it'],
])('refuses a command %s, rightly signed as it is', (_, change, reason) => {
  // The union of commands does not survive a spread over Partial.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const changed = { ...command, ...change } as Command;
  expect(verifyCommand(region.signCommand(changed), target)).toEqual({ ok: false, reason, commandId: 'cmd_1' });
});

const burnIn = (writeDiskSerials: string[], approved: typeof approval | null): Command => ({
  ...command,
  approval: approved,
  name: 'burn-in',
  args: { profile: 'standard', tools: null, writeDiskSerials },
});
const cancel: Command = { ...command, approval: null, name: 'burn-in-cancel', args: { burnInCommandId: 'cmd_0' } };
it.each<[string, Command, string | undefined]>([
  ['a burn-in that writes to nothing', burnIn([], null), undefined],
  ['a burn-in that writes to nothing, approved', burnIn([], approval), undefined],
  ['the end of a burn-in', cancel, undefined],
  ['a burn-in that writes to a disk', burnIn(['S1'], null), 'nobody has approved it'],
  ['a burn-in that writes to a disk, approved', burnIn(['S1'], approval), undefined],
  ['a burn-in that its maker alone has checked', burnIn(['S1'], { ...approval, checkerIds: ['per_1'] }), 'its maker is among its checkers'],
])('wants an approval where something can be destroyed: %s', (_, asked, reason) => {
  const verified = verifyCommand(region.signCommand(asked), target);
  expect(verified).toEqual(
    reason === undefined ? { ok: true, command: asked } : { ok: false, reason, commandId: 'cmd_1' },
  );
}); // prettier-ignore

it.each(['provision', 'kexec'])('takes no %s without an approval, whatever else it is', (name) => {
  const args = { ...command.args, writeDiskSerials: [] };
  for (const change of [{ approval: null }, { approval: undefined }])
    for (const asked of [{ ...command, name, ...change }, { ...command, name, args, ...change }])
      expect(verifyCommand(region.signBytes(packed(asked)), target)).toEqual({ ok: false, reason: 'not a command of this protocol' });
}); // prettier-ignore

const good = region.signCommand(command);
it.each<[string, ControllerBody<'command'>, RegExp]>([
  ['an unknown key', stranger.signCommand(command), /^command key command-2 is not trusted here$/],
  ['a key name of Object.prototype', { ...good, keyId: 'constructor' }, /^command key constructor is not trusted/],
  ['a trusted key that is none', { ...good, keyId: 'broken' }, /^the signature does not verify$/],
  ['the signature of an unknown key under a known name', { ...stranger.signCommand(command), keyId: region.keyId }, /^the signature/],
  ['a signature of other bytes', { ...good, signature: region.signCommand({ ...command, generation: 8 }).signature }, /^the signature/],
  ['an altered signature', { ...good, signature: flipped(good.signature, 3) }, /^the signature/],
  ['no signature', { ...good, signature: new Uint8Array() }, /^the signature/],
  ['a byte too many', { ...good, bytes: Buffer.concat([good.bytes, Buffer.from([0])]) }, /^the signature/],
  ['a signature without the domain of commands', { ...good, signature: Buffer.from(region.signRaw(good.bytes), 'base64') }, /^the signature/],
  ['signed garbage', region.signBytes(Buffer.from('c1ff00', 'hex')), /^not readable/],
  ['signed nothing', region.signBytes(new Uint8Array()), /^not (readable|a command)/],
  ['a signed value of another kind', region.signBytes(packed('reboot')), /^not a command/],
  ['a signed command of an unknown name', region.signBytes(packed({ ...command, name: 'wipe' })), /^not a command/],
  ['a signed command with arguments of another', region.signBytes(packed({ ...command, name: 'provision' })), /^not a command/],
  ['a signed command with a member too many', region.signBytes(packed({ ...command, force: true })), /^not a command/],
  ['a signed command with a fraction for its generation', region.signBytes(packed({ ...command, generation: 7.5 })), /^not a command/],
])('refuses %s', (_, envelope, reason) => {
  const verified = verifyCommand(envelope, target);
  expect(verified).toMatchObject({ ok: false });
  expect('reason' in verified && verified.reason).toMatch(reason);
}); // prettier-ignore

it('refuses a command with any one byte altered', () => {
  for (let at = 0; at < good.bytes.length; at += 1)
    expect(verifyCommand({ ...good, bytes: flipped(good.bytes, at) }, target)).toMatchObject({ ok: false });
});

it('answers any signed bytes with a refusal, never by throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(verifyCommand(region.signBytes(bytes), target).ok).toBe(false);
    }),
    { numRuns: 300 },
  );
});

it('refuses bytes that are no bytes', () => {
  // What a peer sends in place of bytes passes the frame's schema, which cannot describe them.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const text = 'text' as unknown as Uint8Array;
  expect(verifyCommand({ ...good, bytes: text }, target)).toMatchObject({ ok: false });
  expect(verifyCommand({ ...good, signature: text }, target)).toMatchObject({ ok: false });
});
