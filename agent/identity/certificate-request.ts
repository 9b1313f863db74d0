// A certificate request (PKCS#10, RFC 2986) by a few lines of DER (X.690): what it says is a key of this host and what the
// request is bound to. The name and the uses of the certificate are the controller's to say.
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export type CertificateRequest = { readonly privateKeyPem: string; readonly der: Buffer };

const oid = {
  challengePassword: Buffer.from('06092a864886f70d010907', 'hex'),
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
};
const tag = { bitString: 0x03, utf8: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 };
const version0 = Buffer.from([0x02, 0x01, 0x00]);

/** Of a new key. */
export function newCertificateRequest(boundTo: string): CertificateRequest {
  return certificateRequest(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, boundTo);
}

/** Of this key (EC P-256), with `boundTo` as its challengePassword (RFC 2985 §5.4.1). */
export function certificateRequest(privateKey: KeyObject, boundTo: string): CertificateRequest {
  const password = der(tag.sequence, oid.challengePassword, der(tag.set, der(tag.utf8, Buffer.from(boundTo))));
  const info = der(
    tag.sequence,
    version0,
    // No name.
    der(tag.sequence),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    der(tag.attributes, password),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', info, privateKey)]);
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    der: der(tag.sequence, info, der(tag.sequence, oid.ecdsaWithSha256), der(tag.bitString, signature)),
  };
}

function der(identifier: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([identifier, ...size]), content]);
}
