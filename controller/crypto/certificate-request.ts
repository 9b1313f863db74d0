// Certificate requests of agents (PKCS#10, RFC 2986): the key they hold and what the request is bound to. Nothing else in
// them is read; name and uses of a certificate are this region's to say.
import { createPublicKey } from 'node:crypto';
// Before x509, which needs it to be there.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

import { derAt } from '../../shared/hardware/evidence/der.ts';

export type ReadRequest = {
  /** SubjectPublicKeyInfo, PEM; EC P-256. */
  readonly publicKeyPem: string;
  /** The challengePassword (RFC 2985 §5.4.1). */
  readonly boundTo: string;
};

/** Undefined unless the request is whole, of a P-256 key, bound to something, and signed by that key. */
export async function readCertificateRequest(der: Uint8Array): Promise<ReadRequest | undefined> {
  // The library overlooks a length that says less, or more, than there is.
  if (derAt(der)?.whole.length !== der.length) return undefined;
  try {
    const request = new x509.Pkcs10CertificateRequest(new Uint8Array(der));
    const key = createPublicKey({ key: Buffer.from(request.publicKey.rawData), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    const passwords = request.attributes.filter((attribute) => attribute instanceof x509.ChallengePasswordAttribute);
    const [password, other] = passwords;
    if (password === undefined || other !== undefined || !(await request.verify())) return undefined;
    return { publicKeyPem: key.export({ type: 'spki', format: 'pem' }).toString(), boundTo: password.password };
  } catch {
    return undefined;
  }
}
