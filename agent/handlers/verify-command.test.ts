import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { expect, it } from 'vitest';

import { commandDomain, encodeCommand } from '../../shared/protocol/command-bytes.ts';
import type { Command } from '../../shared/protocol/command.ts';
import type { ControllerBody } from '../../shared/protocol/messages.ts';
import { newSigner } from '../../test/fixtures/signed-command.ts';
import { unenforcedChecks, verificationFindings } from './verifier-self-test.ts';
import { verifyCommand, type CommandCheck, type CommandTarget } from './verify-command.ts';

type Envelope = ControllerBody<'command'>;

const region = newSigner('command-1');
const stranger = newSigner('command-2');
const replaced = newSigner('command-0');
const target: CommandTarget = {
  region: 'test-1',
  assetId: 'ast_1',
  serial: 'SN-A100',
  bootId: 'boot-1',
  nowMs: 5000,
  highestGeneration: 6,
  commandKeys: [
    { ...region.listed, notBeforeMs: 5000 },
    { ...replaced.listed, notAfterMs: 5000 },
    { keyId: 'broken', publicKeyPem: 'not a key', notBeforeMs: 0, notAfterMs: null },
  ],
};
const approval = { changeId: 'chg_1', payloadSha256: 'a'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] };
const args = { provisionCommandId: 'cmd_0', appendCmdline: '' };
const command = {
  id: 'cmd_1',
  region: 'test-1',
  assetId: 'ast_1',
  assetSerial: 'SN-A100',
  bootId: 'boot-1',
  generation: 7,
  notBeforeMs: 5000,
  expiresAtMs: 5000,
  approval,
  name: 'kexec',
  args,
} satisfies Command;
const good = region.signCommand(command);
const plain = new Packr({ useRecords: false, moreTypes: false });
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

it('accepts a command that is signed, addressed, in time, newer and checked', () => {
  expect(verifyCommand(good, target)).toEqual({ ok: true, command });
});

it.each<[string, Partial<CommandTarget>]>([
  ['as the first one of this asset', { highestGeneration: 0 }],
  ['for a serial that is written in another way', { serial: ' sn-a100 ' }],
])('accepts it %s', (_, change) => {
  expect(verifyCommand(good, { ...target, ...change }).ok).toBe(true);
});

it('accepts a key that was replaced until its time is over, and not a moment longer', () => {
  expect(verifyCommand(replaced.signCommand(command), target).ok).toBe(true);
  const later = { ...command, expiresAtMs: 9000 };
  expect(verifyCommand(replaced.signCommand(later), { ...target, nowMs: 5001 })).toMatchObject({ check: 'key' });
  expect(verifyCommand(region.signCommand(later), { ...target, nowMs: 5001 }).ok).toBe(true);
  expect(verifyCommand(region.signCommand(later), { ...target, nowMs: 4999 })).toMatchObject({ check: 'key' });
});

// Every member of a command, the arguments and the approval member by member; a member that is not here fails the test below.
const altered: Readonly<Record<string, object>> = {
  id: { id: 'cmd_2' },
  region: { region: 'test-2' },
  assetId: { assetId: 'ast_2' },
  assetSerial: { assetSerial: 'SN-B200' },
  bootId: { bootId: 'boot-2' },
  generation: { generation: 8 },
  notBeforeMs: { notBeforeMs: 4999 },
  expiresAtMs: { expiresAtMs: 5001 },
  name: { name: 'burn-in-cancel', args: { burnInCommandId: 'cmd_0' } },
  'args.provisionCommandId': { args: { ...args, provisionCommandId: 'cmd_9' } },
  'args.appendCmdline': { args: { ...args, appendCmdline: 'init=/bin/sh' } },
  'approval.changeId': { approval: { ...approval, changeId: 'chg_2' } },
  'approval.payloadSha256': { approval: { ...approval, payloadSha256: 'b'.repeat(64) } },
  'approval.makerId': { approval: { ...approval, makerId: 'per_3' } },
  'approval.checkerIds': { approval: { ...approval, checkerIds: ['per_3'] } },
};

it('knows every member of a command as bound', () => {
  const members = Object.entries({ ...command, args: undefined, approval: undefined }).map(([member]) => member);
  const inner = (name: string, value: object): string[] => Object.keys(value).map((member) => `${name}.${member}`);
  const all = [...members.filter((member) => member !== 'args' && member !== 'approval'), ...inner('args', args), ...inner('approval', approval)];
  expect(Object.keys(altered).toSorted()).toEqual(all.toSorted());
}); // prettier-ignore

