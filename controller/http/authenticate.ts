// Who calls: HTTP Basic with a credential's id and secret (RFC 7617). Everything needs it, except health, metrics and
// the documentation.
import { PpecError } from '../../shared/errors.ts';
import type { Caller } from '../ops/handler.ts';

export type Presented = {
  readonly id: string;
  readonly secret: string;
  readonly from: string;
  readonly requestId: string;
};
export type Authenticate = (presented: Presented) => Promise<Caller | undefined>;

/** The credential of an `authorization` header. Throws `unauthenticated` with what to do. */
export function presentedBy(header: string | undefined): { id: string; secret: string } {
  const encoded = /^Basic ([A-Za-z0-9+/=]{1,2000})$/i.exec(header ?? '')?.[1];
  const [id, secret] = splitOnce(Buffer.from(encoded ?? '', 'base64').toString());
  if (encoded === undefined || id === '' || secret === '') {
    throw new PpecError('unauthenticated', 'Send a credential: HTTP Basic with its id and secret (curl -u ID:SECRET).');
  }
  return { id, secret };
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf(':');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
