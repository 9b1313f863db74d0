import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';

import { isSecretName, withoutSecrets } from './secrets.ts';

const random = 'h0dPq3v8QyBzW5nK1rTgX7cLm2JfAeUoIsYbDkNw4Z6';

it.each([
  ['a random secret', `There is no asset '${random}'.`, `There is no asset '(left out: a secret)'.`],
  ['one with a prefix', `crd ppec_sk_${random} given`, 'crd (left out: a secret) given'],
  [
    'an id with its secret',
    `crd_01jdaqv1zfe4rs8pnxzqk3wh2d:${random}`,
    'crd_01jdaqv1zfe4rs8pnxzqk3wh2d:(left out: a secret)',
  ],
  ['a header', 'authorization: Basic Y3JkOnNlY3JldA==', 'authorization: (left out: a secret)'],
  ['a bearer token', 'Bearer abc.def-ghi_123', '(left out: a secret)'],
  ['a web token', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln given', '(left out: a secret) given'],
  ['a private key', '-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----\n!', '(left out: a secret)\n!'],
  ['a private key that was cut', 'x -----BEGIN EC PRIVATE KEY-----\nMC4CAQ', 'x (left out: a secret)'],
  ['an address with a password', 'https://mia:hunter2@hooks.example/x', 'https://(left out: a secret)@hooks.example/x'],
])('leaves out %s', (_what, text, clean) => {
  expect(withoutSecrets(text)).toBe(clean);
});

it.each([
  `asset 'srv-a' of ast_01jdaqv1zfe4rs8pnxzqk3wh2d`,
  `SHA-256 ${'9f86d081884c7d659a2feaa0c55ad015'.repeat(2)}`,
  'GET https://192.0.2.1:7480/boot/images/x',
  'a-very-long-name-of-a-machine-in-a-rack-of-it-42-a-very-long-name',
  'sha512-0123456789012345678901234567890123456789012',
  'basic checks passed, basic configuration read',
])('leaves alone: %s', (text) => {
  expect(withoutSecrets(text)).toBe(text);
});

it('leaves out every secret as this region makes them', () => {
  for (let i = 0; i < 500; i += 1) {
    const secret = randomBytes(32).toString('base64url');
    expect(withoutSecrets(`x ${secret}, y`)).not.toContain(secret);
  }
});

it('knows the names of secrets, and those that only sound like it', () => {
  expect(
    ['secret', 'secret_hash', 'password', 'newPassword', 'token', 'accessToken', 'privateKey'].map(isSecretName),
  ).not.toContain(false);
  expect(['name', 'payload_sha256', 'tokenId', 'inventory_hash', 'keyId'].map(isSecretName)).not.toContain(true);
});
