// Ed25519 signatures of image manifests.
import { createPublicKey, verify } from 'node:crypto';

/** Whether `signature` (base64) is by `publicKey` (SubjectPublicKeyInfo PEM) over exactly this text. */
export function isSignedBy(publicKey: string, text: string, signature: string): boolean {
  try {
    return verify(null, Buffer.from(text), createPublicKey(publicKey), Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
