// Forging a webhook: a receiver that follows docs/operations.md takes what the region sent, once, and nothing else.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { signedHeaders } from '../../controller/crypto/webhook-signature.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const nowS = Math.floor(Date.now() / 1000);
const body = JSON.stringify({ id: 'msg_1', type: 'alert', timestamp: 1, data: { region: 'r', seq: 1, objectId: 'x', text: 'BREAK-GLASS' } }); // prettier-ignore
const signed = { id: 'msg_1', timestampS: nowS, body };

type Headers = Readonly<Record<string, string>>;

/** The receiver of the documentation, as it stands there. */
function isGenuine(headers: Headers, text: string, key = secret): unknown {
  const page = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const [, source] = /^(function isGenuine[\s\S]*?^\})$/m.exec(page) ?? [];
  if (source === undefined) throw new Error('docs/operations.md shows a receiver');
  const context = { createHmac, timingSafeEqual, Buffer, Date, Math, headers, text, key };
  return runInNewContext(`${source}; isGenuine(headers, text, key)`, context);
}

describe('a receiver', () => {
  const headers = signedHeaders(signed, [secret]);

  it('takes what was sent, and while a secret is rotated by either', () => {
    expect(isGenuine(headers, body)).toBe(true);
    const other = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const both = signedHeaders(signed, [other, secret]);
    expect([isGenuine(both, body), isGenuine(both, body, other)]).toEqual([true, true]);
  });

  it.each<[string, Headers, string]>([
    ['another body', headers, body.replace('alert', 'asset')],
    ['another id', { ...headers, 'webhook-id': 'msg_2' }, body],
    ['another time', { ...headers, 'webhook-timestamp': String(nowS + 1) }, body],
    ['no signature', { ...headers, 'webhook-signature': '' }, body],
    ['a signature of another length', { ...headers, 'webhook-signature': 'v1,AAAA' }, body],
    ['a signature by another secret', signedHeaders(signed, [`whsec_${Buffer.alloc(32, 8).toString('base64')}`]), body],
    ['what was sent an hour ago', signedHeaders({ ...signed, timestampS: nowS - 3600 }, [secret]), body],
    ['what is moved between id and time', { ...headers, 'webhook-id': `msg_1.${nowS}`, 'webhook-timestamp': '' }, body],
  ])('does not take %s', (_, forged, text) => {
    expect(isGenuine(forged, text)).toBe(false);
  });
});
