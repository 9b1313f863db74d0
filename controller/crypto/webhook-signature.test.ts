import { createHmac, timingSafeEqual } from 'node:crypto';
import { expect, it } from 'vitest';

import { signedHeaders } from './webhook-signature.ts';

const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const older = `whsec_${Buffer.alloc(32, 2).toString('base64')}`;
const signed = { id: 'msg_1', timestampS: 1_800_000_000, body: '{"type":"asset"}' };

/** As a receiver does it. */
function verifies(headers: Record<string, string>, body: string, key: string): boolean {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', Buffer.from(key.slice('whsec_'.length), 'base64'))
    .update(content)
    .digest();
  return (headers['webhook-signature'] ?? '')
    .split(' ')
    .filter((each) => each.startsWith('v1,'))
    .map((each) => Buffer.from(each.slice(3), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}

it('agrees with the example of the specification', () => {
  const headers = signedHeaders(
    { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestampS: 1614265330, body: '{"test": 2432232314}' },
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  );
  expect(headers['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

it('is taken by a receiver with either secret while one is rotated, and by nobody else', () => {
  const headers = signedHeaders(signed, [secret, older]);
  expect(verifies(headers, signed.body, secret)).toBe(true);
  expect(verifies(headers, signed.body, older)).toBe(true);
  expect(verifies(headers, signed.body, `whsec_${Buffer.alloc(32, 3).toString('base64')}`)).toBe(false);
});

it.each([
  ['body', {}, '{"type":"alert"}'],
  ['id', { 'webhook-id': 'msg_2' }, signed.body],
  ['time', { 'webhook-timestamp': '1800000001' }, signed.body],
])('covers the %s', (_, altered, body) => {
  expect(verifies({ ...signedHeaders(signed, [secret]), ...altered }, body, secret)).toBe(false);
});
