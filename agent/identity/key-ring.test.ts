import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import type { KeyStatement } from '../../shared/protocol/key-list.ts';
import { newSigner, stateKeys } from '../../test/fixtures/signed-command.ts';
import { temporaryFolder } from '../../test/fixtures/temporary-folder.ts';
import { openKeyRing, type KeyRing } from './key-ring.ts';

const one = newSigner('key-1');
const two = newSigner('key-2');
const three = newSigner('key-3');
const stranger = newSigner('key-9');

const untilMs = 5000;
const first = stateKeys(one, one);
const second = stateKeys(one, two, { sequence: 2, keys: [{ ...one.listed, notAfterMs: untilMs }, two.listed] });
const third = stateKeys(two, three, { sequence: 3, keys: [{ ...two.listed, notAfterMs: untilMs }, three.listed] });
const held = (ring: KeyRing): [number, string[]] => [ring.sequence(), ring.keys().map(({ keyId }) => keyId)];

it('begins with the first list it is told, and follows from there, durably', async () => {
  const folder = await temporaryFolder();
  const ring = await openKeyRing(folder);
  expect(held(ring)).toEqual([0, []]);
  expect(await ring.take([first])).toEqual([]);
  expect([...held(ring), ring.region()]).toEqual([1, ['key-1'], 'test-1']);
  expect(await ring.take([first, second])).toEqual([]);
  expect(held(await openKeyRing(folder))).toEqual([2, ['key-1', 'key-2']]);
  // One that was off through two rotations gets there by both statements.
  const late = await openKeyRing(await temporaryFolder());
  await late.take([first]);
  expect(await late.take([first, second, third])).toEqual([]);
  expect(held(late)).toEqual([3, ['key-2', 'key-3']]);
});

it.each<[string, KeyStatement, RegExp]>([
  ['by a key of nobody', stateKeys(stranger, stranger, { sequence: 3 }), /may not replace/],
  ['by a stranger under the name of the key', { ...stateKeys(stranger, three, { sequence: 3 }), keyId: 'key-2' }, /does not verify/],
  ['by a key that was replaced, though it is still good', stateKeys(one, three, { sequence: 3 }), /may not replace/],
  ['for a key that did not sign it', { ...third, selfSignature: third.signature }, /has not signed/],
  ['with another text', { ...third, text: third.text.replace('5000', '9999') }, /has not signed/],
  ['of another region', stateKeys(two, three, { sequence: 3, region: 'test-2' }), /region test-2/],
  ['with two keys that sign', stateKeys(two, three, { sequence: 3, keys: [two.listed, three.listed] }), /no list/],
  ['with no key that signs', stateKeys(two, three, { sequence: 3, keys: [{ ...three.listed, notAfterMs: 9 }] }), /no list/],
  ['with one name for two keys', stateKeys(two, three, { sequence: 3, keys: [{ ...two.listed, keyId: 'key-3', notAfterMs: 9 }, three.listed] }), /no list/],
  ['that is no list', { ...third, text: '{}' }, /no list/],
  ['that is no JSON', { ...third, text: 'x' }, /no list/],
])('does not believe a list %s', async (_, statement, reason) => {
  const folder = await temporaryFolder();
  const ring = await openKeyRing(folder);
  await ring.take([first, second]);
  const [why] = await ring.take([statement]);
  expect(why).toMatch(reason);
  expect(held(ring)).toEqual([2, ['key-1', 'key-2']]);
  expect(held(await openKeyRing(folder))).toEqual([2, ['key-1', 'key-2']]);
}); // prettier-ignore

it.each<[string, KeyStatement]>([
  ['the list before', first],
  ['another list of the same sequence', stateKeys(one, stranger, { sequence: 2 })],
  ['an older list that the newest key signs', stateKeys(two, stranger, { sequence: 1 })],
])('never goes back to %s', async (_, statement) => {
  const ring = await openKeyRing(await temporaryFolder());
  await ring.take([first, second]);
  await ring.take([statement]);
  expect(held(ring)).toEqual([2, ['key-1', 'key-2']]);
});

it('keeps what follows up to the first statement that it does not believe', async () => {
  const folder = await temporaryFolder();
  const ring = await openKeyRing(folder);
  expect(await ring.take([first, second, stateKeys(stranger, stranger, { sequence: 4 })])).toHaveLength(1);
  expect(held(await openKeyRing(folder))).toEqual([2, ['key-1', 'key-2']]);
});

it('drops a key when its time is over, for good', async () => {
  const folder = await temporaryFolder();
  const ring = await openKeyRing(folder);
  await ring.take([first, second]);
  await ring.expire(untilMs);
  expect(held(ring)).toEqual([2, ['key-1', 'key-2']]);
  await ring.expire(untilMs + 1);
  expect(held(ring)).toEqual([2, ['key-2']]);
  // A clock that is set back, and the same list told again, bring nothing back.
  const reopened = await openKeyRing(folder);
  await reopened.expire(0);
  await reopened.take([first, second]);
  expect(held(reopened)).toEqual([2, ['key-2']]);
});

it('trusts nobody, and nobody new, where its file is damaged', async () => {
  const folder = await temporaryFolder();
  await (await openKeyRing(folder)).take([first]);
  const path = join(folder, 'command-keys.json');
  await writeFile(path, (await readFile(path, 'utf8')).slice(0, -5));
  const ring = await openKeyRing(folder);
  expect(ring.damage()).toContain('is damaged');
  expect(await ring.take([stateKeys(stranger, stranger)])).toEqual([ring.damage()]);
  expect(held(ring)).toEqual([0, []]);
});