it.each(Object.entries(altered))('refuses an altered %s under the old signature', (_, change) => {
  const bytes = plain.pack({ ...command, ...change });
  const verified = verifyCommand({ ...good, bytes }, target);
  expect(verified).toEqual({ ok: false, check: 'signature', reason: 'the signature does not verify' });
});

it.each<[string, object, CommandCheck, string]>([
  ['for another region', { region: 'test-2' }, 'region', 'it is for region test-2'],
  ['for another asset', { assetId: 'ast_2' }, 'asset', 'it is for asset ast_2'],
  ['for another serial', { assetSerial: 'SN-B200' }, 'serial', 'it is for serial SN-B200'],
  ['for another boot', { bootId: 'boot-2' }, 'boot', 'it is for another boot of this machine'],
  ['not yet valid', { notBeforeMs: 5001, expiresAtMs: 9000 }, 'not-before', 'it is not valid yet'],
  ['expired', { notBeforeMs: 1, expiresAtMs: 4999 }, 'expiry', 'it has expired'],
  ['of the generation that ran last', { generation: 6 }, 'generation', 'its generation 6 is not newer than 6'],
  ['of an older generation', { generation: 2 }, 'generation', 'its generation 2 is not newer than 6'],
  ['whose maker is among its checkers', { approval: { ...approval, checkerIds: ['per_2', 'per_1'] } }, 'approval', 'its maker is among its checkers'],
  ['that nobody checked', { approval: { ...approval, checkerIds: [] } }, 'approval', 'nobody has checked it'],
  ['whose one checker counts twice', { approval: { ...approval, checkerIds: ['per_2', 'per_2'] } }, 'approval', 'a checker is named twice'],
  ['whose maker has no name', { approval: { ...approval, makerId: '' } }, 'approval', 'its approval names nobody'],
  ['of no change', { approval: { ...approval, changeId: '' } }, 'approval', 'its approval names nobody'],
])('refuses a command %s, rightly signed as it is', (...[, change, check, reason]) => {
  const verified = verifyCommand(region.signBytes(plain.pack({ ...command, ...change })), target);
  expect(verified).toEqual({ ok: false, check, reason, commandId: 'cmd_1' });
}); // prettier-ignore

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
  const refused = { ok: false, check: 'approval', reason, commandId: 'cmd_1' };
  expect(verified).toEqual(reason === undefined ? { ok: true, command: asked } : refused);
}); // prettier-ignore

it.each(['provision', 'kexec'])('takes no %s without an approval, whatever else it is', (name) => {
  const more = { ...command.args, writeDiskSerials: [] };
  for (const change of [{ approval: null }, { approval: undefined }])
    for (const asked of [{ ...command, name, ...change }, { ...command, name, args: more, ...change }])
      expect(verifyCommand(region.signBytes(plain.pack(asked)), target)).toMatchObject({ ok: false, check: 'encoding' });
}); // prettier-ignore

/** Signed by the right key, but over something else than domain, key id and bytes. */
const signedOver = (preimage: Uint8Array): Envelope => ({
  ...good,
  signature: Buffer.from(region.signRaw(preimage), 'base64'),
});
const over = (...parts: (string | Uint8Array)[]): Envelope => signedOver(Buffer.concat(parts.map((part) => Buffer.from(part)))); // prettier-ignore

it.each<[string, Envelope, CommandCheck]>([
  ['an unknown key', stranger.signCommand(command), 'key'],
  ['a key name of Object.prototype', { ...good, keyId: 'constructor' }, 'key'],
  ['a trusted key that is none', { ...good, keyId: 'broken' }, 'signature'],
  ['the signature of an unknown key under a known name', { ...stranger.signCommand(command), keyId: region.keyId }, 'signature'],
  ['the signature of one trusted key under the name of another', { ...good, keyId: replaced.keyId }, 'signature'],
  ['a signature of other bytes', { ...good, signature: region.signCommand({ ...command, generation: 8 }).signature }, 'signature'],
  ['an altered signature', { ...good, signature: flipped(good.signature, 3) }, 'signature'],
  ['no signature', { ...good, signature: new Uint8Array() }, 'signature'],
  ['half a signature', { ...good, signature: good.signature.subarray(0, 32) }, 'signature'],
  ['a byte too many, unsigned', { ...good, bytes: Buffer.concat([good.bytes, Buffer.from([0])]) }, 'signature'],
  ['a byte too few, unsigned', { ...good, bytes: good.bytes.subarray(0, -1) }, 'signature'],
  ['a signature without a domain', over(good.bytes), 'signature'],
  ['a signature of the domain of key lists', over(`ppec-command-keys-v1\0${region.keyId}\0`, good.bytes), 'signature'],
  ['a signature of the domain of enrolment', over(`ppec-enrol-v1\0${region.keyId}\0`, good.bytes), 'signature'],
  ['a signature without the name of its key', over(commandDomain, good.bytes), 'signature'],
])('refuses %s', (_, envelope, check) => {
  expect(verifyCommand(envelope, target)).toMatchObject({ ok: false, check });
}); // prettier-ignore

