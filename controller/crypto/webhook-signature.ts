// Signatures of webhooks by the scheme of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, named `v1`, one
// signature per secret in force, so that a receiver takes either while a secret is rotated.
import { createHmac } from 'node:crypto';

const prefix = 'whsec_';

export type Signed = { readonly id: string; readonly timestampS: number; readonly body: string };

/** The headers of one attempt. `secrets`: `whsec_` and base64, the newest first. */
export function signedHeaders(signed: Signed, secrets: readonly string[]): Record<string, string> {
  return {
    'webhook-id': signed.id,
    'webhook-timestamp': String(signed.timestampS),
    'webhook-signature': secrets.map((secret) => `v1,${signatureOf(signed, secret)}`).join(' '),
  };
}

function signatureOf({ id, timestampS, body }: Signed, secret: string): string {
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  return createHmac('sha256', key).update(`${id}.${timestampS}.${body}`).digest('base64');
}
