import { verify } from 'node:crypto';
import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';

import { encodeCommand, signedBytesOf } from '../../shared/protocol/command-bytes.ts';
import type { Command } from '../../shared/protocol/command.ts';
import {
  keyListOf,
  nextKeyList,
  signingKeyOf,
  type KeyList,
  type KeyStatement,
} from '../../shared/protocol/key-list.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { startKeysAnew } from './command-keys.ts';
import type { SignerAnswer } from './messages.ts';
import { commandLifeMsMax } from './rules.ts';
import { openSigner, serveStream, type Signer } from './serve.ts';

const nowMs = 1_000_000_000;
const approval = { changeId: 'chg_1', payloadSha256: 'a'.repeat(64), makerId: 'per_1', checkerIds: ['per_2'] };
const command: Command = {
  id: 'cmd_1',
  region: 'test-1',
  assetId: 'ast_1',
  assetSerial: 'SN-1',
  bootId: 'boot-1',
  generation: 5,
  notBeforeMs: nowMs - 60_000,
  expiresAtMs: nowMs + 60_000,
  approval,
  name: 'kexec',
  args: { provisionCommandId: 'cmd_0', appendCmdline: '' },
};
const at = async (folder: string, clock = { nowMs: () => nowMs }): Promise<Signer> => {
  const signer = await openSigner({ folder, region: 'test-1', clock });
  onTestFinished(() => signer.close());
  return signer;
};
const signed = (signer: Signer, bytes: Uint8Array): Promise<SignerAnswer> =>
  signer.answer({ id: 1, do: 'sign', bytes: Buffer.from(bytes).toString('base64') });
const change = (patch: object): Uint8Array => encodeCommand({ ...command, ...patch });
const statementsOf = async (signer: Signer): Promise<KeyStatement[]> => {
  const answer = await signer.answer({ id: 1, do: 'keys' });
  if (!('statements' in answer)) throw new Error('problem' in answer ? answer.problem : 'no keys');
  return answer.statements;
};
const newest = async (signer: Signer): Promise<KeyList> => {
  const list = keyListOf((await statementsOf(signer)).at(-1)?.text ?? '');
  if (list === undefined) throw new Error('no list');
  return list;
};
const isSignedBy = (pem: string, bytes: Uint8Array, signature: string): boolean =>
  verify(null, bytes, pem, Buffer.from(signature, 'base64'));

it('makes a key at its first start, keeps it, and signs with it what an agent can verify', async () => {
  const folder = await temporaryFolder();
  const bytes = encodeCommand(command);
  const answer = await signed(await at(folder), bytes);
  if (!('signature' in answer)) throw new Error('not signed');
  const key = signingKeyOf(await newest(await at(folder)));
  expect(answer.keyId).toBe(key?.keyId);
  expect(isSignedBy(key?.publicKeyPem ?? '', signedBytesOf(answer.keyId, bytes), answer.signature)).toBe(true);
  expect((await readdir(folder)).toSorted()).toEqual(['command-key.pem', 'command-keys.json', 'signed.jsonl']);
  const [line = ''] = (await readFile(join(folder, 'signed.jsonl'), 'utf8')).split('\n');
  expect(JSON.parse(line)).toMatchObject({ commandId: 'cmd_1', assetId: 'ast_1', generation: 5, changeId: 'chg_1' });
});

it.each<[string, Uint8Array, RegExp]>([
  ['what is no command', Buffer.from('hello'), /not/],
  ['a key list', Buffer.from(JSON.stringify({ region: 'test-1', sequence: 2 })), /not/],
  ['a byte after the end', Buffer.concat([encodeCommand(command), Buffer.from([0])]), /not readable/],
  ['a command of another region', change({ region: 'test-2' }), /region test-2/],
  ['one that has expired', change({ expiresAtMs: nowMs }), /expired/],
  ['one that ends before it begins', change({ notBeforeMs: nowMs + 70_000 }), /before it begins/],
  ['one that would be valid for years', change({ expiresAtMs: nowMs + commandLifeMsMax + 1 }), /too long/],
  ['one that nobody checked', change({ approval: { ...approval, checkerIds: [] } }), /nobody has checked/],
  ['one that its maker checked', change({ approval: { ...approval, checkerIds: ['per_1'] } }), /maker/],
])('does not sign %s', async (_, bytes, reason) => {
  const folder = await temporaryFolder();
  const answer = await signed(await at(folder), bytes);
  expect(answer).toMatchObject({ code: 'permission_denied' });
  expect('problem' in answer && answer.problem).toMatch(reason);
  expect(await readdir(folder)).not.toContain('signed.jsonl');
}); // prettier-ignore

it('signs a command again, and never another one of its generation or an older one, over a restart too', async () => {
  const folder = await temporaryFolder();
  const first = await signed(await at(folder), encodeCommand(command));
  // A line that a crash cut off is none, and takes nothing with it.
  await appendFile(join(folder, 'signed.jsonl'), '{"at":1,"keyId":"x","assetId":"ast_1","generat');
  const signer = await at(folder);
  expect(await signed(signer, encodeCommand(command))).toEqual(first);
  for (const patch of [{ id: 'cmd_2' }, { generation: 4 }, { bootId: 'boot-2' }]) {
    expect(await signed(signer, change(patch))).toMatchObject({ code: 'permission_denied' });
  }
  expect(await signed(signer, change({ generation: 6 }))).toHaveProperty('signature');
  expect(await signed(await at(folder), change({ generation: 6, id: 'cmd_3' }))).toMatchObject({ code: 'permission_denied' });
  expect(await signed(signer, change({ assetId: 'ast_2', generation: 1 }))).toHaveProperty('signature');
}); // prettier-ignore