/** MessagePack by hand: a map of one byte's length, keys and values as given. */
const fixText = (text: string): Buffer => Buffer.concat([Buffer.from([0xa0 | text.length]), Buffer.from(text)]);
const packedMap = (members: readonly (readonly [string, Uint8Array])[]): Buffer =>
  Buffer.concat([Buffer.from([0xde, 0, members.length]), ...members.flatMap(([key, value]) => [fixText(key), value])]);
const members = Object.entries(command).map(([key, value]) => [key, Uint8Array.from(plain.pack(value))] as const);
const instead = (key: string, value: Uint8Array): Envelope =>
  region.signBytes(packedMap(members.map((member) => (member[0] === key ? [key, value] : member))));

it('is tried below with bytes that differ in one thing only', () => {
  expect(packedMap(members).equals(Buffer.from(encodeCommand(command)))).toBe(true);
});

it.each<[string, Envelope]>([
  ['garbage', region.signBytes(Buffer.from('c1ff00', 'hex'))],
  ['nothing', region.signBytes(new Uint8Array())],
  ['a value of another kind', region.signBytes(plain.pack('reboot'))],
  ['a byte after the end', region.signBytes(Buffer.concat([good.bytes, Buffer.from([0xc0])]))],
  ['a second command after the end', region.signBytes(Buffer.concat([good.bytes, good.bytes]))],
  ['a command that is cut off', region.signBytes(good.bytes.subarray(0, -1))],
  ['a key that comes twice', region.signBytes(packedMap([...members, ['assetId', fixText('ast_1')]]))],
  ['a key that comes twice with another value first', region.signBytes(packedMap([['assetId', fixText('ast_2')], ...members]))],
  ['a number in more bytes than it needs', instead('generation', Buffer.from([0xce, 0, 0, 0, 7]))],
  ['a number as a fraction', instead('generation', Buffer.from('cb401c000000000000', 'hex'))],
  ['a text in more bytes than it needs', instead('bootId', Buffer.concat([Buffer.from([0xd9, 6]), Buffer.from('boot-1')]))],
  ['bytes where a text belongs', instead('bootId', Buffer.concat([Buffer.from([0xc4, 6]), Buffer.from('boot-1')]))],
  ['an extension type', instead('generation', Buffer.from([0xd4, 0x72, 0]))],
  ['a command of an unknown name', region.signBytes(plain.pack({ ...command, name: 'wipe' }))],
  ['arguments of another command', region.signBytes(plain.pack({ ...command, name: 'provision' }))],
  ['a member too many', region.signBytes(plain.pack({ ...command, force: true }))],
  ['a member too few', region.signBytes(plain.pack({ ...command, region: undefined }))],
  ['a generation with a fraction', region.signBytes(plain.pack({ ...command, generation: 7.5 }))],
])('refuses %s, rightly signed as it is', (_, envelope) => {
  expect(verifyCommand(envelope, target)).toMatchObject({ ok: false, check: 'encoding' });
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

it('says of itself that it makes every check', () => {
  expect(unenforcedChecks()).toEqual([]);
  expect(verificationFindings([])).toEqual([]);
});

it.each<[string, Parameters<typeof unenforcedChecks>[0], string[]]>([
  ['takes everything', (envelope) => ({ ok: true, command: { ...command, id: envelope.keyId } }), ['key', 'signature', 'encoding', 'region', 'asset', 'serial', 'boot', 'not-before', 'expiry', 'generation', 'approval']],
  ['takes nothing', () => ({ ok: false, check: 'key', reason: 'no' }), ['acceptance', 'signature', 'encoding', 'region', 'asset', 'serial', 'boot', 'not-before', 'expiry', 'generation', 'approval']],
  ['takes any boot', (envelope, at) => { const verified = verifyCommand(envelope, at); return !verified.ok && verified.check === 'boot' ? { ok: true, command } : verified; }, ['boot']],
])('finds out a verifier that %s', (_, verifier, unenforced) => {
  expect(unenforcedChecks(verifier)).toEqual(unenforced);
  expect(verificationFindings(unenforced)).toMatchObject([{ check: 'command-verification', state: 'failed' }]);
}); // prettier-ignore
