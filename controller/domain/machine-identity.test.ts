import { expect, it } from 'vitest';

import type { AssetState } from '../../shared/lifecycle/asset.ts';
import { assetStates } from '../../shared/lifecycle/asset.ts';
import { hardwareProblem, judgeTpm, mayHoldIdentity, type ExpectedTpm, type TpmEvidence } from './machine-identity.ts';

const mac = '52:54:00:00:00:01';
const known = {
  serial: 'sn 1',
  serialKey: 'SN1',
  uuid: '6b1c2f5e-0d5d-4f5e-9a51-3f7f8a1b2c3d',
  macs: [mac, '52:54:00:00:00:02'],
};
const same = { serial: 'SN1', uuid: known.uuid, macs: [mac] };

it.each<[string, object, string | undefined]>([
  ['the machine itself', {}, undefined],
  ['its serial written otherwise', { serial: ' sn 1 ' }, undefined],
  ['a replaced port beside one that stayed', { macs: ['52:54:00:00:00:09', mac] }, undefined],
  ['a UUID in capitals', { uuid: known.uuid.toUpperCase() }, undefined],
  ['a firmware that lost its UUID', { uuid: '' }, undefined],
  ['another serial', { serial: 'SN2' }, 'its serial is SN2, not sn 1'],
  ['no serial', { serial: 'To Be Filled By O.E.M.' }, 'its serial is NO-SERIAL-525400000001, not sn 1'],
  ['another UUID', { uuid: '00000000-0d5d-4f5e-9a51-3f7f8a1b2c3d' }, 'its UUID is 00000000-0d5d-4f5e-9a51-3f7f8a1b2c3d, not 6b1c2f5e-0d5d-4f5e-9a51-3f7f8a1b2c3d'],
  ['other ports only', { macs: ['52:54:00:00:00:09'] }, 'it has none of the MAC addresses 52:54:00:00:00:01 52:54:00:00:00:02'],
  ['no port', { macs: [] }, 'it has none of the MAC addresses 52:54:00:00:00:01 52:54:00:00:00:02'],
])('takes or refuses %s', (_what, change, problem) => {
  expect(hardwareProblem(known, { ...same, ...change })).toBe(problem);
}); // prettier-ignore

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)];
const none: TpmEvidence = { kind: 'none' };
const unusable: TpmEvidence = { kind: 'unusable', reason: 'it is locked' };
const proved = (ekSha256: string, issuer: string | null = null): TpmEvidence => ({ kind: 'proved', ekSha256, issuer });

it.each<[string, Partial<ExpectedTpm>, TpmEvidence, string]>([
  ['no TPM, where none is known', {}, none, 'token'],
  ['one that cannot be used, where none is known', {}, unusable, 'token'],
  ['one at first sight', {}, proved(a), 'pinned-ek'],
  ['one that somebody vouches for', {}, proved(a, 'CN=Maker'), 'certified-ek'],
  ['the pinned one', { pinned: a }, proved(a), 'pinned-ek'],
  ['the ordered one', { ordered: a }, proved(a), 'ordered-ek'],
  ['the ordered one, with another pinned', { ordered: a, pinned: b }, proved(a, 'CN=Maker'), 'ordered-ek'],
  ['none, with one pinned', { pinned: a }, none, 'it has no TPM; the endorsement key aaaaaaaaaaaaaaaa… was pinned'],
  ['none, with one ordered', { ordered: a }, none, 'it has no TPM; the endorsement key aaaaaaaaaaaaaaaa… its order names'],
  ['one that cannot be used, with one pinned', { pinned: a }, unusable, 'its TPM cannot be used (it is locked); the endorsement key aaaaaaaaaaaaaaaa… was pinned'],
  ['another than was pinned, vouched for or not', { pinned: a }, proved(b, 'CN=Maker'), 'its TPM is another one: the endorsement key aaaaaaaaaaaaaaaa… was pinned, it has bbbbbbbbbbbbbbbb…'],
  ['the pinned one, with another ordered', { ordered: a, pinned: b }, proved(b), 'its TPM is another one: the endorsement key aaaaaaaaaaaaaaaa… is the one its order names, it has bbbbbbbbbbbbbbbb…'],
])('judges %s', (_what, ...[expected, found, outcome]) => {
  const verdict = judgeTpm({ ordered: undefined, pinned: undefined, ...expected }, found);
  expect(verdict.problem ?? verdict.trust).toBe(outcome);
}); // prettier-ignore

it('lets production identities stand in exactly the states in which production runs, and none after retirement', () => {
  const standing = (home: 'pious' | 'production'): AssetState[] => assetStates.filter((state) => mayHoldIdentity(state, home));
  expect(standing('production')).toEqual(['PROVISIONING', 'BAREMETAL', 'RELEASING']);
  expect(standing('pious')).toEqual(assetStates.filter((state) => state !== 'RETIRED'));
}); // prettier-ignore