it('signs no more than its rate, says that it can be asked again, and does when it can', async () => {
  let now = nowMs;
  const signer = await at(await temporaryFolder(), { nowMs: () => now });
  let count = 0;
  for (let generation = 1; generation <= 1001; generation += 1) {
    if ('signature' in (await signed(signer, change({ generation })))) count += 1;
  }
  expect(count).toBe(1000);
  expect(await signed(signer, change({ generation: 2000 }))).toMatchObject({ code: 'resource_exhausted' });
  now += 1000;
  expect(await signed(signer, change({ generation: 2000 }))).toHaveProperty('signature');
});

it('replaces its key by a statement of the old one, and destroys the old one', async () => {
  const folder = await temporaryFolder();
  const signer = await at(folder);
  const before = await newest(signer);
  const oldPem = await readFile(join(folder, 'command-key.pem'), 'utf8');
  expect(await signer.answer({ id: 1, do: 'rotate', overlapMs: 5000 })).toHaveProperty('statements');
  const [first, second] = await statementsOf(signer);
  if (first === undefined || second === undefined) throw new Error('two statements');
  const held = nextKeyList(undefined, first, isSignedBy);
  expect(held).toEqual({ kind: 'next', list: before });
  const next = nextKeyList(before, second, isSignedBy);
  expect(next).toMatchObject({ kind: 'next', list: { sequence: 2, keys: [{ notAfterMs: nowMs + 5000 }, { notAfterMs: null }] } });
  expect(await readFile(join(folder, 'command-key.pem'), 'utf8')).not.toBe(oldPem);
  expect((await readdir(folder)).toSorted()).toEqual(['command-key.pem', 'command-keys.json']);
  const answer = await signed(signer, encodeCommand(command));
  expect('keyId' in answer && answer.keyId).toBe(signingKeyOf(await newest(signer))?.keyId);
  expect(await newest(await at(folder))).toEqual(await newest(signer));
}); // prettier-ignore

it('finds a key that another process replaced', async () => {
  const folder = await temporaryFolder();
  const [one, two] = [await at(folder), await at(folder)];
  await statementsOf(one);
  await two.answer({ id: 1, do: 'rotate', overlapMs: 0 });
  expect(await newest(one)).toEqual(await newest(two));
});

it.each(['before the statement', 'before the old key was replaced'])('goes on from a rotation that was cut off %s', async (when) => {
  const folder = await temporaryFolder();
  const signer = await at(folder);
  await statementsOf(signer);
  const key = join(folder, 'command-key.pem');
  const statements = join(folder, 'command-keys.json');
  const [oldKey, oldStatements] = [await readFile(key), await readFile(statements)];
  await signer.answer({ id: 1, do: 'rotate', overlapMs: 0 });
  await rename(key, join(folder, 'command-key.next.pem'));
  await writeFile(key, oldKey);
  if (when === 'before the statement') await writeFile(statements, oldStatements);
  const restarted = await at(folder);
  expect((await newest(restarted)).sequence).toBe(when === 'before the statement' ? 1 : 2);
  expect(await signed(restarted, encodeCommand(command))).toHaveProperty('signature');
  expect((await readdir(folder)).toSorted()).toEqual(['command-key.pem', 'command-keys.json', 'signed.jsonl']);
}); // prettier-ignore

it.each(['missing', 'another'])('signs nothing while the key is %s that agents trust, and makes no other', async (what) => {
  const folder = await temporaryFolder();
  await statementsOf(await at(folder));
  const key = join(folder, 'command-key.pem');
  await (what === 'missing' ? rm(key) : writeFile(key, await otherKey()));
  const signer = await at(folder);
  const answer = await signer.answer({ id: 1, do: 'keys' });
  expect(answer).toMatchObject({ code: 'failed_precondition' });
  expect('problem' in answer && answer.problem).toContain('agents trust command-');
  expect(await signed(signer, encodeCommand(command))).toMatchObject({ code: 'failed_precondition' });
  await startKeysAnew({ folder, region: 'test-1', nowMs });
  // No agent takes it by itself: no key that it knows vouches for it.
  expect(await signed(signer, encodeCommand(command))).toHaveProperty('signature');
  expect(await newest(signer)).toMatchObject({ sequence: 2 });
  expect(await statementsOf(signer)).toHaveLength(1);
}); // prettier-ignore

async function otherKey(): Promise<string> {
  const folder = await temporaryFolder();
  await statementsOf(await at(folder));
  return readFile(join(folder, 'command-key.pem'), 'utf8');
}

it('refuses keys of another region', async () => {
  const folder = await temporaryFolder();
  await statementsOf(await at(folder));
  const other = await openSigner({ folder, region: 'test-2', clock: { nowMs: () => nowMs } });
  expect(await other.answer({ id: 1, do: 'keys' })).toMatchObject({ code: 'failed_precondition' });
});

it.each([
  ['a line that is no request', '{"id":1,"do":"export-key"}\n'],
  ['a line without an end', 'x'.repeat(2_000_000)],
])('ends a stream that sends %s', async (_, text) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const served = serveStream(input, output, await at(await temporaryFolder()));
  input.write(text);
  await served;
  expect(output.read()).toBeNull();
});
