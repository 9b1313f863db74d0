// Who a TLS client is: the asset that its certificate names, and whether this region still stands by that certificate. Asked
// for every connection and request; that TLS resumed a session which was good once means nothing (RFC 8446 §2.2).
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

import { PpecError } from '../../shared/errors.ts';
import { isId } from '../../shared/ids.ts';
import { standingOf } from '../store/agent-certificates.ts';
import type { AgentCertificateRow } from '../store/identity-tables.ts';
import type { Store } from '../store/unit-of-work.ts';

export type ClientIdentity = {
  readonly assetId: string;
  readonly certificate: AgentCertificateRow;
  /** It proves who this is, but opens no link any more. */
  readonly isExpired: boolean;
};

/** Throws `unauthenticated`, with the reason. */
export async function identify(request: IncomingMessage, store: Store): Promise<ClientIdentity> {
  const certificate = clientCertificate(request);
  if (certificate === undefined) throw refusal('this needs a certificate of this region');
  // What it names is believed only because it is written down that this serial was given to that asset.
  const standing = await standingOf(store.db, certificate.serialNumber.toLowerCase(), store.nowMs());
  if (standing.state === 'unknown' || standing.state === 'revoked') throw refusal(standing.why);
  if (standing.row.asset_id !== namedAsset(certificate)) throw refusal('the certificate names another asset');
  return { assetId: standing.row.asset_id, certificate: standing.row, isExpired: standing.state === 'expired' };
}

function refusal(why: string): PpecError {
  return new PpecError('unauthenticated', why);
}

/** Signed by this region's CA; good but perhaps for its age, which the store knows as well. */
function clientCertificate({ socket }: IncomingMessage): X509Certificate | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  // Typed as an error, it is its code.
  const hasOnlyExpired = String(socket.authorizationError) === 'CERT_HAS_EXPIRED';
  return socket.authorized || hasOnlyExpired ? socket.getPeerX509Certificate() : undefined;
}

function namedAsset(certificate: X509Certificate): string | undefined {
  const name = /(?:^|\n)CN=(\S+)/.exec(certificate.subject)?.[1] ?? '';
  return isId('asset', name) ? name : undefined;
}
